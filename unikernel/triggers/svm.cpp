// The instructions of SVM, in a guest that has not set EFER.SVME: on AMD KVM intercepts
// them, on Intel they are undefined.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include "machine/exceptions.hpp"

namespace triggers {
namespace {

// In a guest the real EFER.SVME is set, whatever KVM shows it, and the remaining checks
// before the intercept are of CPL and of RAX: at CPL 0, with the address of a page in RAX,
// the intercept comes.
constexpr std::string_view svm_source =
    "APM vol. 2, 15.9, table 15-7; init_vmcb() sets the intercept, nested_svm_check_permissions() raises #UD";
constexpr std::string_view skinit_source =
    "APM vol. 2, 15.9, table 15-7; init_vmcb() sets the intercept, skinit_interception() raises #UD";
constexpr std::string_view vmx_source =
    "SDM vol. 2, appendix A: no such opcode, #UD; vmx_update_exception_bitmap() intercepts it";

// KVM clears these intercepts where the processor can execute the instruction in the guest
// (init_vmcb(), `vgif`; init_vmcb_after_set_cpuid(), `vls`). Then nothing raises #UD.
std::string_view virtualized(std::string_view how)
{
    const bool executed =
        machine::resumed_exceptions()[static_cast<unsigned>(Exception::invalid_opcode)] == 0;
    return executed ? how : "";
}
std::string_view virtual_gif()
{
    return virtualized("this processor has a virtual GIF: KVM leaves STGI and CLGI to it");
}
std::string_view virtual_vmload()
{
    return virtualized("this processor virtualizes VMLOAD and VMSAVE: KVM leaves them to it");
}

// A VMCB for those that may execute. What VMLOAD would load was saved on the same vCPU.
[[gnu::aligned(4096)]] constinit std::uint8_t vmcb[4096]{};

void save_state() { asm volatile(MAY_FAULT("vmsave") : : "a"(vmcb) : "memory"); }

// Ends what CLGI may have begun.
void set_gif() { asm volatile(MAY_FAULT("stgi") : : : "memory"); }

constexpr Trigger svm(std::string_view name, std::string_view what, ExitNumber exit, void (*fire)())
{
    return {.name = name,
            .what = what,
            .vmx = vmx_undefined(vmx_source),
            .svm = raises_undefined(exit, exit == SVM_EXIT_SKINIT ? skinit_source : svm_source),
            .count = default_count,
            .prepare = nullptr,
            .fire = fire,
            .clean_up = nullptr};
}

constexpr Trigger with_excuse(Trigger trigger, std::string_view (*excuse)(), void (*prepare)(),
                              void (*clean_up)())
{
    trigger.excuse = excuse;
    trigger.prepare = prepare;
    trigger.clean_up = clean_up;
    return trigger;
}

// The page holds what one vCPU saved.
constexpr Trigger on_boot_vcpu(Trigger trigger)
{
    trigger.boot_vcpu_only = true;
    return trigger;
}

constexpr Trigger catalogue[] = {
    svm("svm.vmrun", "VMRUN", SVM_EXIT_VMRUN,
        [] {
            asm volatile(MAY_FAULT("vmrun") : : "a"(vmcb) : "memory");
        }),
    on_boot_vcpu(with_excuse(svm("svm.vmload", "VMLOAD", SVM_EXIT_VMLOAD,
                                 [] {
                                     asm volatile(MAY_FAULT("vmload") : : "a"(vmcb) : "memory");
                                 }),
                             virtual_vmload, save_state, nullptr)),
    on_boot_vcpu(with_excuse(svm("svm.vmsave", "VMSAVE", SVM_EXIT_VMSAVE, save_state), virtual_vmload,
                             nullptr, nullptr)),
    with_excuse(svm("svm.stgi", "STGI", SVM_EXIT_STGI, set_gif), virtual_gif, nullptr, nullptr),
    with_excuse(svm("svm.clgi", "CLGI", SVM_EXIT_CLGI,
                    [] {
                        asm volatile(MAY_FAULT("clgi") : : : "memory");
                    }),
                virtual_gif, nullptr, set_gif),
    svm("svm.invlpga", "INVLPGA, address 0, ASID 1", SVM_EXIT_INVLPGA,
        [] {
            asm volatile(MAY_FAULT("invlpga") : : "a"(0), "c"(1) : "memory");
        }),
    svm("svm.skinit", "SKINIT", SVM_EXIT_SKINIT,
        [] {
            asm volatile(MAY_FAULT("skinit") : : "a"(0) : "memory");
        }),
};

}

std::span<const Trigger> svm_triggers() { return catalogue; }

}
