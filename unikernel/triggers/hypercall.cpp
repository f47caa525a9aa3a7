// Hypercalls, by the instruction of either vendor.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include <linux/kvm_para.h>

namespace triggers {
namespace {

constexpr std::string_view vmcall_source = SDM_UNCONDITIONAL "; kvm_emulate_hypercall()";
constexpr std::string_view vmmcall_source =
    APM_INSTRUCTIONS "; init_vmcb() sets the intercept; kvm_emulate_hypercall()";

// The other vendor's instruction is undefined. emulator_fix_hypercall() replaces it, at the first #UD, by
// this vendor's (KVM_X86_QUIRK_FIX_HYPERCALL_INSN).
constexpr std::string_view to_vmcall_source = "emulator_fix_hypercall(): the first #UD makes it a VMCALL";
constexpr std::string_view to_vmmcall_source = "emulator_fix_hypercall(): the first #UD makes it a VMMCALL";
constexpr Row vmx_patched[] = {{EXIT_REASON_EXCEPTION_NMI, Bound::none, 0, 1}};
constexpr Row svm_patched[] = {{svm_undefined_exit, Bound::none, 0, 1}};

// Hypercalls without effect, known to KVM or not (kvm_emulate_hypercall()).
constexpr std::uint64_t harmless = KVM_HC_VAPIC_POLL_IRQ, unknown = 0x7fffffff;

void vmcall(std::uint64_t number) {
    asm volatile("vmcall" : "+a"(number) : "b"(0), "c"(0), "d"(0), "S"(0) : "memory");
}
void vmmcall(std::uint64_t number) {
    asm volatile("vmmcall" : "+a"(number) : "b"(0), "c"(0), "d"(0), "S"(0) : "memory");
}

constexpr Expectation vmx_own{EXIT_REASON_VMCALL, Bound::exact, 1, vmcall_source};
constexpr Expectation vmx_foreign{EXIT_REASON_VMCALL, Bound::exact, 1, to_vmcall_source, vmx_patched};
constexpr Expectation svm_own{SVM_EXIT_VMMCALL, Bound::exact, 1, vmmcall_source};
constexpr Expectation svm_foreign{SVM_EXIT_VMMCALL, Bound::exact, 1, to_vmmcall_source, svm_patched};

constexpr Trigger catalogue[] = {
    {"hypercall.vmcall", "VMCALL, KVM_HC_VAPIC_POLL_IRQ: does nothing", vmx_own, svm_foreign,
     [] { vmcall(harmless); }},
    {"hypercall.vmmcall", "VMMCALL, KVM_HC_VAPIC_POLL_IRQ: does nothing", vmx_foreign, svm_own,
     [] { vmmcall(harmless); }},
    {"hypercall.unknown", "VMCALL, a number unknown to KVM", vmx_own, svm_foreign, [] { vmcall(unknown); }},
};

}

std::span<const Trigger> hypercall_triggers() { return catalogue; }

}
