// The instructions of VMX in a guest that has not executed VMXON. On Intel each exits before it does anything
// else; on AMD they are undefined.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include "machine/exceptions.hpp"

namespace triggers {
namespace {

// While a guest runs, the processor is in VMX operation, and its CR0.PE and CR4.VMXE are set, whatever KVM
// shows. So the checks in the manual's pseudocode pass and each instruction exits. KVM then finds that the
// guest is not in VMX operation, with or without nested VMX, and raises #UD.
constexpr std::string_view vmx_source =
    SDM_UNCONDITIONAL "; handle_vmx_instruction(), nested_vmx_check_permission() raise #UD";
constexpr std::string_view vmread_source = SDM_CONDITIONAL
    "; vmx_secondary_exec_control() clears VMCS shadowing; nested_vmx_check_permission() raises #UD";
constexpr std::string_view vmxon_source =
    "SDM vol. 3, VMX Instructions, VMXON; handle_vmxon() finds CR4.VMXE clear, #UD";
constexpr auto on_svm =
    svm_undefined("APM vol. 3, Opcode and Operand Encodings: no such opcode, #UD; init_vmcb() intercepts it");

constexpr Expectation on_vmx(ExitNumber exit, std::string_view source = vmx_source) {
    return raises_undefined(exit, source);
}

alignas(16) constexpr std::uint64_t operand[2]{};

void vmxon() { asm volatile(MAY_FAULT("vmxon %0") : : "m"(operand)); }
void vmclear() { asm volatile(MAY_FAULT("vmclear %0") : : "m"(operand)); }
void vmptrld() { asm volatile(MAY_FAULT("vmptrld %0") : : "m"(operand)); }
void vmwrite() { asm volatile(MAY_FAULT("vmwrite %0, %1") : : "r"(std::uint64_t{0}), "r"(std::uint64_t{0})); }
void invept() { asm volatile(MAY_FAULT("invept %0, %1") : : "m"(operand), "r"(std::uint64_t{2})); }
void invvpid() { asm volatile(MAY_FAULT("invvpid %0, %1") : : "m"(operand), "r"(std::uint64_t{2})); }
void vmfunc() { asm volatile(MAY_FAULT("vmfunc") : : "a"(0), "c"(0)); }

constexpr Trigger catalogue[] = {
    {"vmx.vmxon", "VMXON", on_vmx(EXIT_REASON_VMON, vmxon_source), on_svm, vmxon},
    {"vmx.vmxoff", "VMXOFF", on_vmx(EXIT_REASON_VMOFF), on_svm, [] { asm volatile(MAY_FAULT("vmxoff")); }},
    {"vmx.vmclear", "VMCLEAR", on_vmx(EXIT_REASON_VMCLEAR), on_svm, vmclear},
    {"vmx.vmptrld", "VMPTRLD", on_vmx(EXIT_REASON_VMPTRLD), on_svm, vmptrld},
    {"vmx.vmptrst", "VMPTRST", on_vmx(EXIT_REASON_VMPTRST), on_svm,
     [] {
         std::uint64_t pointer;
         asm volatile(MAY_FAULT("vmptrst %0") : "=m"(pointer) : : "cc");
     }},
    {"vmx.vmread", "VMREAD, field 0", on_vmx(EXIT_REASON_VMREAD, vmread_source), on_svm,
     [] {
         std::uint64_t value = 0;
         asm volatile(MAY_FAULT("vmread %1, %0") : "+r"(value) : "r"(std::uint64_t{0}) : "cc");
     }},
    {"vmx.vmwrite", "VMWRITE, field 0", on_vmx(EXIT_REASON_VMWRITE, vmread_source), on_svm, vmwrite},
    {"vmx.vmlaunch", "VMLAUNCH", on_vmx(EXIT_REASON_VMLAUNCH), on_svm,
     [] { asm volatile(MAY_FAULT("vmlaunch")); }},
    {"vmx.vmresume", "VMRESUME", on_vmx(EXIT_REASON_VMRESUME), on_svm,
     [] { asm volatile(MAY_FAULT("vmresume")); }},
    {"vmx.invept", "INVEPT, all contexts", on_vmx(EXIT_REASON_INVEPT), on_svm, invept},
    {"vmx.invvpid", "INVVPID, all contexts", on_vmx(EXIT_REASON_INVVPID), on_svm, invvpid},
    {
        .name = "vmx.vmfunc",
        .what = "VMFUNC 0",
        .vmx = on_vmx(EXIT_REASON_VMFUNC,
                      "SDM vol. 3, General Operation of the VMFUNC Instruction: KVM (6.1) enables VM "
                      "functions as such, but no single one; handle_vmfunc() raises #UD"),
        .svm = on_svm,
        .fire = vmfunc,
        .excuse = []() -> std::string_view {
            return "this vCPU has no VM functions: the processor has none, or KVM (from 6.12 on) clears "
                   "them; VMFUNC "
                   "is undefined, and exits as #UD";
        },
    },
};

}

std::span<const Trigger> vmx_triggers() { return catalogue; }

}
