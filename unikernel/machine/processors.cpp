// Application processors: started by the trampoline, then waiting for work.
#include "machine/processors.hpp"

#include "machine/address.hpp"
#include "machine/apic.hpp"
#include "machine/cpuid.hpp"
#include "machine/interrupts.hpp"
#include "machine/msr.hpp"
#include "machine/timeout.hpp"
#include "machine/tsc.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

extern "C" const char trampoline[], trampoline_end[];
extern "C" [[noreturn]] void processor_main(std::uint32_t index);

namespace machine {
namespace {

// A STARTUP's vector is the number of the page where the processor begins in real mode
// (SDM vol. 3, Typical BSP Initialization Sequence). The previous content of the page is restored.
constexpr std::uint8_t trampoline_page = 8;

// For a processor to start: a second or more of an idle host's time.
constexpr Timeout short_timeout{std::uint64_t{1} << 32, 100'000'000};

constinit std::array<Cpu, max_processors> cpus{};
constinit std::atomic<unsigned> wanted_processors = 1, running = 1, parked = 0;
constinit ApicMode apic_mode = ApicMode::xapic;

// `work` and `context` are written before `round`, by which the others know of them.
struct Job {
    void (*work)(void* context);
    void* context;
    bool rest; // halt when it is done
    std::atomic<unsigned> round, done;
};
constinit Job job{};

// Waits until `arrived()` is true; each arrival restarts the timeout.
template <typename Arrived> void wait_for_processors(Arrived arrived) {
    unsigned seen = 0;
    for (auto timeout = short_timeout; !arrived() && !timeout.expired();)
        if (const unsigned now = running + parked; now != seen) {
            seen = now;
            timeout.restart();
        }
}

// Waits with interrupts enabled, although none is expected: Bochs's VT-x blocks the host's interrupts while a
// guest loops with its own disabled, and the host then cannot schedule the other vCPU.
template <typename Condition> void wait_until(Condition condition) {
    enable_interrupts();
    while (!condition()) {
    }
    disable_interrupts();
}

std::uint32_t steps_of_all() {
    std::uint32_t steps = 0;
    for (unsigned i = 0; i < running; i++) steps += cpus[i].steps;
    return steps;
}

const Cpu& slowest() {
    const auto behind = [](const Cpu& cpu) { return cpu.index != 0 && cpu.rounds != job.round; };
    return *std::find_if(cpus.begin(), cpus.begin() + running - 1, behind);
}

// Waits until all others have finished, as long as they make progress.
void wait_for_others() {
    auto timeout = long_timeout;
    std::uint32_t seen = 0;
    wait_until([&] {
        if (job.done.load(std::memory_order_acquire) == running - 1) return true;
        if (const auto now = steps_of_all(); now != seen) {
            seen = now;
            timeout.restart();
        }
        if (timeout.expired()) give_up("the part", slowest());
        return false;
    });
}

void run_job(void (*work)(void* context), void* context, bool rest) {
    const bool resting = job.rest;
    job.work = work;
    job.context = context;
    job.rest = rest;
    job.done.store(0, std::memory_order_relaxed);
    job.round.fetch_add(1, std::memory_order_release);
    if (resting) local_apic.send_to_others(Delivery::fixed, static_cast<std::uint8_t>(Vector::wake));
    work(context);
    wait_for_others();
}

// Takes exactly one wake, so that none arrives during a measurement.
void rest_until_woken() {
    auto& cpu = this_cpu();
    while (!cpu.woken) halt_until_interrupt();
    cpu.woken = false;
}

// SDM vol. 2, CPUID leaf 1, EBX: logical processors of this package; 1 if not reported. QEMU puts
// all into one package unless its -smp says otherwise.
unsigned reported_processors() {
    constexpr std::uint32_t htt = 1u << 28;
    const auto leaf = cpuid(1);
    return leaf.edx & htt ? leaf.ebx >> 16 & 0xff : 1;
}

[[noreturn]] void park() {
    parked++;
    for (;;) asm volatile("cli; hlt");
}

}

void set_up_this_cpu(unsigned index) {
    cpus[index].self = &cpus[index];
    cpus[index].index = index;
    write_msr(Msr::ia32_gs_base, address_of(&cpus[index]));
}

unsigned start_processors(unsigned wanted) {
    if (wanted == 1) return 1;
    wanted_processors = wanted;
    apic_mode = this_cpu().apic_mode;

    auto* const page = reinterpret_cast<char*>(std::uintptr_t{trampoline_page} << 12);
    const auto size = static_cast<std::size_t>(trampoline_end - trampoline);
    static std::array<char, 256> kept;
    std::memcpy(kept.data(), page, size);
    std::memcpy(page, trampoline, size);

    // The delays that hardware needs between these (SDM vol. 3, Typical BSP Initialization Sequence) mean
    // nothing to a virtual processor, which takes INIT before STARTUP and ignores the second STARTUP.
    const auto start = rdtsc();
    local_apic.send_to_others(Delivery::init, 0);
    local_apic.send_to_others(Delivery::startup, trampoline_page);
    local_apic.send_to_others(Delivery::startup, trampoline_page);
    enable_interrupts(); // as wait_until() does
    wait_for_processors([&] { return running >= wanted; });

    // Waits for surplus processors too, so that none arrives during a measurement, or after the trampoline is
    // gone.
    constexpr std::uint64_t times_as_long = 16;
    const auto took = rdtsc() - start;
    const auto now = rdtsc();
    const auto present = reported_processors();
    const auto timeout = present > 1 ? times_as_long * took : took;
    while (rdtsc() - now < timeout && (present == 1 || running + parked < present)) {
    }
    disable_interrupts();
    std::memcpy(page, kept.data(), size);
    return running;
}

unsigned running_processors() { return running; }

Cpu& next_processor() { return cpus[(this_cpu().index + 1) % running]; }

void run_on_all(void (*work)(void* context), void* context) { run_job(work, context, false); }

void rest_others() {
    if (running > 1 && !job.rest) run_job([](void*) {}, nullptr, true);
}

}

void processor_main(std::uint32_t index) {
    using namespace machine;

    set_up_this_cpu(index);
    load_interrupts();
    if (index >= wanted_processors) park();
    local_apic.set_up(apic_mode);
    running++;
    for (unsigned round = 0;; round++) {
        wait_until([&] { return job.round.load(std::memory_order_acquire) != round; });
        job.work(job.context);
        const bool rest = job.rest; // another job may follow once `done` is incremented
        this_cpu().rounds = round + 1;
        job.done.fetch_add(1, std::memory_order_release);
        if (rest) rest_until_woken();
    }
}
