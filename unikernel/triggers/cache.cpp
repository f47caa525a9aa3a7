// Instructions that invalidate caches and translations.
#include "triggers/catalogue.hpp"

#include "machine/hypervisor.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr std::string_view svm_source = APM_INSTRUCTIONS "; init_vmcb() sets the intercept";

// INVD would discard modified cache lines. It is never executed: KVM intercepts it on both vendors in every
// configuration, and kvm_emulate_invd() skips it.
constexpr Deviation invd_deviations[] = {
    {Where::on_qemu,
     Numbering::svm,
     {SVM_EXIT_WBINVD, Bound::exact, 1,
      "QEMU checks WBINVD's intercept for INVD, and exits with WBINVD's code"},
     qemu_7_2},
};

constexpr Expectation vmx_write_back{EXIT_REASON_WBINVD, Bound::exact, 1,
                                     SDM_CONDITIONAL
                                     "; setup_vmcs_config() enables WBINVD exiting, which covers WBNOINVD"};
constexpr Expectation svm_write_back{SVM_EXIT_WBINVD, Bound::exact, 1, svm_source};

constexpr std::string_view vmx_paging_source = "vmx_exec_control() clears INVLPG exiting with EPT";
constexpr std::string_view vmx_shadow_source =
    "vmx_exec_control() keeps INVLPG exiting: KVM must update its shadow page tables";
constexpr std::string_view svm_shadow_source =
    "init_vmcb() keeps the intercept: KVM must update its shadow page tables";
constexpr std::string_view svm_shadow_unseen = "no lane runs KVM-AMD without nested paging";

constexpr Deviation invlpg_deviations[] = {
    vmx_shadowing({EXIT_REASON_INVLPG, Bound::exact, 1, vmx_shadow_source}),
    {Where::with_shadow_paging, Numbering::svm,
     unseen(svm_shadow_unseen, {SVM_EXIT_INVLPG, Bound::exact, 1, svm_shadow_source})},
};
constexpr Deviation invpcid_deviations[] = {
    vmx_shadowing({EXIT_REASON_INVPCID, Bound::exact, 1, vmx_shadow_source}),
    {Where::with_shadow_paging, Numbering::svm,
     unseen(svm_shadow_unseen, {SVM_EXIT_INVPCID, Bound::exact, 1, "svm_recalc_instruction_intercepts()"})},
};

// Mapped, and never touched: no later access depends on its translation.
constexpr std::uint64_t untouched = 0x70000000;

struct InvpcidDescriptor {
    std::uint64_t pcid, address;
};

void invalidate_by_pcid() {
    constexpr InvpcidDescriptor descriptor{0, untouched};
    constexpr std::uint64_t one_address = 0;
    asm volatile("invpcid %0, %1" : : "m"(descriptor), "r"(one_address) : "memory");
}

void clflush() { asm volatile("clflush %0" : : "m"(svm_source) : "memory"); }
void invlpg() { asm volatile("invlpg (%0)" : : "r"(untouched) : "memory"); }

constexpr Trigger catalogue[] = {
    {
        .name = "cache.invd",
        .what = "INVD",
        .vmx = {EXIT_REASON_INVD, Bound::exact, 1, SDM_UNCONDITIONAL "; kvm_emulate_invd() skips it"},
        .svm = {SVM_EXIT_INVD, Bound::exact, 1, svm_source},
        .fire = [] { asm volatile("invd"); },
        .hazard = needs_hypervisor,
        .deviations = invd_deviations,
    },
    {"cache.wbinvd", "WBINVD", vmx_write_back, svm_write_back, [] { asm volatile("wbinvd"); }},
    {"cache.wbnoinvd", "WBNOINVD, which older processors execute as WBINVD", vmx_write_back, svm_write_back,
     [] { asm volatile("wbnoinvd"); }},
    {"cache.clflush", "CLFLUSH", never(EXIT_REASON_WBINVD, SDM_INSTRUCTIONS ": CLFLUSH is not listed"),
     never(SVM_EXIT_WBINVD, APM_INSTRUCTIONS ": CLFLUSH has no intercept"), clflush},
    {
        .name = "cache.invlpg",
        .what = "INVLPG",
        .vmx = never(EXIT_REASON_INVLPG, vmx_paging_source),
        .svm = never(SVM_EXIT_INVLPG, "init_vmcb() clears the intercept with NPT"),
        .fire = invlpg,
        .deviations = invlpg_deviations,
    },
    {
        .name = "cache.invpcid",
        .what = "INVPCID of one address",
        .vmx = never(EXIT_REASON_INVPCID, vmx_paging_source),
        .svm = never(SVM_EXIT_INVPCID, "svm_recalc_instruction_intercepts() clears the intercept with NPT",
                     "no AMD processor that a lane emulates has it"),
        .fire = invalidate_by_pcid,
        .lacks = lacks<feature::invpcid>,
        .deviations = invpcid_deviations,
    },
};

}

std::span<const Trigger> cache_triggers() { return catalogue; }

}
