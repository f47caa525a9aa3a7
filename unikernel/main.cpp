// The whole run on one screen: boot, plan, profile, audits, diagnosis, report, power off.
#include "audit/exceptions.hpp"
#include "audit/run/costs.hpp"
#include "audit/run/run.hpp"
#include "boot/loader.hpp"
#include "console/debug_port.hpp"
#include "console/serial.hpp"
#include "console/virtio.hpp"
#include "ledger/profile.hpp"
#include "machine/apic.hpp"
#include "machine/interrupts.hpp"
#include "machine/timeout.hpp"
#include "machine/power.hpp"
#include "machine/processors.hpp"
#include "machine/tsc.hpp"
#include "plan/plan.hpp"
#include "report/report.hpp"

#include <atomic>
#include <optional>

extern "C" [[noreturn]] void main(std::uint32_t magic, std::uint32_t loader_info);

namespace {

using console::serial;
using report::Ending;

// The serial port, until the plan chooses another console.
class Log final : public console::Sink {
public:
    void write(std::string_view text) override { console_->write(text); }
    void go_to(console::Sink& console) { console_ = &console; }
private:
    console::Sink* console_ = &serial;
};

constinit boot::LoaderInfo loader{};
constinit Log log;
constinit report::Report output(log);
constinit plan::Plan words;
// Not in the image: optional, because it is not all zeros.
constinit std::optional<diagnosis::Diagnosis> found;

[[noreturn]] void end(Ending ending, std::string_view message) {
    output.end(ending, message);
    machine::end_run(static_cast<std::uint8_t>(ending), loader.rsdp);
}

// The console that the plan wants; false if the machine has none of the kind.
bool set_up_console() {
    switch (words.console()) {
    case plan::Console::serial: return true;
    case plan::Console::debug: log.go_to(console::debug_port); return true;
    case plan::Console::virtio: break;
    }
    if (!console::virtio.set_up()) return false;
    log.go_to(console::virtio);
    return true;
}

// The processors that the plan wants, each with its local APIC in the mode that it wants.
void set_up_processors() {
    if (words.apic() == machine::ApicMode::x2apic && !machine::LocalApic::has_x2apic())
        end(Ending::usage, "apic=x2apic, but this vCPU offers no x2APIC: CPUID leaf 1, ECX bit 21");
    machine::local_apic.set_up(words.apic());
    const auto started = machine::start_processors(words.vcpus());
    if (started < words.vcpus())
        end(Ending::usage, console::Text<80>("vcpus={}, but only {} processor{} started: give QEMU -smp {}",
                                             words.vcpus(), started, started == 1 ? "" : "s", words.vcpus())
                               .view());
}

// Several vCPUs may die at once, of the same cause: only the first reports it.
void claim_report() {
    static constinit std::atomic_flag claimed;
    while (claimed.test_and_set()) asm volatile("cli; hlt");
}

[[noreturn]] void give_up(std::string_view awaited, const machine::Cpu& whose) {
    audit::abandon_firing(console::Text<160>("timed out waiting for {}", awaited).view());
    claim_report();
    const console::Text<200> message("{}: vCPU {} timed out waiting for {} of vCPU {}", audit::running(),
                                     machine::this_cpu().index, awaited, whose.index);
    log.write("\n");
    end(Ending::died, message.view());
}

[[noreturn]] void die(const machine::InterruptFrame& f) {
    const auto exception = audit::exception_name(static_cast<unsigned>(f.vector));
    audit::abandon_firing(console::Text<80>("it raises {} here, which nothing expects", exception).view());
    claim_report();
    std::uint64_t cr2;
    asm volatile("mov %%cr2, %0" : "=r"(cr2));
    const console::Text<80> message("unexpected {}, vector {}, at {:x} on vCPU {}", exception, f.vector,
                                    f.rip, machine::this_cpu().index);
    log.format("\n# error {:x} rflags {:x} cs {:x} ss {:x} cr2 {:x}\n", f.error_code, f.rflags, f.cs, f.ss,
               cr2);
    log.format("# rax {:x} rbx {:x} rcx {:x} rdx {:x}\n", f.rax, f.rbx, f.rcx, f.rdx);
    log.format("# rsi {:x} rdi {:x} rbp {:x} rsp {:x}\n", f.rsi, f.rdi, f.rbp, f.rsp);
    log.format("# r8 {:x} r9 {:x} r10 {:x} r11 {:x}\n", f.r8, f.r9, f.r10, f.r11);
    log.format("# r12 {:x} r13 {:x} r14 {:x} r15 {:x}\n", f.r12, f.r13, f.r14, f.r15);
    end(Ending::died, message.view());
}

[[noreturn]] void measure_costs(ledger::Numbering numbering) {
    static audit::Costs costs(words, numbering);
    output.platform();
    const auto results =
        costs.measure([](std::size_t number, const audit::Result& result) { output.result(number, result); });
    output.costs(results);
    if (std::ranges::all_of(results, [](const auto& r) { return r.outcome == audit::Outcome::skip; }))
        end(Ending::skipped, "nothing that the plan names can be fired here");
    end(Ending::pass, "");
}

}

void main(std::uint32_t magic, std::uint32_t loader_info) {
    serial.set_up();
    machine::set_up_this_cpu(0);
    machine::set_up_interrupts(die);
    machine::set_up_waiting(give_up);
    loader = boot::read_loader_info(magic, loader_info);
    const auto error = plan::Plan::parse(loader.command_line, words);
    if (forgets_interrupt_shadow(words.circumstances().emulator, words.circumstances().version))
        machine::expect_forgotten_shadow();
    const bool has_console = set_up_console();
    output.begin(loader, words);
    if (error) end(Ending::usage, error->view());
    if (!has_console)
        end(Ending::usage, "console=virtio, but there is no console device of virtio 1 at a microvm's "
                           "virtio-mmio transports");

    static constinit ledger::Profile profile;
    profile = ledger::profile(machine::cpuid, machine::vendor().view(), machine::open_measurement,
                              words.overrides());
    if (profile.patched || words.costs()) set_up_processors();
    output.announce(loader, words, profile);
    if (words.costs()) measure_costs(profile.numbering);
    if (!profile.patched) end(Ending::not_patched, profile.reason);

    if (const auto* last = words.one_shot()) {
        output.one_shot(*last);
        last->fire();
        end(Ending::died, "the guest outlived what should have ended it");
    }

    static audit::Run run(words, profile, [](std::uint32_t leaf, std::uint32_t subleaf) {
        machine::note_step();
        return machine::cpuid(leaf, subleaf);
    });
    const auto left_out = run.left_out();
    if (!left_out.empty()) output.warn(left_out.view());
    const auto results =
        run.audit([](std::size_t number, const audit::Result& result) { output.result(number, result); });
    output.table(results);
    output.rows(run.rows());

    found.emplace().find({results, profile, words.vcpus(), left_out.view()});
    output.findings(*found, results);
    if (std::ranges::all_of(results, [](const auto& r) { return r.outcome == audit::Outcome::skip; }))
        end(Ending::skipped, "nothing that the plan names could be audited here");
    if (std::ranges::all_of(results, [](const auto& r) { return r.outcome != audit::Outcome::not_ok; }))
        end(Ending::pass, "");
    end(Ending::fail, found->findings().empty() ? "" : found->findings().front().text.view());
}
