// RDMSR and WRMSR of registers that KVM's MSR bitmaps intercept, and of some that they pass through.
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

using namespace machine;

constexpr std::string_view vmx_source = SDM_CONDITIONAL "; not in vmx_possible_passthrough_msrs[]";
constexpr std::string_view vmx_fastpath_source =
    "handle_fastpath_set_msr_irqoff() re-enters without the exit handler";
constexpr std::string_view svm_source =
    APM_MSRS "; not in direct_access_msrs[], or not always passed through";

constexpr Expectation vmx_read{EXIT_REASON_MSR_READ, Bound::exact, 1, vmx_source};
constexpr Expectation vmx_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1, vmx_source};
constexpr Expectation vmx_fastpath_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1,
                                         vmx_fastpath_source,   {},           true};
constexpr Expectation svm_either{SVM_EXIT_MSR, Bound::exact, 1, svm_source};

constexpr Expectation twice(Expectation expectation) {
    expectation.per_firing *= 2;
    return expectation;
}

constexpr std::string_view vmx_passes_source = "vmx_create_vcpu() passes it through";
constexpr std::string_view svm_passes_source = "direct_access_msrs[] passes it through";
constexpr auto vmx_passes_read = never(EXIT_REASON_MSR_READ, vmx_passes_source);
constexpr auto vmx_passes_write = never(EXIT_REASON_MSR_WRITE, vmx_passes_source);
constexpr auto svm_passes = never(SVM_EXIT_MSR, svm_passes_source);
constexpr Expectation svm_passes_unless_intel{
    SVM_EXIT_MSR, Bound::none, 0,
    "init_vmcb_after_set_cpuid() passes it through, unless CPUID says GenuineIntel"};

// Accesses outside the bitmaps' ranges always exit, before the processor checks that the MSR exists.
constexpr std::string_view vmx_undefined_source =
    SDM_CONDITIONAL ": outside the bitmaps; kvm_emulate_rdmsr(), _wrmsr() raise #GP";
constexpr std::string_view svm_undefined_source =
    APM_MSRS ": not covered by the MSRPM; msr_interception() raises #GP";

// Passed through after the first write, in `prepare` (6.1), or from the start (6.12).
constexpr std::string_view pred_cmd_source =
    "vmx_set_msr(), svm_set_msr(), or their _vcpu_after_set_cpuid(), pass it through";
constexpr std::string_view pred_cmd_unseen = "no processor that a lane emulates has IBPB";

// Writes restore what this vCPU has read, so that only the ledger changes. All may fault: an MSR that is
// missing although CPUID promises it is reported, and the run goes on.
constinit std::array<std::uint64_t, max_processors> all_saved{};

std::uint64_t& saved() { return all_saved[this_cpu().index]; }

template <Msr msr> void save() {
    saved() = try_read_msr(msr).value_or(0); // where reading raises #GP, so does writing
}

template <Msr msr> void restore() { try_write_msr(msr, saved()); }

/// RDMSR.
template <Msr msr>
constexpr Trigger read(std::string_view name, std::string_view what, const Expectation& vmx,
                       const Expectation& svm, std::string_view (*lacks)() = nullptr) {
    return {.name = name,
            .what = what,
            .vmx = vmx,
            .svm = svm,
            .fire = [] { try_read_msr(msr); },
            .lacks = lacks};
}

/// WRMSR of the value that the vCPU has read before.
template <Msr msr>
constexpr Trigger write_back(std::string_view name, std::string_view what, const Expectation& vmx,
                             const Expectation& svm, std::string_view (*lacks)() = nullptr) {
    return {.name = name,
            .what = what,
            .vmx = vmx,
            .svm = svm,
            .fire = restore<msr>,
            .prepare = save<msr>,
            .lacks = lacks};
}

void flush_predictors() { try_write_msr(Msr::ia32_pred_cmd, 1); }

std::string_view lacks_ibpb() {
    return has(feature::spec_ctrl) || has(feature::amd_ibpb) ? "" : "this vCPU has no IBPB";
}

constexpr Trigger catalogue[] = {
    read<Msr::ia32_apic_base>("msr.read-apic-base", "RDMSR IA32_APIC_BASE", vmx_read, svm_either),
    write_back<Msr::ia32_apic_base>("msr.write-apic-base", "WRMSR IA32_APIC_BASE, its own value", vmx_write,
                                    svm_either),
    read<Msr::ia32_misc_enable>("msr.read-misc-enable", "RDMSR IA32_MISC_ENABLE", vmx_read, svm_either),
    write_back<Msr::ia32_misc_enable>("msr.write-misc-enable", "WRMSR IA32_MISC_ENABLE, its own value",
                                      vmx_write, svm_either),
    read<Msr::ia32_tsc_deadline>("msr.read-tsc-deadline", "RDMSR IA32_TSC_DEADLINE", vmx_read, svm_either),
    {"msr.write-tsc-deadline", "WRMSR IA32_TSC_DEADLINE, 0: disarms", vmx_fastpath_write, svm_either,
     [] { try_write_msr(Msr::ia32_tsc_deadline, 0); }},
    read<Msr::ia32_pat>("msr.read-pat", "RDMSR IA32_PAT", vmx_read, svm_either),
    write_back<Msr::ia32_pat>("msr.write-pat", "WRMSR IA32_PAT, its own value", vmx_write, svm_either),
    read<Msr::ia32_efer>("msr.read-efer", "RDMSR IA32_EFER", vmx_read, svm_either),
    write_back<Msr::ia32_efer>("msr.write-efer", "WRMSR IA32_EFER, its own value", vmx_write, svm_either),
    read<Msr::ia32_mtrr_def_type>("msr.read-mtrr-def-type", "RDMSR IA32_MTRR_DEF_TYPE", vmx_read, svm_either,
                                  lacks<feature::mtrr>),
    read<Msr::ia32_tsc_aux>("msr.read-tsc-aux", "RDMSR IA32_TSC_AUX", vmx_read, svm_either,
                            lacks<feature::rdtscp>),
    read<Msr::ia32_tsc_adjust>("msr.read-tsc-adjust", "RDMSR IA32_TSC_ADJUST", vmx_read, svm_either,
                               lacks<feature::tsc_adjust>),
    write_back<Msr::ia32_tsc_adjust>("msr.write-tsc-adjust", "WRMSR IA32_TSC_ADJUST, its own value",
                                     vmx_write, svm_either, lacks<feature::tsc_adjust>),
    {
        .name = "msr.write-tsc",
        .what = "WRMSR IA32_TIME_STAMP_COUNTER; WRMSR IA32_TSC_ADJUST, which undoes it",
        .vmx = twice(vmx_write),
        .svm = twice(svm_either),
        .fire =
            [] {
                try_write_msr(Msr::ia32_time_stamp_counter, rdtsc());
                restore<Msr::ia32_tsc_adjust>();
            },
        .prepare = save<Msr::ia32_tsc_adjust>,
        .lacks = lacks<feature::tsc_adjust>,
    },
    read<Msr::msr_kvm_system_time_new>(
        "msr.read-kvm-system-time", "RDMSR MSR_KVM_SYSTEM_TIME_NEW, which KVM defines",
        {EXIT_REASON_MSR_READ, Bound::exact, 1,
         SDM_CONDITIONAL ": outside the bitmaps; kvm_get_msr_common() answers"},
        {SVM_EXIT_MSR, Bound::exact, 1, APM_MSRS ": not covered by the MSRPM; kvm_get_msr_common() answers"},
        lacks<feature::kvm_clock>),
    read<Msr::undefined>(
        "msr.read-undefined", "RDMSR 0xdeadbeef, which no processor has",
        raising(Exception::general_protection, {EXIT_REASON_MSR_READ, Bound::exact, 1, vmx_undefined_source}),
        raising(Exception::general_protection, {SVM_EXIT_MSR, Bound::exact, 1, svm_undefined_source})),
    {"msr.write-undefined", "WRMSR 0xdeadbeef, which no processor has",
     raising(Exception::general_protection, {EXIT_REASON_MSR_WRITE, Bound::exact, 1, vmx_undefined_source}),
     raising(Exception::general_protection, {SVM_EXIT_MSR, Bound::exact, 1, svm_undefined_source}),
     [] { try_write_msr(Msr::undefined, 0); }},
    read<Msr::ia32_time_stamp_counter>("msr.read-tsc", "RDMSR IA32_TIME_STAMP_COUNTER", vmx_passes_read,
                                       svm_either),
    read<Msr::ia32_lstar>("msr.read-lstar", "RDMSR IA32_LSTAR", vmx_read, svm_passes),
    read<Msr::ia32_fs_base>("msr.read-fs-base", "RDMSR IA32_FS_BASE", vmx_passes_read, svm_passes),
    write_back<Msr::ia32_fs_base>("msr.write-fs-base", "WRMSR IA32_FS_BASE, its own value", vmx_passes_write,
                                  svm_passes),
    read<Msr::ia32_sysenter_cs>("msr.read-sysenter-cs", "RDMSR IA32_SYSENTER_CS", vmx_passes_read,
                                svm_passes),
    read<Msr::ia32_sysenter_esp>("msr.read-sysenter-esp", "RDMSR IA32_SYSENTER_ESP", vmx_passes_read,
                                 svm_passes_unless_intel),
    read<Msr::ia32_sysenter_eip>("msr.read-sysenter-eip", "RDMSR IA32_SYSENTER_EIP", vmx_passes_read,
                                 svm_passes_unless_intel),
    {
        .name = "msr.write-pred-cmd",
        .what = "WRMSR IA32_PRED_CMD, IBPB",
        .vmx = never(EXIT_REASON_MSR_WRITE, pred_cmd_source, pred_cmd_unseen),
        .svm = never(SVM_EXIT_MSR, pred_cmd_source, pred_cmd_unseen),
        .fire = flush_predictors,
        .prepare = flush_predictors,
        .lacks = lacks_ibpb,
    },
};

}

std::span<const Trigger> msr_triggers() { return catalogue; }

}
