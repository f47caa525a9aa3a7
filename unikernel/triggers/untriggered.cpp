// Exit numbers without a trigger: those of the host itself, those that KVM does not enable, and those for
// which no trigger is written. Statements about KVM hold for Linux 6.1, 6.12 and 7.3.
#include "triggers/untriggered.hpp"

#include "triggers/trigger.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

constexpr Untriggered one(ledger::ExitNumber exit, std::string_view what, std::string_view reason) {
    return {exit, exit, what, reason};
}

constexpr std::string_view only_smm = "SDM vol. 3, VMX Basic Exit Reasons: exits to an SMM-transfer monitor "
                                      "(dual-monitor treatment), never to KVM";
constexpr std::string_view failed_entry =
    "SDM vol. 3, VMX Basic Exit Reasons: a VM entry that failed, not an exit from a running guest";
constexpr std::string_view only_apicv = "only where the processor virtualizes the APIC (APICv); the triggers "
                                        "that access the APIC are skipped there";
constexpr std::string_view no_pasid = "KVM does not enable PASID translation (vmx_secondary_exec_control())";
constexpr std::string_view no_seam = "not written: needs a processor with TDX, and KVM without a handler for "
                                     "it (6.1, 6.12) ends the VM (__vmx_handle_exit()); a TD's own calls "
                                     "count as what they ask for (tdx_to_vmx_exit_reason())";
constexpr std::string_view no_msr_list =
    "KVM does not enable MSR-list instructions (vmx_tertiary_exec_control()): #UD";
constexpr std::string_view no_user_msr = "KVM has no IA32_USER_MSR_CTL, without which the instruction is #UD";
constexpr std::string_view no_immediate_msr = "not written: needs a processor with MSR_IMM, and KVM without "
                                              "a handler for it (6.1, 6.12) ends the VM "
                                              "(__vmx_handle_exit())";

// Numbers by themselves are those that asm/vmx.h and asm/svm.h have no name for.
constexpr Untriggered vmx[] = {
    one(EXIT_REASON_INIT_SIGNAL, "INIT signal",
        "comes from the host's own APICs; KVM emulates a guest's INIT (kvm_apic_accept_events())"),
    one(EXIT_REASON_SIPI_SIGNAL, "start-up IPI",
        SDM_OTHER_CAUSES ": only in the wait-for-SIPI state, in which KVM enters no L1 guest"),
    {5, 6, "I/O SMI, other SMI", only_smm},
    one(11, "GETSEC",
        "SDM vol. 2, GETSEC: #UD with CR4.SMXE clear, which KVM keeps clear; `instr.getsec` shows it"),
    one(17, "RSM",
        "SDM vol. 3, VMX Basic Exit Reasons: only in SMM with an SMM-transfer monitor; #UD elsewhere"),
    one(EXIT_REASON_INVALID_STATE, "VM-entry failure: invalid guest state",
        "SDM vol. 3, VMX Basic Exit Reasons: a failed VM entry; KVM emulates such a guest instead "
        "(vmx_emulation_required())"),
    one(EXIT_REASON_MSR_LOAD_FAIL, "VM-entry failure: MSR loading", failed_entry),
    one(EXIT_REASON_MONITOR_TRAP_FLAG, "monitor trap flag",
        "vmx_exec_control() leaves it off; only an L1 may set it for its L2"),
    one(EXIT_REASON_MCE_DURING_VMENTRY, "VM-entry failure: machine check", failed_entry),
    one(EXIT_REASON_APIC_ACCESS, "APIC access", only_apicv),
    one(EXIT_REASON_EOI_INDUCED, "virtualized EOI", only_apicv),
    one(EXIT_REASON_APIC_WRITE, "APIC write", only_apicv),
    one(EXIT_REASON_PML_FULL, "page-modification log full",
        "only while the host logs dirty pages, as during a migration (vmx_update_cpu_dirty_logging())"),
    one(65, "PCONFIG",
        "SDM vol. 2, PCONFIG: #UD, because KVM does not enable it for guests; `instr.pconfig` shows it"),
    one(66, "SPP-related event",
        "KVM does not enable sub-page write permissions (vmx_secondary_exec_control())"),
    one(69, "LOADIWKEY",
        "SDM vol. 2, LOADIWKEY: #UD with CR4.KL clear, which KVM keeps clear; `instr.loadiwkey` shows it"),
    one(70, "ENCLV", "KVM does not enable ENCLV exiting (vmx_secondary_exec_control())"),
    {72, 73, "ENQCMD, ENQCMDS: PASID translation failure", no_pasid},
    one(EXIT_REASON_BUS_LOCK, "bus lock",
        "only where user space asks for it by KVM_CAP_X86_BUS_LOCK_EXIT; off by default"),
    one(EXIT_REASON_NOTIFY, "instruction timeout",
        "only where user space asks for it by KVM_CAP_X86_NOTIFY_VMEXIT, and an instruction lasts a whole "
        "window; KVM intercepts #AC and #DB, whose delivery could repeat without end"),
    {76, 77, "SEAMCALL, TDCALL", no_seam},
    {78, 79, "RDMSRLIST, WRMSRLIST", no_msr_list},
    {80, 81, "URDMSR, UWRMSR", no_user_msr},
    {84, 85, "RDMSR, WRMSRNS: immediate forms", no_immediate_msr},
};

constexpr ledger::ExitNumber exception(unsigned vector) { return SVM_EXIT_EXCP_BASE + vector; }

constexpr std::string_view no_such_register = "a register that does not exist: #UD before any exit";
constexpr std::string_view aliases =
    "not written: other names of DR6 and DR7, which `dr.*` access; #UD with CR4.DE";
constexpr std::string_view not_intercepted = "not intercepted: init_vmcb() leaves it off";
constexpr std::string_view not_written = "not intercepted: init_vmcb() leaves it off; no trigger raises it";
constexpr std::string_view no_64_bit =
    "not intercepted: init_vmcb() leaves it off; in 64-bit mode no instruction raises it";
constexpr std::string_view only_sev_es =
    "only guests under SEV-ES (sev_es_init_vmcb()), whose memory the host cannot read";
constexpr std::string_view only_avic = "only where the processor virtualizes the APIC (AVIC); the triggers "
                                       "that access the APIC are skipped there";
constexpr std::string_view no_broadcast = "init_vmcb() does not enable INVLPGB and TLBSYNC for guests: #UD";

constexpr Untriggered svm[] = {
    one(0x01, "read of CR1", no_such_register),
    {0x05, 0x07, "read of CR5 to CR7", no_such_register},
    {0x09, 0x0f, "read of CR9 to CR15", no_such_register},
    one(0x11, "write of CR1", no_such_register),
    {0x15, 0x17, "write of CR5 to CR7", no_such_register},
    {0x19, 0x1f, "write of CR9 to CR15", no_such_register},
    {SVM_EXIT_READ_DR4, SVM_EXIT_READ_DR5, "read of DR4, DR5", aliases},
    {0x28, 0x2f, "read of DR8 to DR15", no_such_register},
    {SVM_EXIT_WRITE_DR4, SVM_EXIT_WRITE_DR5, "write of DR4, DR5", aliases},
    {0x38, 0x3f, "write of DR8 to DR15", no_such_register},
    one(exception(2), "vector 2",
        "APM vol. 2, Exception Intercepts: an NMI has an exit code of its own, SVM_EXIT_NMI"),
    {exception(OF_VECTOR), exception(BR_VECTOR), "#OF, #BR", no_64_bit},
    one(exception(DF_VECTOR), "#DF",
        "not intercepted: init_vmcb() leaves it off; one leads to the shutdown of `fatal.triple-fault`"),
    one(exception(9), "vector 9",
        "APM vol. 2, Interrupt Vector Source and Cause: reserved; no processor with SVM raises it"),
    {exception(TS_VECTOR), exception(SS_VECTOR), "#TS, #NP, #SS", not_written},
    one(exception(15), "vector 15", "APM vol. 2, Interrupt Vector Source and Cause: reserved"),
    one(exception(MF_VECTOR), "#MF", not_written),
    one(exception(MC_VECTOR), "#MC", "intercepted, but only broken hardware raises it"),
    one(exception(XM_VECTOR), "#XF", not_written),
    {exception(20), exception(31), "vectors 20 to 31", not_written},
    one(SVM_EXIT_NMI, "physical NMI",
        "the host's own, as for perf; KVM injects a guest's NMI, which exits at its IRET: `nmi.*`"),
    one(SVM_EXIT_SMI, "physical SMI", "the host firmware's"),
    one(SVM_EXIT_INIT, "physical INIT", "the host's own, and not intercepted: init_vmcb()"),
    {SVM_EXIT_PUSHF, SVM_EXIT_POPF, "PUSHF, POPF", not_intercepted},
    one(SVM_EXIT_FERR_FREEZE, "FERR freeze", not_intercepted),
    one(SVM_EXIT_ICEBP, "INT1", "only from Linux 7.3 on (init_vmcb()); `exception.int1` allows it"),
    one(SVM_EXIT_MWAIT_COND, "MWAIT, monitor armed",
        "init_vmcb() intercepts every MWAIT instead: SVM_EXIT_MWAIT"),
    one(SVM_EXIT_EFER_WRITE_TRAP, "after a write of EFER", only_sev_es),
    {SVM_EXIT_CR0_WRITE_TRAP, SVM_EXIT_CR15_WRITE_TRAP, "after a write of CR0 to CR15", only_sev_es},
    {0xa0, 0xa1, "INVLPGB, legal or not", no_broadcast},
    one(0xa3, "MCOMMIT", not_intercepted),
    one(0xa4, "TLBSYNC", no_broadcast),
    one(0xa5, "bus lock threshold",
        "only where user space asks for it by KVM_CAP_X86_BUS_LOCK_EXIT (7.3); off by default"),
    one(0xa6, "HLT while idle",
        "init_vmcb() intercepts every HLT instead, but for processors that have this intercept (7.3): "
        "SVM_EXIT_HLT"),
    {SVM_EXIT_AVIC_INCOMPLETE_IPI, SVM_EXIT_AVIC_UNACCELERATED_ACCESS,
     "AVIC: incomplete IPI, access not accelerated", only_avic},
    one(SVM_EXIT_VMGEXIT, "VMGEXIT", only_sev_es),
    {0x80000000, 0x8000ffff, "requests of a guest under SEV-ES",
     "requests that a guest makes by VMGEXIT, not exits of the processor; the ledger has no rows for them"},
    one(static_cast<ledger::ExitNumber>(SVM_EXIT_ERR), "invalid guest state",
        "APM vol. 2, SVM Intercept Exit Codes: a failed VMRUN, not an exit of a guest; the ledger has no row "
        "for it"),
};

}

std::span<const Untriggered> untriggered(ledger::Numbering numbering) {
    return numbering == ledger::Numbering::vmx ? std::span<const Untriggered>(vmx) : svm;
}

}
