// The instructions of SVM in a guest that has not set EFER.SVME. KVM intercepts them on AMD; on Intel they
// are undefined.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include "machine/exceptions.hpp"
#include "machine/hypervisor.hpp"

namespace triggers {
namespace {

using namespace machine;

// While a guest runs, the processor's EFER.SVME is set, whatever KVM shows. Before the intercept the
// processor checks only CPL and RAX: at CPL 0, with the address of a page in RAX, the instruction exits.
constexpr std::string_view svm_source =
    APM_INSTRUCTIONS "; init_vmcb() sets the intercept, nested_svm_check_permissions() raises #UD";
constexpr std::string_view skinit_source =
    APM_INSTRUCTIONS "; init_vmcb() sets the intercept, skinit_interception() raises #UD";
constexpr auto on_vmx =
    vmx_undefined("SDM vol. 2, Opcode Map: no such opcode, #UD; vmx_update_exception_bitmap() intercepts it");

constexpr Expectation on_svm(ExitNumber exit, std::string_view source = svm_source) {
    return raises_undefined(exit, source);
}

// KVM clears these intercepts where the processor can execute the instruction in the guest
// (init_vmcb(), `vgif`; init_vmcb_after_set_cpuid(), `vls`). Then nothing raises #UD.
std::string_view if_executed(std::string_view how) {
    const bool executed = resumed_exceptions()[static_cast<unsigned>(Exception::invalid_opcode)] == 0;
    return executed ? how : "";
}
std::string_view virtual_gif() {
    return if_executed("this processor has a virtual GIF: KVM does not intercept STGI and CLGI");
}
std::string_view virtual_vmload() {
    return if_executed("this processor virtualizes VMLOAD and VMSAVE: KVM does not intercept them");
}

// A VMCB for instructions that may execute. VMLOAD loads what VMSAVE saved on the same vCPU.
[[gnu::aligned(4096)]] constinit std::uint8_t vmcb[4096]{};

void save_state() { asm volatile(MAY_FAULT("vmsave") : : "a"(vmcb) : "memory"); }

// Undoes a CLGI that was executed.
void set_gif() { asm volatile(MAY_FAULT("stgi")); }

void vmrun() { asm volatile(MAY_FAULT("vmrun") : : "a"(vmcb) : "memory"); }
void vmload() { asm volatile(MAY_FAULT("vmload") : : "a"(vmcb) : "memory"); }
void invlpga() { asm volatile(MAY_FAULT("invlpga") : : "a"(0), "c"(1) : "memory"); }
void skinit() { asm volatile(MAY_FAULT("skinit") : : "a"(0) : "memory"); }

constexpr Trigger catalogue[] = {
    {"svm.vmrun", "VMRUN", on_vmx, on_svm(SVM_EXIT_VMRUN), vmrun},
    {
        .name = "svm.vmload",
        .what = "VMLOAD",
        .vmx = on_vmx,
        .svm = on_svm(SVM_EXIT_VMLOAD),
        .fire = vmload,
        .prepare = save_state,
        .excuse = virtual_vmload,
        .boot_vcpu_only = true,
    },
    {
        .name = "svm.vmsave",
        .what = "VMSAVE",
        .vmx = on_vmx,
        .svm = on_svm(SVM_EXIT_VMSAVE),
        .fire = save_state,
        .excuse = virtual_vmload,
        .boot_vcpu_only = true,
    },
    {
        .name = "svm.stgi",
        .what = "STGI",
        .vmx = on_vmx,
        .svm = on_svm(SVM_EXIT_STGI),
        .fire = set_gif,
        .excuse = virtual_gif,
    },
    {
        .name = "svm.clgi",
        .what = "CLGI",
        .vmx = on_vmx,
        .svm = on_svm(SVM_EXIT_CLGI),
        .fire = [] { asm volatile(MAY_FAULT("clgi")); },
        .clean_up = set_gif,
        .excuse = virtual_gif,
    },
    {"svm.invlpga", "INVLPGA, address 0, ASID 1", on_vmx, on_svm(SVM_EXIT_INVLPGA), invlpga},
    {
        .name = "svm.skinit",
        .what = "SKINIT",
        .vmx = on_vmx,
        .svm = on_svm(SVM_EXIT_SKINIT, skinit_source),
        .fire = skinit,
        .hazard = needs_hypervisor,
    },
};

}

std::span<const Trigger> svm_triggers() { return catalogue; }

}
