// RDMSR and WRMSR: of registers that KVM's MSR bitmaps leave intercepted, and of those they do not.
#include "triggers/catalogue.hpp"

#include "machine/features.hpp"
#include "machine/msr.hpp"
#include "machine/this_cpu.hpp"
#include "machine/tsc.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <array>

namespace triggers {
namespace {

using machine::Msr;

constexpr std::string_view vmx_source = "SDM vol. 3, 26.1.3; not in vmx_possible_passthrough_msrs[]";
constexpr std::string_view vmx_fastpath_source =
    "handle_fastpath_set_msr_irqoff(): exits, re-enters without the exit handler";
constexpr std::string_view svm_source = "APM vol. 2, 15.11; direct_access_msrs[] has it not, or not always";

constexpr Expectation vmx_read{EXIT_REASON_MSR_READ, Bound::exact, 1, vmx_source};
constexpr Expectation vmx_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1, vmx_source};
constexpr Expectation vmx_fastpath_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1,
                                         vmx_fastpath_source,   {},           true};
constexpr Expectation svm_either{SVM_EXIT_MSR, Bound::exact, 1, svm_source};

constexpr Expectation twice(Expectation expectation)
{
    expectation.per_firing *= 2;
    return expectation;
}

constexpr std::string_view vmx_passes_source = "vmx_create_vcpu() passes it through";
constexpr std::string_view svm_passes_source = "direct_access_msrs[] passes it through";
constexpr Expectation vmx_passes_read{EXIT_REASON_MSR_READ, Bound::none, 0, vmx_passes_source};
constexpr Expectation vmx_passes_write{EXIT_REASON_MSR_WRITE, Bound::none, 0, vmx_passes_source};
constexpr Expectation svm_passes{SVM_EXIT_MSR, Bound::none, 0, svm_passes_source};
constexpr Expectation svm_passes_unless_intel{
    SVM_EXIT_MSR, Bound::none, 0,
    "init_vmcb_after_set_cpuid() passes it through, unless CPUID says GenuineIntel"};

// MSRs outside the bitmaps' ranges exit always, before the processor looks whether there
// is such an MSR.
constexpr Expectation undefined(ExitNumber exit, std::string_view source)
{
    return {.exit = exit,
            .bound = Bound::exact,
            .per_firing = 1,
            .source = source,
            .raises = Exception::general_protection};
}
constexpr std::string_view vmx_undefined_source =
    "SDM vol. 3, 26.1.3: beyond the bitmaps; kvm_emulate_rdmsr(), _wrmsr() raise #GP";
constexpr std::string_view svm_undefined_source =
    "APM vol. 2, 15.11: not covered by the MSRPM; msr_interception() raises #GP";

// Once written, in `prepare`, it is passed through (6.1); or it was from the start (6.12).
constexpr std::string_view pred_cmd_source =
    "vmx_set_msr(), svm_set_msr(), or their _vcpu_after_set_cpuid(), pass it through";
constexpr std::string_view pred_cmd_unseen = "no processor that a lane emulates has IBPB";

// Writes put back what this vCPU read, so that they change nothing but the ledger. All may
// fault: what a CPU has not, although its CPUID says so, is reported, and ends nothing.
constinit std::array<std::uint64_t, machine::max_processors> all_saved{};

std::uint64_t& saved() { return all_saved[machine::this_cpu().index]; }

template <Msr msr>
void save()
{
    saved() = machine::try_read_msr(msr).value_or(0); // where reading raises #GP, so does writing
}

template <Msr msr>
void restore()
{
    machine::try_write_msr(msr, saved());
}

void flush_predictors() { machine::try_write_msr(Msr::ia32_pred_cmd, 1); }

constexpr Trigger simple(std::string_view name, std::string_view what, const Expectation& vmx,
                         const Expectation& svm, void (*prepare)(), void (*fire)(),
                         std::string_view (*lacks)() = nullptr)
{
    return {.name = name,
            .what = what,
            .vmx = vmx,
            .svm = svm,
            .count = default_count,
            .prepare = prepare,
            .fire = fire,
            .clean_up = nullptr,
            .lacks = lacks};
}

std::string_view lacks_tsc_adjust()
{
    return machine::lacks(machine::feature::tsc_adjust, "this vCPU has no IA32_TSC_ADJUST");
}

std::string_view lacks_ibpb()
{
    const bool has = machine::has(machine::feature::spec_ctrl) || machine::has(machine::feature::amd_ibpb);
    return has ? "" : "this vCPU has no IBPB";
}

constexpr Trigger catalogue[] = {
    simple("msr.read-apic-base", "RDMSR IA32_APIC_BASE", vmx_read, svm_either, nullptr,
           [] { machine::try_read_msr(Msr::ia32_apic_base); }),
    simple("msr.write-apic-base", "WRMSR IA32_APIC_BASE, its own value", vmx_write, svm_either,
           save<Msr::ia32_apic_base>, restore<Msr::ia32_apic_base>),
    simple("msr.read-misc-enable", "RDMSR IA32_MISC_ENABLE", vmx_read, svm_either, nullptr,
           [] { machine::try_read_msr(Msr::ia32_misc_enable); }),
    simple("msr.write-misc-enable", "WRMSR IA32_MISC_ENABLE, its own value", vmx_write, svm_either,
           save<Msr::ia32_misc_enable>, restore<Msr::ia32_misc_enable>),
    simple("msr.write-tsc-deadline", "WRMSR IA32_TSC_DEADLINE, 0: disarms", vmx_fastpath_write, svm_either,
           nullptr, [] { machine::try_write_msr(Msr::ia32_tsc_deadline, 0); }),
    simple("msr.read-pat", "RDMSR IA32_PAT", vmx_read, svm_either, nullptr,
           [] { machine::try_read_msr(Msr::ia32_pat); }),
    simple("msr.write-pat", "WRMSR IA32_PAT, its own value", vmx_write, svm_either, save<Msr::ia32_pat>,
           restore<Msr::ia32_pat>),
    simple("msr.read-efer", "RDMSR IA32_EFER", vmx_read, svm_either, nullptr,
           [] { machine::try_read_msr(Msr::ia32_efer); }),
    simple("msr.write-efer", "WRMSR IA32_EFER, its own value", vmx_write, svm_either, save<Msr::ia32_efer>,
           restore<Msr::ia32_efer>),
    simple(
        "msr.read-mtrr-def-type", "RDMSR IA32_MTRR_DEF_TYPE", vmx_read, svm_either, nullptr,
        [] { machine::try_read_msr(Msr::ia32_mtrr_def_type); },
        [] { return machine::lacks(machine::feature::mtrr, "this vCPU has no MTRRs"); }),
    simple(
        "msr.read-tsc-aux", "RDMSR IA32_TSC_AUX", vmx_read, svm_either, nullptr,
        [] { machine::try_read_msr(Msr::ia32_tsc_aux); },
        [] {
            return machine::lacks(machine::feature::rdtscp, "this vCPU has no RDTSCP, hence no IA32_TSC_AUX");
        }),
    simple(
        "msr.read-tsc-adjust", "RDMSR IA32_TSC_ADJUST", vmx_read, svm_either, nullptr,
        [] { machine::try_read_msr(Msr::ia32_tsc_adjust); }, lacks_tsc_adjust),
    simple("msr.write-tsc-adjust", "WRMSR IA32_TSC_ADJUST, its own value", vmx_write, svm_either,
           save<Msr::ia32_tsc_adjust>, restore<Msr::ia32_tsc_adjust>, lacks_tsc_adjust),
    simple(
        "msr.write-tsc", "WRMSR IA32_TIME_STAMP_COUNTER; WRMSR IA32_TSC_ADJUST, which takes that back",
        twice(vmx_write), twice(svm_either), save<Msr::ia32_tsc_adjust>,
        [] {
            machine::try_write_msr(Msr::ia32_time_stamp_counter, machine::rdtsc());
            restore<Msr::ia32_tsc_adjust>();
        },
        lacks_tsc_adjust),
    simple(
        "msr.read-kvm-system-time", "RDMSR MSR_KVM_SYSTEM_TIME_NEW, KVM's own",
        {EXIT_REASON_MSR_READ, Bound::exact, 1,
         "SDM vol. 3, 26.1.3: beyond the bitmaps; kvm_get_msr_common() answers"},
        {SVM_EXIT_MSR, Bound::exact, 1,
         "APM vol. 2, 15.11: not covered by the MSRPM; kvm_get_msr_common() answers"},
        nullptr, [] { machine::try_read_msr(Msr::msr_kvm_system_time_new); },
        [] { return machine::lacks(machine::feature::kvm_clock, "this VM has no KVM clock"); }),
    simple("msr.read-undefined", "RDMSR 0xdeadbeef, which no processor has",
           undefined(EXIT_REASON_MSR_READ, vmx_undefined_source),
           undefined(SVM_EXIT_MSR, svm_undefined_source), nullptr,
           [] { machine::try_read_msr(Msr::undefined); }),
    simple("msr.write-undefined", "WRMSR 0xdeadbeef, which no processor has",
           undefined(EXIT_REASON_MSR_WRITE, vmx_undefined_source),
           undefined(SVM_EXIT_MSR, svm_undefined_source), nullptr,
           [] { machine::try_write_msr(Msr::undefined, 0); }),
    simple("msr.read-tsc", "RDMSR IA32_TIME_STAMP_COUNTER", vmx_passes_read, svm_either, nullptr,
           [] { machine::try_read_msr(Msr::ia32_time_stamp_counter); }),
    simple("msr.read-lstar", "RDMSR IA32_LSTAR", vmx_read, svm_passes, nullptr,
           [] { machine::try_read_msr(Msr::ia32_lstar); }),
    simple("msr.read-fs-base", "RDMSR IA32_FS_BASE", vmx_passes_read, svm_passes, nullptr,
           [] { machine::try_read_msr(Msr::ia32_fs_base); }),
    simple("msr.write-fs-base", "WRMSR IA32_FS_BASE, its own value", vmx_passes_write, svm_passes,
           save<Msr::ia32_fs_base>, restore<Msr::ia32_fs_base>),
    simple("msr.read-sysenter-cs", "RDMSR IA32_SYSENTER_CS", vmx_passes_read, svm_passes, nullptr,
           [] { machine::try_read_msr(Msr::ia32_sysenter_cs); }),
    simple("msr.read-sysenter-esp", "RDMSR IA32_SYSENTER_ESP", vmx_passes_read, svm_passes_unless_intel,
           nullptr, [] { machine::try_read_msr(Msr::ia32_sysenter_esp); }),
    simple("msr.read-sysenter-eip", "RDMSR IA32_SYSENTER_EIP", vmx_passes_read, svm_passes_unless_intel,
           nullptr, [] { machine::try_read_msr(Msr::ia32_sysenter_eip); }),
    simple("msr.write-pred-cmd", "WRMSR IA32_PRED_CMD, IBPB",
           {.exit = EXIT_REASON_MSR_WRITE,
            .bound = Bound::none,
            .per_firing = 0,
            .source = pred_cmd_source,
            .unseen = pred_cmd_unseen},
           {.exit = SVM_EXIT_MSR,
            .bound = Bound::none,
            .per_firing = 0,
            .source = pred_cmd_source,
            .unseen = pred_cmd_unseen},
           flush_predictors, flush_predictors, lacks_ibpb),
};

}

std::span<const Trigger> msr_triggers() { return catalogue; }

}
