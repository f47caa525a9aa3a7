// The whole run on one screen: boot, probe, plan, audits, report, power off.
#include "audit/exceptions.hpp"
#include "audit/findings.hpp"
#include "audit/plan.hpp"
#include "audit/runner.hpp"
#include "boot/loader.hpp"
#include "console/serial.hpp"
#include "console/virtio.hpp"
#include "ledger/probe.hpp"
#include "machine/apic.hpp"
#include "machine/interrupts.hpp"
#include "machine/timeout.hpp"
#include "machine/power.hpp"
#include "machine/processors.hpp"
#include "report/report.hpp"

#include <atomic>

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
constinit audit::Plan plan;
constinit audit::Findings findings;

[[noreturn]] void end(Ending ending, std::string_view message)
{
    output.end(ending, message);
    machine::end_run(static_cast<std::uint8_t>(ending), loader.rsdp);
}

// The console that the plan wants; false if the machine has none of the kind.
bool set_up_console()
{
    if (plan.console() == audit::Console::serial)
        return true;
    if (!console::virtio.set_up())
        return false;
    log.go_to(console::virtio);
    return true;
}

// The processors that the plan wants, each with its local APIC in the mode that it wants.
void set_up_processors()
{
    if (plan.apic() == machine::ApicMode::x2apic && !machine::LocalApic::has_x2apic())
        end(Ending::usage, "apic=x2apic, but this vCPU offers no x2APIC: CPUID leaf 1, ECX bit 21");
    machine::local_apic.set_up(plan.apic());
    const auto started = machine::start_processors(plan.vcpus());
    if (started < plan.vcpus())
        end(Ending::usage, console::Text<80>("vcpus={}, but only {} processor{} started: give QEMU -smp {}",
                                             plan.vcpus(), started, started == 1 ? "" : "s", plan.vcpus())
                               .view());
}

// Several may die at once, of the same cause; one tells.
void be_the_one_that_tells()
{
    static constinit std::atomic_flag told;
    while (told.test_and_set())
        asm volatile("cli; hlt");
}

[[noreturn]] void give_up(std::string_view awaited, const machine::Cpu& whose)
{
    be_the_one_that_tells();
    const console::Text<200> message("{}: vCPU {} waited in vain for {} of vCPU {}", audit::running(),
                                     machine::this_cpu().index, awaited, whose.index);
    log.write("\n");
    end(Ending::died, message.view());
}

[[noreturn]] void die(const machine::InterruptFrame& f)
{
    be_the_one_that_tells();
    std::uint64_t cr2;
    asm volatile("mov %%cr2, %0" : "=r"(cr2));
    const console::Text<80> message("unexpected {}, vector {}, at {:x} on vCPU {}",
                                    audit::exception_name(static_cast<unsigned>(f.vector)), f.vector, f.rip,
                                    machine::this_cpu().index);
    log.format("\n# error {:x} rflags {:x} cs {:x} ss {:x} cr2 {:x}\n", f.error_code, f.rflags, f.cs, f.ss,
               cr2);
    log.format("# rax {:x} rbx {:x} rcx {:x} rdx {:x}\n", f.rax, f.rbx, f.rcx, f.rdx);
    log.format("# rsi {:x} rdi {:x} rbp {:x} rsp {:x}\n", f.rsi, f.rdi, f.rbp, f.rsp);
    log.format("# r8 {:x} r9 {:x} r10 {:x} r11 {:x}\n", f.r8, f.r9, f.r10, f.r11);
    log.format("# r12 {:x} r13 {:x} r14 {:x} r15 {:x}\n", f.r12, f.r13, f.r14, f.r15);
    end(Ending::died, message.view());
}

}

void main(std::uint32_t magic, std::uint32_t loader_info)
{
    serial.set_up();
    machine::set_up_this_cpu(0);
    machine::set_up_interrupts(die);
    machine::set_up_waiting(give_up);
    loader = boot::read_loader_info(magic, loader_info);
    const auto error = audit::Plan::parse(loader.command_line, plan);
    if (forgets_interrupt_shadow(plan.circumstances().emulator, plan.circumstances().version))
        machine::expect_forgotten_shadow();
    const bool has_console = set_up_console();
    output.begin(loader, plan);
    if (error)
        end(Ending::usage, error->view());
    if (!has_console)
        end(Ending::usage, "console=virtio, but there is no console device of virtio 1 at a microvm's "
                           "virtio-mmio transports");

    const auto probe = ledger::probe(machine::cpuid, machine::vendor().view(), plan.told());
    if (probe.patched)
        set_up_processors();
    output.announce(loader, plan, probe);
    if (!probe.patched)
        end(Ending::not_patched, probe.reason);

    if (const auto* last = plan.one_shot()) {
        output.one_shot(*last);
        last->fire();
        end(Ending::died, "the guest outlived what should have ended it");
    }

    auto leaves = probe.leaves([](std::uint32_t leaf, std::uint32_t subleaf) {
        machine::note_step();
        return machine::cpuid(leaf, subleaf);
    });
    const auto results = audit::run(plan, leaves, probe, [](std::size_t number, const audit::Result& result) {
        output.result(number, result);
    });
    output.table(results);

    findings.find(results, probe, plan.vcpus());
    output.findings(findings, audit::note_definition(results), results);
    if (std::ranges::all_of(results, [](const auto& r) { return r.verdict == audit::Verdict::skip; }))
        end(Ending::skipped, "nothing that the plan names could be audited here");
    if (std::ranges::all_of(results, [](const auto& r) { return r.verdict != audit::Verdict::not_ok; }))
        end(Ending::pass, "");
    end(Ending::fail, findings.all().empty() ? "" : findings.all().front().text.view());
}
