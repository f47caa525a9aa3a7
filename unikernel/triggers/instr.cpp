// Instructions that fit no other family: some exit, some KVM leaves to the processor, some
// are undefined in a guest.
#include "triggers/catalogue.hpp"
#include "triggers/passes.hpp"
#include "triggers/undefined.hpp"

#include "machine/control_registers.hpp"
#include "machine/exceptions.hpp"
#include "machine/features.hpp"
#include "machine/xsave.hpp"

namespace triggers {
namespace {

// RDPMC. Intel exits before it looks at the counter's number; of a number that no processor
// has KVM makes #GP, whether or not this vCPU has counters. AMD looks first, and so needs a
// number that every processor has.
constinit std::uint32_t counter = 0;

bool is_intel() { return machine::vendor().view() == "GenuineIntel"; }

void choose_counter()
{
    constexpr std::uint32_t no_processors = 0x3fffffff;
    counter = is_intel() ? no_processors : 0;
}

void read_counter() { asm volatile(MAY_FAULT("rdpmc") : : "c"(counter) : "rax", "rdx"); }

std::string_view lacks_counters()
{
    if (is_intel())
        return "";
    choose_counter();
    return machine::raises(Exception::general_protection, read_counter)
               ? "this vCPU has no performance counters: RDPMC raises #GP"
               : "";
}

// XSETBV, XSAVES, XRSTORS need CR4.OSXSAVE.
std::string_view lacks_xsave()
{
    return machine::lacks(machine::feature::xsave, "this vCPU has no XSAVE, hence no XSETBV");
}
std::string_view lacks_xsaves()
{
    return machine::lacks(machine::feature::xsaves, "this vCPU has no XSAVES");
}

constinit std::uint64_t xcr0 = 0;

void prepare_xsetbv()
{
    machine::set(machine::Cr4::osxsave);
    xcr0 = machine::read_xcr0();
}

// No component is asked for, so that nothing but the header is written, always the same:
// all vCPUs may share it.
constexpr std::uint64_t compacted = std::uint64_t{1} << 63;
struct alignas(64) XsaveArea {
    std::uint8_t legacy[512];
    std::uint64_t xstate_bv, xcomp_bv, reserved[6];
};
constinit XsaveArea xsave_area{.legacy = {}, .xstate_bv = 0, .xcomp_bv = compacted, .reserved = {}};

constexpr std::string_view no_lanes_processor = "no processor that a lane emulates has it";

constexpr std::string_view xss_source = "init_vmcs() has the XSS-exiting bitmap empty (VMX_XSS_EXIT_BITMAP)";

void write_same_xcr0() { machine::write_xcr0(xcr0); }

void clean_up_xsetbv() { machine::clear(machine::Cr4::osxsave); }

bool xsetbv_passes()
{
    if (!lacks_xsave().empty())
        return false;
    prepare_xsetbv();
    const bool passing = passes(write_same_xcr0);
    clean_up_xsetbv();
    return passing;
}

constexpr Deviation xsetbv_deviations[] = {
    {.where = Where::measured,
     .numbering = Numbering::svm,
     .instead = {SVM_EXIT_XSETBV, Bound::none, 0, "QEMU's XSETBV, as seen of 7.2, checks no intercept"},
     .found = xsetbv_passes},
};

// RDPRU and ENCLS: where the processor has them not, they are undefined; a guest cannot know,
// for KVM shows it neither.
constexpr Deviation rdpru_deviations[] = {
    {Where::on_qemu, Numbering::svm, svm_undefined("QEMU knows no RDPRU: #UD"), qemu_11_1},
    {Where::on_bochs, Numbering::svm,
     svm_undefined("Bochs's AMD processors, older than Zen 2, have no RDPRU: #UD"), bochs_3_0},
};
constexpr Deviation rsm_deviations[] = {
    {Where::on_bochs, Numbering::svm, svm_undefined("Bochs looks for SMM before the intercept: #UD"),
     bochs_3_0},
};
constexpr Deviation encls_deviations[] = {
    {Where::on_bochs, Numbering::vmx, vmx_undefined("Bochs emulates no SGX: #UD"), bochs_3_0},
};

constexpr Expectation with(Expectation expectation, std::string_view unseen)
{
    expectation.unseen = unseen;
    return expectation;
}

constexpr Expectation never(ExitNumber exit, std::string_view source, std::string_view unseen = {})
{
    return {.exit = exit, .bound = Bound::none, .per_firing = 0, .source = source, .unseen = unseen};
}

constexpr std::string_view no_amd_opcode =
    "APM vol. 3, appendix A: no such opcode, #UD; init_vmcb() intercepts it";
constexpr std::string_view no_intel_opcode =
    "SDM vol. 2, appendix A: no such opcode, #UD; vmx_update_exception_bitmap() intercepts it";
constexpr std::string_view no_svm_intercept = "APM vol. 2, 15.9: it has no intercept";

constexpr Trigger plain(std::string_view name, std::string_view what, const Expectation& vmx,
                        const Expectation& svm, void (*fire)(), std::string_view (*lacks)() = nullptr)
{
    return {.name = name,
            .what = what,
            .vmx = vmx,
            .svm = svm,
            .count = default_count,
            .prepare = nullptr,
            .fire = fire,
            .clean_up = nullptr,
            .lacks = lacks};
}

constexpr Trigger catalogue[] = {
    {
        .name = "instr.rdpmc",
        .what = "RDPMC, of counter 0 on AMD, of none on Intel",
        .vmx = {.exit = EXIT_REASON_RDPMC,
                .bound = Bound::exact,
                .per_firing = 1,
                .source = "SDM vol. 3, 26.1.3; setup_vmcs_config() requires RDPMC exiting",
                .raises = Exception::general_protection},
        .svm = {SVM_EXIT_RDPMC, Bound::exact, 1,
                "APM vol. 2, 15.9, table 15-7; init_vmcb() sets the intercept"},
        .count = default_count,
        .prepare = choose_counter,
        .fire = read_counter,
        .clean_up = nullptr,
        .lacks = lacks_counters,
    },
    {
        .name = "instr.xsetbv",
        .what = "XSETBV, XCR0's own value",
        .vmx = {EXIT_REASON_XSETBV, Bound::exact, 1, "SDM vol. 3, 26.1.2: XSETBV exits unconditionally"},
        .svm = {SVM_EXIT_XSETBV, Bound::exact, 1, "APM vol. 2, 15.9; init_vmcb() sets the intercept"},
        .count = default_count,
        .prepare = prepare_xsetbv,
        .fire = write_same_xcr0,
        .clean_up = clean_up_xsetbv,
        .lacks = lacks_xsave,
        .deviations = xsetbv_deviations,
    },
    {
        .name = "instr.xsaves",
        .what = "XSAVES of no component",
        .vmx = never(EXIT_REASON_XSAVES, xss_source, no_lanes_processor),
        .svm = never(svm_undefined_exit, no_svm_intercept, no_lanes_processor),
        .count = default_count,
        .prepare = [] { machine::set(machine::Cr4::osxsave); },
        .fire = [] { asm volatile("xsaves64 %0"
                                  : "+m"(xsave_area)
                                  : "a"(0), "d"(0)); },
        .clean_up = [] { machine::clear(machine::Cr4::osxsave); },
        .lacks = lacks_xsaves,
    },
    {
        .name = "instr.xrstors",
        .what = "XRSTORS of no component",
        .vmx = never(EXIT_REASON_XRSTORS, xss_source, no_lanes_processor),
        .svm = never(svm_undefined_exit, no_svm_intercept, no_lanes_processor),
        .count = default_count,
        .prepare = [] { machine::set(machine::Cr4::osxsave); },
        .fire = [] { asm volatile("xrstors64 %0"
                                  :
                                  : "m"(xsave_area), "a"(0), "d"(0)); },
        .clean_up = [] { machine::clear(machine::Cr4::osxsave); },
        .lacks = lacks_xsaves,
    },
    plain(
        "instr.rdtscp", "RDTSCP",
        never(EXIT_REASON_RDTSCP, "vmx_exec_control() clears RDTSC exiting, which is of RDTSCP too"),
        never(SVM_EXIT_RDTSCP, "svm_recalc_instruction_intercepts() clears the intercept"),
        [] {
            asm volatile("rdtscp" : : : "rax", "rcx", "rdx");
        },
        [] { return machine::lacks(machine::feature::rdtscp, "this vCPU has no RDTSCP"); }),
    plain(
        "instr.rdpid", "RDPID",
        never(EXIT_REASON_RDTSCP, "SDM vol. 3, 26.1: RDPID is not among the exiting instructions",
              no_lanes_processor),
        never(SVM_EXIT_RDTSCP, no_svm_intercept, no_lanes_processor),
        [] {
            std::uint64_t id;
            asm volatile("rdpid %0" : "=r"(id));
        },
        [] { return machine::lacks(machine::feature::rdpid, "this vCPU has no RDPID"); }),
    plain(
        "instr.rdrand", "RDRAND",
        never(EXIT_REASON_RDRAND,
              "vmx_secondary_exec_control() clears RDRAND exiting, as the vCPU has RDRAND"),
        never(svm_undefined_exit, no_svm_intercept),
        [] {
            std::uint64_t random;
            asm volatile("rdrand %0" : "=r"(random) : : "cc");
        },
        [] { return machine::lacks(machine::feature::rdrand, "this vCPU has no RDRAND"); }),
    plain(
        "instr.rdseed", "RDSEED",
        never(EXIT_REASON_RDSEED,
              "vmx_secondary_exec_control() clears RDSEED exiting, as the vCPU has RDSEED",
              no_lanes_processor),
        never(svm_undefined_exit, no_svm_intercept, no_lanes_processor),
        [] {
            std::uint64_t random;
            asm volatile("rdseed %0" : "=r"(random) : : "cc");
        },
        [] { return machine::lacks(machine::feature::rdseed, "this vCPU has no RDSEED"); }),
    plain("instr.ud2", "UD2",
          vmx_undefined("SDM vol. 2, UD: #UD; vmx_update_exception_bitmap() intercepts it"),
          svm_undefined("APM vol. 3, UD2: #UD; init_vmcb() intercepts it"),
          [] { asm volatile(MAY_FAULT("ud2")); }),
    {
        .name = "instr.rsm",
        .what = "RSM, outside SMM",
        .vmx = vmx_undefined("SDM vol. 2, RSM: #UD outside SMM, also in a guest; em_rsm() raises it again"),
        .svm = raises_undefined(SVM_EXIT_RSM, "APM vol. 2, 15.9, table 15-7: before any exception; "
                                              "init_vmcb() sets the intercept, em_rsm() raises #UD"),
        .count = default_count,
        .prepare = nullptr,
        .fire = [] { asm volatile(MAY_FAULT("rsm")
                                  :
                                  :
                                  : "memory"); },
        .clean_up = nullptr,
        .deviations = rsm_deviations,
    },
    {
        .name = "instr.rdpru",
        .what = "RDPRU, register 0",
        .vmx = vmx_undefined(no_intel_opcode),
        .svm = with(raises_undefined(SVM_EXIT_RDPRU,
                                     "APM vol. 2, 15.9; init_vmcb() sets the intercept, KVM raises #UD"),
                    no_lanes_processor),
        .count = default_count,
        .prepare = nullptr,
        .fire = [] { asm volatile(MAY_FAULT("rdpru")
                                  :
                                  : "c"(0)
                                  : "rax", "rdx"); },
        .clean_up = nullptr,
        .excuse = []() -> std::string_view {
            return "a processor before Zen 2 has no RDPRU: it is undefined, and exits so";
        },
        .deviations = rdpru_deviations,
    },
    {
        .name = "instr.encls",
        .what = "ENCLS",
        .vmx =
            with(raises_undefined(
                     EXIT_REASON_ENCLS,
                     "SDM vol. 3, 26.1.3; vmx_write_encls_bitmap() intercepts it; handle_encls() raises #UD"),
                 no_lanes_processor),
        .svm = svm_undefined(no_amd_opcode),
        .count = default_count,
        .prepare = nullptr,
        .fire = [] { asm volatile(MAY_FAULT("encls")
                                  :
                                  : "a"(0)
                                  : "memory"); },
        .clean_up = nullptr,
        .excuse = []() -> std::string_view {
            return "a processor without SGX has no ENCLS: it is undefined, and exits so";
        },
        .lacks = []() -> std::string_view {
            return machine::has(machine::feature::sgx) ? "this vCPU has SGX: KVM leaves most of ENCLS to it"
                                                       : "";
        },
        .deviations = encls_deviations,
    },
    plain(
        "instr.getsec", "GETSEC, CAPABILITIES",
        vmx_undefined("SDM vol. 2, GETSEC: CR4.SMXE, which KVM reserves, is looked at before the exit: #UD"),
        svm_undefined(no_amd_opcode),
        [] {
            asm volatile(MAY_FAULT("getsec") : : "a"(0), "b"(0) : "memory");
        }),
    plain("instr.pconfig", "PCONFIG",
          vmx_undefined("SDM vol. 2, PCONFIG: #UD, as KVM does not enable it for guests"),
          svm_undefined(no_amd_opcode),
          [] {
              asm volatile(MAY_FAULT("pconfig") : : "a"(0), "b"(0), "c"(0), "d"(0) : "memory");
          }),
    // LOADIWKEY %xmm1, %xmm0
    plain("instr.loadiwkey", "LOADIWKEY",
          vmx_undefined("SDM vol. 2, LOADIWKEY: #UD with CR4.KL clear, which KVM reserves"),
          svm_undefined(no_amd_opcode),
          [] {
              asm volatile(MAY_FAULT(".byte 0xf3, 0x0f, 0x38, 0xdc, 0xc1") : : "a"(0) : "memory");
          }),
};

}

std::span<const Trigger> instr_triggers() { return catalogue; }

}
