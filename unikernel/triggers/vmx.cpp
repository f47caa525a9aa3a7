// The instructions of VMX, in a guest that has not executed VMXON: on Intel each exits
// before it does anything else, on AMD they are undefined.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include "machine/exceptions.hpp"

namespace triggers {
namespace {

// Guest mode is VMX operation: what the manual's pseudocode checks of it, and of CR0.PE and
// CR4.VMXE, holds in the real registers, whatever KVM shows the guest. So each exits, and
// KVM, with or without nested VMX, finds that the guest is not in VMX operation: #UD.
constexpr std::string_view vmx_source = "SDM vol. 3, 26.1.2: exits unconditionally; "
                                        "handle_vmx_instruction(), nested_vmx_check_permission() raise #UD";
constexpr std::string_view vmread_source = "SDM vol. 3, 26.1.3; vmx_secondary_exec_control() clears VMCS "
                                           "shadowing; nested_vmx_check_permission() raises #UD";
constexpr std::string_view vmxon_source =
    "SDM vol. 3, 31.3, VMXON: exits in non-root operation; handle_vmxon() finds CR4.VMXE clear, #UD";
constexpr std::string_view svm_source =
    "APM vol. 3, appendix A: no such opcode, #UD; init_vmcb() intercepts it";

// A guest is not told which it is.
std::string_view why_vmfunc_may_not_exit()
{
    return "this vCPU has no VM functions: the processor has none, or KVM (6.12) clears them; VMFUNC is "
           "undefined, and exits "
           "so";
}

alignas(16) constexpr std::uint64_t operand[2]{};

constexpr Trigger vmx(std::string_view name, std::string_view what, ExitNumber exit, void (*fire)(),
                      std::string_view source = vmx_source, std::string_view (*excuse)() = nullptr)
{
    return {.name = name,
            .what = what,
            .vmx = raises_undefined(exit, source),
            .svm = svm_undefined(svm_source),
            .count = default_count,
            .prepare = nullptr,
            .fire = fire,
            .clean_up = nullptr,
            .excuse = excuse};
}

constexpr Trigger catalogue[] = {
    vmx(
        "vmx.vmxon", "VMXON", EXIT_REASON_VMON,
        [] { asm volatile(MAY_FAULT("vmxon %0")
                          :
                          : "m"(operand)
                          : "cc"); }, vmxon_source),
    vmx("vmx.vmxoff", "VMXOFF", EXIT_REASON_VMOFF, [] { asm volatile(MAY_FAULT("vmxoff")
                                                                     :
                                                                     :
                                                                     : "cc"); }),
    vmx("vmx.vmclear", "VMCLEAR", EXIT_REASON_VMCLEAR,
        [] {
            asm volatile(MAY_FAULT("vmclear %0") : : "m"(operand) : "cc");
        }),
    vmx("vmx.vmptrld", "VMPTRLD", EXIT_REASON_VMPTRLD,
        [] {
            asm volatile(MAY_FAULT("vmptrld %0") : : "m"(operand) : "cc");
        }),
    vmx("vmx.vmptrst", "VMPTRST", EXIT_REASON_VMPTRST,
        [] {
            std::uint64_t pointer;
            asm volatile(MAY_FAULT("vmptrst %0") : "=m"(pointer) : : "cc");
        }),
    vmx(
        "vmx.vmread", "VMREAD, field 0", EXIT_REASON_VMREAD,
        [] {
            std::uint64_t value = 0;
            asm volatile(MAY_FAULT("vmread %1, %0") : "+r"(value) : "r"(std::uint64_t{0}) : "cc");
        },
        vmread_source),
    vmx(
        "vmx.vmwrite", "VMWRITE, field 0", EXIT_REASON_VMWRITE,
        [] {
            asm volatile(MAY_FAULT("vmwrite %0, %1") : : "r"(std::uint64_t{0}), "r"(std::uint64_t{0}) : "cc");
        },
        vmread_source),
    vmx("vmx.vmlaunch", "VMLAUNCH", EXIT_REASON_VMLAUNCH,
        [] {
            asm volatile(MAY_FAULT("vmlaunch") : : : "cc", "memory");
        }),
    vmx("vmx.vmresume", "VMRESUME", EXIT_REASON_VMRESUME,
        [] {
            asm volatile(MAY_FAULT("vmresume") : : : "cc", "memory");
        }),
    vmx("vmx.invept", "INVEPT, all contexts", EXIT_REASON_INVEPT,
        [] {
            asm volatile(MAY_FAULT("invept %0, %1") : : "m"(operand), "r"(std::uint64_t{2}) : "cc");
        }),
    vmx("vmx.invvpid", "INVVPID, all contexts", EXIT_REASON_INVVPID,
        [] {
            asm volatile(MAY_FAULT("invvpid %0, %1") : : "m"(operand), "r"(std::uint64_t{2}) : "cc");
        }),
    vmx(
        "vmx.vmfunc", "VMFUNC 0", EXIT_REASON_VMFUNC,
        [] {
            asm volatile(MAY_FAULT("vmfunc") : : "a"(0), "c"(0) : "cc");
        },
        "SDM vol. 3, 26.5.6.2: exits, for KVM (6.1) enables VM functions, but none of them; handle_vmfunc() "
        "raises #UD",
        why_vmfunc_may_not_exit),
};

}

std::span<const Trigger> vmx_triggers() { return catalogue; }

}
