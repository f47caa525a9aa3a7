// NMIs: a single one, and one that arrives while another is handled.
#include "triggers/apic_mode.hpp"
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"
#include "machine/exceptions.hpp"
#include "machine/processors.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

void send_nmi() {
    const auto& cpu = this_cpu();
    local_apic.send_to(cpu.apic_id, Delivery::nmi, 0);
}

// The read is for Bochs's SVM. Elsewhere the second NMI has arrived before it.
void send_nmi_and_another() {
    this_cpu().wants_nmi_in_nmi = true;
    send_nmi();
    local_apic.read(LocalApic::Register::version);
}

void prepare() {
    enter_apic_mode<ApicMode::x2apic>();
    expect_trap(Exception::nmi);
}

// Where the host's processor runs several vCPUs, Bochs's VT-x was seen to deliver the second NMI at once: it
// does not keep blocking by NMI for each vCPU.
std::string_view why_no_nmi_in_nmi() {
    const bool tried = running_processors() == 1 || vendor().view() != "GenuineIntel";
    return tried ? lacks<feature::x2apic>()
                 : "on Intel only with vcpus=1, because Bochs mixes up the blocking by NMI of several vCPUs";
}

// NMI virtualization by the processor (APM vol. 2, NMI Virtualization), which KVM uses since Linux 6.4, needs
// no exit. A guest cannot see whether its host has it. Zen 4, of family 19h, introduced it.
std::string_view why_iret_may_not_exit() {
    const auto version = cpuid(1).eax;
    const auto family = (version >> 8 & 0xf) + (version >> 20 & 0xff);
    return vendor().view() == "AuthenticAMD" && family >= 0x19
               ? "this processor may virtualize NMIs (vNMI): IRET does not exit"
               : "";
}

// Each NMI is sent by one write of ICR; the second is followed by the read.
template <std::uint32_t nmis>
constexpr Row vmx_also[] = {
    {EXIT_REASON_MSR_WRITE, Bound::at_most, nmis},
    {EXIT_REASON_APIC_WRITE, Bound::at_most, nmis},
    {EXIT_REASON_MSR_READ, Bound::at_most, 1},
};
constexpr Row svm_one_also[] = {
    {SVM_EXIT_MSR, Bound::at_most, 1},
    {SVM_EXIT_AVIC_INCOMPLETE_IPI, Bound::at_most, 1},
};
constexpr Row svm_two_also[] = {
    {SVM_EXIT_MSR, Bound::at_most, 3},
    {SVM_EXIT_AVIC_INCOMPLETE_IPI, Bound::at_most, 2},
    {SVM_EXIT_EXCP_BASE + DB_VECTOR, Bound::exact, 1},
};

// Bochs checks TF after IRET has loaded the flags, so KVM's single step over IRET raises no #DB, and the
// second NMI arrives after the next exit, that of the read. If another event is pending at guest entry, Bochs
// checks before IRET too: about one time in 300.
constexpr Row bochs_svm_two_also[] = {
    {SVM_EXIT_MSR, Bound::at_most, 3},
    {SVM_EXIT_EXCP_BASE + DB_VECTOR, Bound::at_most, 1},
};
constexpr Deviation window_deviations[] = {
    // Seen beside a busy VM: no NMI window, or an NMI that arrived after the audit of its firing.
    {Where::on_bochs_with_noise, Numbering::vmx,
     never(EXIT_REASON_NMI_WINDOW,
           "Bochs mixes up the blocking by NMI of several vCPUs, and here another VM's vCPUs run too"),
     bochs_2_7, true},
    {Where::on_bochs, Numbering::svm,
     raising(Exception::nmi, {SVM_EXIT_IRET, Bound::exact, 2,
                              "each NMI's IRET; Bochs raises no #DB for TF on an IRET that clears it, so the "
                              "second NMI waits for the next exit",
                              bochs_svm_two_also}),
     bochs_3_0},
};

constexpr Trigger catalogue[] = {
    {
        .name = "nmi.self",
        .what = "WRMSR IA32_X2APIC_ICR: an NMI to itself",
        .vmx = raising(Exception::nmi, {EXIT_REASON_NMI_WINDOW, Bound::none, 0,
                                        "vmx_inject_nmi() at once; the processor tracks blocking by NMI (SDM "
                                        "vol. 3, Pin-Based VM-Execution Controls: virtual NMIs)",
                                        vmx_also<1>}),
        .svm = raising(Exception::nmi, {SVM_EXIT_IRET, Bound::exact, 1,
                                        APM_INSTRUCTIONS
                                        "; svm_inject_nmi() intercepts IRET to detect the end of the handler",
                                        svm_one_also}),
        .fire = send_nmi,
        .count = default_count / 5,
        .prepare = prepare,
        .clean_up = leave_apic_mode,
        .lacks = lacks<feature::x2apic>,
        .excuse = why_iret_may_not_exit,
    },
    {
        .name = "nmi.window",
        .what = "an NMI to itself, whose handler sends another by WRMSR IA32_X2APIC_ICR; RDMSR "
                "IA32_X2APIC_VERSION",
        .vmx = raising(Exception::nmi,
                       {EXIT_REASON_NMI_WINDOW, Bound::exact, 1,
                        SDM_OTHER_CAUSES
                        "; vmx_enable_nmi_window() for the second NMI, until the IRET of the first",
                        vmx_also<2>}),
        .svm =
            raising(Exception::nmi,
                    {SVM_EXIT_IRET, Bound::exact, 2,
                     "each NMI's IRET: svm_inject_nmi(); svm_enable_nmi_window() steps over the first, a #DB",
                     svm_two_also}),
        .fire = send_nmi_and_another,
        .count = default_count / 5,
        .prepare = prepare,
        .clean_up = leave_apic_mode,
        .lacks = why_no_nmi_in_nmi,
        .excuse = why_iret_may_not_exit,
        .deviations = window_deviations,
    },
};

}

std::span<const Trigger> nmi_triggers() { return catalogue; }

}
