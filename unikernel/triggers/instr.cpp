// Instructions of no other family: some exit, some KVM leaves to the processor, some are undefined in a
// guest.
#include "triggers/catalogue.hpp"
#include "triggers/does_not_exit.hpp"
#include "triggers/undefined.hpp"

#include "machine/control_registers.hpp"
#include "machine/exceptions.hpp"
#include "machine/features.hpp"
#include "machine/xsave.hpp"

namespace triggers {
namespace {

using namespace machine;

// RDPMC. Intel's processors exit before they check the counter's number. For a number that no processor has
// KVM raises #GP, whether or not this vCPU has counters. AMD's processors check first, and so need a number
// that every processor has.
constinit std::uint32_t counter = 0;

bool is_intel() { return vendor().view() == "GenuineIntel"; }

void choose_counter() {
    constexpr std::uint32_t no_processors = 0x3fffffff;
    counter = is_intel() ? no_processors : 0;
}

void read_counter() { asm volatile(MAY_FAULT("rdpmc") : : "c"(counter) : "rax", "rdx"); }

std::string_view lacks_counters() {
    if (is_intel()) return "";
    choose_counter();
    return raises(Exception::general_protection, read_counter)
               ? "this vCPU has no performance counters: RDPMC raises #GP"
               : "";
}

// XSETBV, XSAVES, XRSTORS need CR4.OSXSAVE.
constinit std::uint64_t xcr0 = 0;

void prepare_xsetbv() {
    set(Cr4::osxsave);
    xcr0 = read_xcr0();
}

// No component is requested, so only the header is written, always with the same values. All vCPUs share it.
constexpr std::uint64_t compacted = std::uint64_t{1} << 63;
struct alignas(64) XsaveArea {
    std::uint8_t legacy[512];
    std::uint64_t xstate_bv, xcomp_bv, reserved[6];
};
constinit XsaveArea xsave_area{.legacy = {}, .xstate_bv = 0, .xcomp_bv = compacted, .reserved = {}};

constexpr std::string_view no_lanes_processor = "no processor that a lane emulates has it";

constexpr std::string_view xss_source =
    "init_vmcs() leaves the XSS-exiting bitmap empty (VMX_XSS_EXIT_BITMAP)";

void write_same_xcr0() { write_xcr0(xcr0); }

void clean_up_xsetbv() { clear(Cr4::osxsave); }

bool xsetbv_does_not_exit() {
    if (!lacks<feature::xsave>().empty()) return false;
    prepare_xsetbv();
    const bool silent = does_not_exit(write_same_xcr0);
    clean_up_xsetbv();
    return silent;
}

constexpr Deviation xsetbv_deviations[] = {svm_measured(
    xsetbv_does_not_exit, never(SVM_EXIT_XSETBV, "QEMU's XSETBV (seen in 7.2) checks no intercept"))};

// RDPRU and ENCLS are undefined where the processor does not have them. A guest cannot know, because KVM
// hides both.
constexpr Deviation rdpru_deviations[] = {
    {Where::on_qemu, Numbering::svm, svm_undefined("QEMU does not implement RDPRU: #UD"), qemu_11_1},
    {Where::on_bochs, Numbering::svm,
     svm_undefined("Bochs's AMD processors, older than Zen 2, have no RDPRU: #UD"), bochs_3_0},
};
constexpr Deviation rsm_deviations[] = {
    {Where::on_bochs, Numbering::svm, svm_undefined("Bochs checks for SMM before the intercept: #UD"),
     bochs_3_0},
};
constexpr Deviation encls_deviations[] = {
    {Where::on_bochs, Numbering::vmx, vmx_undefined("Bochs does not emulate SGX: #UD"), bochs_3_0},
};

constexpr std::string_view no_amd_opcode =
    "APM vol. 3, Opcode and Operand Encodings: no such opcode, #UD; init_vmcb() intercepts it";
constexpr std::string_view no_intel_opcode =
    "SDM vol. 2, Opcode Map: no such opcode, #UD; vmx_update_exception_bitmap() intercepts it";
constexpr std::string_view no_svm_intercept = APM_INSTRUCTIONS ": it has no intercept";

void xsaves() { asm volatile("xsaves64 %0" : "+m"(xsave_area) : "a"(0), "d"(0)); }
void xrstors() { asm volatile("xrstors64 %0" : : "m"(xsave_area), "a"(0), "d"(0)); }
void rdtscp() { asm volatile("rdtscp" : : : "rax", "rcx", "rdx"); }
void rdpid() { asm volatile("rdpid %%rax" : : : "rax"); }
void rdrand() { asm volatile("rdrand %%rax" : : : "rax"); }
void rdseed() { asm volatile("rdseed %%rax" : : : "rax"); }
void rdpru() { asm volatile(MAY_FAULT("rdpru") : : "c"(0) : "rax", "rdx"); }
void encls() { asm volatile(MAY_FAULT("encls") : : "a"(0) : "memory"); }
void getsec() { asm volatile(MAY_FAULT("getsec") : : "a"(0), "b"(0) : "memory"); }
void pconfig() { asm volatile(MAY_FAULT("pconfig") : : "a"(0), "b"(0), "c"(0), "d"(0) : "memory"); }
void loadiwkey() { asm volatile(MAY_FAULT(".byte 0xf3, 0x0f, 0x38, 0xdc, 0xc1") : : "a"(0) : "memory"); }

constexpr Trigger catalogue[] = {
    {
        .name = "instr.rdpmc",
        .what = "RDPMC of counter 0 on AMD, of a counter that does not exist on Intel",
        .vmx = raising(Exception::general_protection,
                       {EXIT_REASON_RDPMC, Bound::exact, 1,
                        SDM_CONDITIONAL "; setup_vmcs_config() requires RDPMC exiting"}),
        .svm = {SVM_EXIT_RDPMC, Bound::exact, 1, APM_INSTRUCTIONS "; init_vmcb() sets the intercept"},
        .fire = read_counter,
        .prepare = choose_counter,
        .lacks = lacks_counters,
    },
    {
        .name = "instr.xsetbv",
        .what = "XSETBV of XCR0's own value",
        .vmx = {EXIT_REASON_XSETBV, Bound::exact, 1, SDM_UNCONDITIONAL},
        .svm = {SVM_EXIT_XSETBV, Bound::exact, 1, APM_INSTRUCTIONS "; init_vmcb() sets the intercept"},
        .fire = write_same_xcr0,
        .prepare = prepare_xsetbv,
        .clean_up = clean_up_xsetbv,
        .lacks = lacks<feature::xsave>,
        .deviations = xsetbv_deviations,
    },
    {
        .name = "instr.xsaves",
        .what = "XSAVES of no component",
        .vmx = never(EXIT_REASON_XSAVES, xss_source, no_lanes_processor),
        .svm = never(svm_undefined_exit, no_svm_intercept, no_lanes_processor),
        .fire = xsaves,
        .prepare = [] { set(Cr4::osxsave); },
        .clean_up = [] { clear(Cr4::osxsave); },
        .lacks = lacks<feature::xsaves>,
    },
    {
        .name = "instr.xrstors",
        .what = "XRSTORS of no component",
        .vmx = never(EXIT_REASON_XRSTORS, xss_source, no_lanes_processor),
        .svm = never(svm_undefined_exit, no_svm_intercept, no_lanes_processor),
        .fire = xrstors,
        .prepare = [] { set(Cr4::osxsave); },
        .clean_up = [] { clear(Cr4::osxsave); },
        .lacks = lacks<feature::xsaves>,
    },
    {
        .name = "instr.rdtscp",
        .what = "RDTSCP",
        .vmx = never(EXIT_REASON_RDTSCP, "vmx_exec_control() clears RDTSC exiting, which covers RDTSCP"),
        .svm = never(SVM_EXIT_RDTSCP, "svm_recalc_instruction_intercepts() clears the intercept"),
        .fire = rdtscp,
        .lacks = lacks<feature::rdtscp>,
    },
    {
        .name = "instr.rdpid",
        .what = "RDPID",
        .vmx = never(EXIT_REASON_RDTSCP, SDM_INSTRUCTIONS ": RDPID is not listed", no_lanes_processor),
        .svm = never(SVM_EXIT_RDTSCP, no_svm_intercept, no_lanes_processor),
        .fire = rdpid,
        .lacks = lacks<feature::rdpid>,
    },
    {
        .name = "instr.rdrand",
        .what = "RDRAND",
        .vmx = never(EXIT_REASON_RDRAND,
                     "vmx_secondary_exec_control() clears RDRAND exiting because the vCPU has RDRAND"),
        .svm = never(svm_undefined_exit, no_svm_intercept),
        .fire = rdrand,
        .lacks = lacks<feature::rdrand>,
    },
    {
        .name = "instr.rdseed",
        .what = "RDSEED",
        .vmx = never(EXIT_REASON_RDSEED,
                     "vmx_secondary_exec_control() clears RDSEED exiting because the vCPU has RDSEED",
                     no_lanes_processor),
        .svm = never(svm_undefined_exit, no_svm_intercept, no_lanes_processor),
        .fire = rdseed,
        .lacks = lacks<feature::rdseed>,
    },
    {"instr.ud2", "UD2", vmx_undefined("SDM vol. 2, UD: #UD; vmx_update_exception_bitmap() intercepts it"),
     svm_undefined("APM vol. 3, UD2: #UD; init_vmcb() intercepts it"),
     [] { asm volatile(MAY_FAULT("ud2")); }},
    {
        .name = "instr.rsm",
        .what = "RSM, outside SMM",
        .vmx = vmx_undefined(
            "SDM vol. 2, RSM: #UD outside SMM, also in a guest; em_rsm() raises it in the guest"),
        .svm =
            raises_undefined(SVM_EXIT_RSM, APM_INSTRUCTIONS
                             ", before any exception; init_vmcb() sets the intercept, em_rsm() raises #UD"),
        .fire = [] { asm volatile(MAY_FAULT("rsm")); },
        .deviations = rsm_deviations,
    },
    {
        .name = "instr.rdpru",
        .what = "RDPRU, register 0",
        .vmx = vmx_undefined(no_intel_opcode),
        .svm =
            unseen(no_lanes_processor, raises_undefined(SVM_EXIT_RDPRU, APM_INSTRUCTIONS
                                                        "; init_vmcb() sets the intercept, KVM raises #UD")),
        .fire = rdpru,
        .excuse = []() -> std::string_view {
            return "a processor before Zen 2 has no RDPRU: it is undefined, and exits as #UD";
        },
        .deviations = rdpru_deviations,
    },
    {
        .name = "instr.encls",
        .what = "ENCLS",
        .vmx =
            unseen(no_lanes_processor,
                   raises_undefined(EXIT_REASON_ENCLS, SDM_CONDITIONAL
                                    "; vmx_write_encls_bitmap() intercepts it; handle_encls() raises #UD")),
        .svm = svm_undefined(no_amd_opcode),
        .fire = encls,
        .lacks = []() -> std::string_view {
            return has(feature::sgx) ? "this vCPU has SGX: KVM does not intercept most of ENCLS" : "";
        },
        .excuse = []() -> std::string_view {
            return "a processor without SGX has no ENCLS: it is undefined, and exits as #UD";
        },
        .deviations = encls_deviations,
    },
    {"instr.getsec", "GETSEC, CAPABILITIES",
     vmx_undefined("SDM vol. 2, GETSEC: CR4.SMXE, which KVM keeps clear, is checked before the exit: #UD"),
     svm_undefined(no_amd_opcode), getsec},
    {"instr.pconfig", "PCONFIG",
     vmx_undefined("SDM vol. 2, PCONFIG: #UD, because KVM does not enable it for guests"),
     svm_undefined(no_amd_opcode), pconfig},
    // LOADIWKEY %xmm1, %xmm0
    {"instr.loadiwkey", "LOADIWKEY",
     vmx_undefined("SDM vol. 2, LOADIWKEY: #UD while CR4.KL is clear, and KVM keeps it clear"),
     svm_undefined(no_amd_opcode), loadiwkey},
};

}

std::span<const Trigger> instr_triggers() { return catalogue; }

}
