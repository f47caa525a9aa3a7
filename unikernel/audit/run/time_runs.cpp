// Causes exits that differ in time: answered at once, by emulation, by user space, after waiting.
#include "audit/run/runs.hpp"

#include "audit/rules/time.hpp"
#include "machine/apic.hpp"
#include "machine/cpuid.hpp"
#include "machine/features.hpp"
#include "machine/interrupts.hpp"
#include "machine/io.hpp"
#include "machine/mmio.hpp"
#include "machine/tsc.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <algorithm>
#include <array>
#include <bit>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Leaves;
using ledger::Numbering;

// Long enough that the wait is most of the time, on an emulated host too.
constexpr std::uint32_t wait_ticks = 4'000'000;

void fire_cpuid() { machine::cpuid(0); }

// The I/O APIC's index register; where there is none, user space answers.
void fire_mmio() { machine::read_memory(machine::Place::io_apic); }

void fire_pio() { machine::Io::out<std::uint8_t>(machine::Port::unused, 0); }

void fire_hlt() {
    machine::local_apic.start_one_shot_timer(wait_ticks);
    machine::halt_until_interrupt();
    machine::local_apic.start_one_shot_timer(0);
}

constexpr ExitNumber hlt_exit(Numbering numbering) {
    return ledger::exit_of(numbering, EXIT_REASON_HLT, SVM_EXIT_HLT);
}

constexpr ExitNumber io_exit(Numbering numbering) {
    return ledger::exit_of(numbering, EXIT_REASON_IO_INSTRUCTION, SVM_EXIT_IOIO);
}

bool reports_cycles(const Leaves& leaves) {
    return leaves.has(Leaf::cycles) || leaves.has(Leaf::exit_cycles);
}

constexpr std::string_view no_cycles = "this host reports no cycles";
constexpr std::string_view no_hlt_exits = "this VM's HLT does not exit";

// The total, or on a host without it the sum of the rows fired here.
std::uint64_t all_cycles(Leaves& leaves) {
    if (leaves.has(Leaf::cycles)) return leaves.cycles();
    constexpr ExitNumber vmx[] = {EXIT_REASON_CPUID, EXIT_REASON_IO_INSTRUCTION, EXIT_REASON_EPT_MISCONFIG,
                                  EXIT_REASON_HLT};
    constexpr ExitNumber svm[] = {SVM_EXIT_CPUID, SVM_EXIT_IOIO, SVM_EXIT_NPF, SVM_EXIT_HLT};
    std::uint64_t sum = 0;
    for (const auto exit : leaves.numbering() == Numbering::vmx ? vmx : svm) sum += leaves.cycles(exit);
    return sum;
}

// The guest's measurement includes the readings: the first one's exit ends after it has reported the total,
// so the growth includes it.
template <typename Fire> Stretch stretch(Leaves& leaves, std::uint64_t firings, Fire fire) {
    const bool rdtscp = machine::has(machine::feature::rdtscp);
    Stretch seen{firings, 0, {}};
    const auto start = machine::open_measurement();
    seen.total.before = all_cycles(leaves);
    for (std::uint64_t i = 0; i < firings; i++) fire();
    seen.total.after = all_cycles(leaves);
    seen.guest = machine::close_measurement(rdtscp) - start;
    return seen;
}

// The quickest of a few stretches: the least disturbed by interrupts of the host.
Stretch quickest(Leaves& leaves, void (*fire)()) {
    constexpr unsigned stretches = 10, firings = 20;
    auto best = stretch(leaves, firings, fire);
    for (unsigned i = 1; i < stretches; i++)
        if (const auto next = stretch(leaves, firings, fire); next.guest < best.guest) best = next;
    return best;
}

struct SeenHalt {
    std::uint32_t exits;
    Halt halt;
};

SeenHalt halt_once(const Bench& bench) {
    auto& leaves = bench.leaves;
    const auto exit = hlt_exit(leaves.numbering());
    const bool reports_inside = bench.profile.revision != 0;
    SeenHalt seen{};
    if (reports_inside) seen.halt.inside.emplace();
    const auto count = leaves.count(exit);
    seen.halt.row.before = leaves.cycles(exit);
    if (reports_inside) seen.halt.inside->before = leaves.cycles_inside(exit);
    seen.halt.stretch = stretch(leaves, 1, fire_hlt);
    if (reports_inside) seen.halt.inside->after = leaves.cycles_inside(exit);
    seen.halt.row.after = leaves.cycles(exit);
    // Where exits are not counted by kind, only the time of a wait shows that HLT exits.
    const auto& total = seen.halt.stretch.total;
    seen.exits = leaves.has(Leaf::exit_count) ? leaves.count(exit) - count
                                              : total.growth() >= seen.halt.stretch.guest / 2;
    return seen;
}

SeenHalt quickest_halt(const Bench& bench) {
    constexpr unsigned halts = 3;
    auto best = halt_once(bench);
    for (unsigned i = 1; i < halts; i++)
        if (const auto next = halt_once(bench); next.halt.stretch.guest < best.halt.stretch.guest)
            best = next;
    return best;
}

Definitions measure_definitions(const Bench& bench) {
    auto& leaves = bench.leaves;
    Definitions seen{
        quickest(leaves, fire_cpuid), quickest(leaves, fire_mmio), quickest(leaves, fire_pio), {}};
    if (const auto halt = quickest_halt(bench); halt.exits != 0) seen.hlt = halt.halt.stretch;
    seen.slow_query = bench.profile.cost.is_expensive();
    return seen;
}

// One exit alone: its row grows by its time. One that is not counted need not be timed; counting is judged
// elsewhere.
void judge_one(const Bench& bench, ExitNumber exit, void (*fire)(), Result& result) {
    auto& leaves = bench.leaves;
    constexpr unsigned tries = 3;
    for (unsigned i = 0; i < tries; i++) {
        const auto count = leaves.count(exit);
        const auto before = leaves.cycles(exit);
        fire();
        const auto row = leaves.cycles(exit);
        if (leaves.count(exit) != count)
            return judge_single(exit, {row - before, row, leaves.extremes(exit)}, result);
    }
}

// One exit alone: it is one more in the bucket of its time, which is the row's growth.
void judge_delay(const Bench& bench, ExitNumber exit, void (*fire)(), Result& result) {
    auto& leaves = bench.leaves;
    constexpr unsigned tries = 10;
    for (unsigned i = 0; i < tries; i++) {
        std::array<std::uint64_t, KVM_EXIT_LEDGER_BUCKETS> before;
        for (unsigned k = 0; k < before.size(); k++) before[k] = leaves.bucket(exit, k);
        const auto count = leaves.count(exit);
        const auto cycles = leaves.cycles(exit);
        fire();
        const auto took = leaves.cycles(exit) - cycles;
        if (leaves.count(exit) - count != 1) continue;
        const auto bucket = static_cast<unsigned>(std::bit_width(took | 1)) - 1;
        if (leaves.bucket(exit, bucket) == before[bucket] + 1) return;
        return result.fail("exit {:x} took {} cycles, and bucket {} has not one more", exit, took, bucket);
    }
}

}

// Two measurements in a row must agree on the definition: a disturbance is unlikely to affect both alike.
void run_definition(const Bench& bench, Result& result) {
    if (!reports_cycles(bench.leaves)) return result.skip(no_cycles);
    constexpr unsigned measurements = 6;
    auto seen = measure_definitions(bench);
    for (unsigned i = 1; i < measurements; i++) {
        const auto before = name_definition(seen);
        seen = measure_definitions(bench);
        if (before && name_definition(seen) == before) return judge_definition(seen, result);
    }
    // Impossible figures fail in any case. Only the definition is in doubt.
    judge_definition(seen, result);
    if (result.outcome == Outcome::ok) result.skip(undecided);
}

// Interrupts of the host lengthen the time inside KVM. One undisturbed HLT is enough to pass; a wrong host
// never has one.
void run_hlt(const Bench& bench, Result& result) {
    constexpr unsigned halts = 10;
    const auto untouched = result;
    for (unsigned i = 0; i < halts; i++) {
        const auto seen = halt_once(bench);
        if (seen.exits == 0) return result.skip(no_hlt_exits);
        result = untouched;
        judge_halt(seen.halt, result);
        if (result.outcome == Outcome::ok) return;
    }
}

void run_extremes(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    if (!bench.profile.revision) return result.skip("this host reports no extremes");
    constexpr unsigned exits = 50;
    for (unsigned i = 0; i < exits; i++) judge_one(bench, io_exit(leaves.numbering()), fire_pio, result);
    const auto hlt = hlt_exit(leaves.numbering());
    const auto count = leaves.count(hlt);
    fire_hlt();
    const bool halts = leaves.count(hlt) != count;
    if (halts) judge_one(bench, hlt, fire_hlt, result);
    if (result.outcome == Outcome::ok)
        result.message.format("{} single exits{} lie between shortest and longest", exits,
                              halts ? " and a HLT" : "");
}

void run_histogram(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    if (!bench.profile.histograms) return result.skip("this host keeps no histograms");
    unsigned rows = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++)
        if (leaves.defines(exit) && leaves.count(exit) != 0) rows += judge_buckets(bench, exit, result);
    if (result.outcome != Outcome::ok) return;
    judge_delay(bench, io_exit(leaves.numbering()), fire_pio, result);
    judge_delay(bench, hlt_exit(leaves.numbering()), fire_hlt, result);
    if (result.outcome == Outcome::ok) result.message.format("the buckets of {} rows add up", rows);
}

void run_window(const Bench& bench, Result& result) {
    if (!reports_cycles(bench.leaves)) return result.skip(no_cycles);
    if (bench.profile.words_swapped) {
        result.fail("cycles make sense only with the low word in EBX and the high word in ECX");
        result.show(Symptom::halves_swapped);
        result.diagnose(
            "high and low words of the cycles are exchanged: EBX is the high one, ECX the low one");
        return;
    }
    constexpr unsigned rounds = 50;
    const auto seen = stretch(bench.leaves, rounds, [] {
        fire_cpuid();
        fire_mmio();
        fire_pio();
    });
    const auto waiting = stretch(bench.leaves, 1, fire_hlt);
    if (judge_stretch(seen, result) && judge_stretch(waiting, result))
        result.message.format("mixed exits took {} of {} cycles that passed, a HLT {} of {}",
                              seen.total.growth(), seen.guest, waiting.total.growth(), waiting.guest);
}

}
