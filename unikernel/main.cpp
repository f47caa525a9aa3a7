// The whole run on one screen: boot, probe, plan, audits, report, power off.
#include "audit/exceptions.hpp"
#include "audit/findings.hpp"
#include "audit/plan.hpp"
#include "audit/runner.hpp"
#include "boot/loader.hpp"
#include "console/serial.hpp"
#include "ledger/probe.hpp"
#include "machine/apic.hpp"
#include "machine/interrupts.hpp"
#include "machine/power.hpp"
#include "report/report.hpp"

extern "C" [[noreturn]] void main(std::uint32_t magic, std::uint32_t loader_info);

namespace {

using console::serial;
using report::Ending;

constinit boot::LoaderInfo loader{};
constinit report::Report output(serial);
constinit audit::Plan plan;

[[noreturn]] void end(Ending ending, std::string_view message)
{
    output.end(ending, message);
    machine::end_run(static_cast<std::uint8_t>(ending), loader.rsdp);
}

[[noreturn]] void die(const machine::InterruptFrame& f)
{
    std::uint64_t cr2;
    asm volatile("mov %%cr2, %0" : "=r"(cr2));
    const console::Text<80> message("unexpected {}, vector {}, at {:x}", audit::exception_name(static_cast<unsigned>(f.vector)), f.vector, f.rip);
    serial.format("\n# error {:x} rflags {:x} cs {:x} ss {:x} cr2 {:x}\n", f.error_code, f.rflags, f.cs, f.ss, cr2);
    serial.format("# rax {:x} rbx {:x} rcx {:x} rdx {:x}\n", f.rax, f.rbx, f.rcx, f.rdx);
    serial.format("# rsi {:x} rdi {:x} rbp {:x} rsp {:x}\n", f.rsi, f.rdi, f.rbp, f.rsp);
    serial.format("# r8 {:x} r9 {:x} r10 {:x} r11 {:x}\n", f.r8, f.r9, f.r10, f.r11);
    serial.format("# r12 {:x} r13 {:x} r14 {:x} r15 {:x}\n", f.r12, f.r13, f.r14, f.r15);
    end(Ending::died, message.view());
}

}

void main(std::uint32_t magic, std::uint32_t loader_info)
{
    serial.set_up();
    machine::set_up_interrupts(die);
    loader = boot::read_loader_info(magic, loader_info);
    const auto error = audit::Plan::parse(loader.command_line, plan);
    output.begin(loader, plan);
    if (error)
        end(Ending::usage, error->view());

    const auto probe = ledger::probe(machine::cpuid, machine::vendor().view());
    output.announce(loader, plan, probe);
    if (!probe.patched)
        end(Ending::not_patched, probe.reason);

    if (const auto* last = plan.one_shot()) {
        output.one_shot(*last);
        last->fire();
        end(Ending::died, "the guest outlived what should have ended it");
    }

    machine::local_apic.set_up();
    ledger::Leaves leaves(machine::cpuid, probe.numbering);
    const auto results = audit::run(plan, leaves, probe, [](std::size_t number, const audit::Result& result) {
        output.result(number, result);
    });
    output.table(results);

    if (std::ranges::all_of(results, [](const auto& r) { return r.verdict != audit::Verdict::not_ok; }))
        end(Ending::pass, "");
    const auto finding = audit::find_cause(results, probe.numbering);
    end(Ending::fail, finding ? finding->view() : "");
}
