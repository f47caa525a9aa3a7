// What is expected of a trigger, host by host.
#include "triggers/catalogue.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>
#include <gtest/gtest.h>

using triggers::Bound;
using triggers::Circumstances;
using triggers::Deviation;
using triggers::Emulator;
using triggers::Numbering;
using triggers::Paging;
using triggers::Where;

namespace {

// Where the expectation of a trigger with these deviations comes from.
std::string_view source(std::span<const Deviation> deviations, Numbering numbering,
                        const Circumstances& circumstances) {
    triggers::Trigger trigger{};
    trigger.vmx = {EXIT_REASON_XSETBV, Bound::exact, 1, "vmx"};
    trigger.svm = {SVM_EXIT_XSETBV, Bound::exact, 1, "svm"};
    trigger.deviations = deviations;
    const auto* const deviation = trigger.deviation(numbering, circumstances);
    return (deviation ? deviation->instead : trigger.expectation(numbering)).source;
}

}

TEST(Trigger, DeviatesOnlyWhereItSaysSo) {
    static constexpr Deviation deviations[] = {
        {Where::on_qemu,
         Numbering::svm,
         {SVM_EXIT_XSETBV, Bound::none, 0, "not emulated"},
         triggers::qemu_7_2},
        {Where::with_shadow_paging, Numbering::vmx, {EXIT_REASON_INVLPG, Bound::exact, 1, "shadow"}},
        {Where::on_bochs_with_noise,
         Numbering::vmx,
         {EXIT_REASON_NMI_WINDOW, Bound::none, 0, "mixed up"},
         triggers::bochs_2_7,
         true},
    };
    constexpr Circumstances qemu{.emulator = Emulator::qemu, .version = triggers::qemu_7_2};
    constexpr Circumstances bochs{.emulator = Emulator::bochs, .version = triggers::bochs_2_7};
    const auto on = [&](Numbering numbering, const Circumstances& circumstances) {
        return source(deviations, numbering, circumstances);
    };
    EXPECT_EQ(on(Numbering::svm, {}), "svm");
    EXPECT_EQ(on(Numbering::svm, qemu), "not emulated");
    EXPECT_EQ(on(Numbering::svm, bochs), "svm");
    EXPECT_EQ(on(Numbering::svm, {.paging = Paging::shadow}), "svm");
    EXPECT_EQ(on(Numbering::vmx, qemu), "vmx");
    EXPECT_EQ(on(Numbering::vmx,
                 {.emulator = Emulator::bochs, .version = triggers::bochs_2_7, .paging = Paging::shadow}),
              "shadow");
    EXPECT_EQ(on(Numbering::vmx, bochs), "vmx");
    EXPECT_EQ(on(Numbering::vmx, {.noise = true}), "vmx");
    EXPECT_EQ(
        on(Numbering::vmx, {.emulator = Emulator::bochs, .version = triggers::bochs_2_7, .noise = true}),
        "mixed up");
}

TEST(Trigger, DeviatesUpToTheLastVersionThatIsKnownTo) {
    static constexpr Deviation deviations[] = {
        {Where::on_qemu, Numbering::svm, {SVM_EXIT_XSETBV, Bound::none, 0, "deviates"}, triggers::qemu_10_0}};
    const auto on = [&](const triggers::Version& version) {
        return source(deviations, Numbering::svm, {.emulator = Emulator::qemu, .version = version});
    };
    for (const triggers::Version version : {triggers::Version{6, 2}, {7, 2}, {9, 11}, {10, 0}})
        EXPECT_EQ(on(version), "deviates") << version.major << "." << version.minor;
    for (const triggers::Version version : {triggers::Version{10, 1}, {11, 0}, {}})
        EXPECT_EQ(on(version), "svm") << version.major << "." << version.minor;
}

TEST(Trigger, IsLeftOutOnUntriedVersionsToo) {
    static constexpr Deviation deviations[] = {{Where::on_qemu,
                                                Numbering::svm,
                                                {SVM_EXIT_PAUSE, Bound::none, 0, "left out"},
                                                triggers::qemu_7_2,
                                                true}};
    const auto on = [&](const triggers::Version& version) {
        return source(deviations, Numbering::svm, {.emulator = Emulator::qemu, .version = version});
    };
    for (const triggers::Version version :
         {triggers::qemu_7_2, triggers::Version{12, 0}, triggers::Version{}})
        EXPECT_EQ(on(version), "left out") << version.major << "." << version.minor;
    EXPECT_EQ(on(triggers::qemu_10_0), "svm");
    EXPECT_EQ(source(deviations, Numbering::svm, {}), "svm");
}

TEST(Emulator, ForgetsTheInterruptShadowInOlderVersionsOfQemuAlone) {
    EXPECT_TRUE(forgets_interrupt_shadow(Emulator::qemu, triggers::qemu_7_2));
    EXPECT_FALSE(forgets_interrupt_shadow(Emulator::qemu, triggers::qemu_10_0));
    EXPECT_FALSE(forgets_interrupt_shadow(Emulator::qemu, {}));
    EXPECT_FALSE(forgets_interrupt_shadow(Emulator::bochs, triggers::bochs_2_7));
    EXPECT_FALSE(forgets_interrupt_shadow(Emulator::none, {}));
}

TEST(Trigger, DeviatesWhereItIsFoundToWhateverTheVersion) {
    static constexpr Deviation yes[] = {{.where = Where::measured,
                                         .numbering = Numbering::svm,
                                         .instead = {SVM_EXIT_XSETBV, Bound::none, 0, "found"},
                                         .found = [] { return true; }}};
    static constexpr Deviation no[] = {{.where = Where::measured,
                                        .numbering = Numbering::svm,
                                        .instead = {SVM_EXIT_XSETBV, Bound::none, 0, "found"},
                                        .found = [] { return false; }}};
    for (const auto& circumstances :
         {Circumstances{}, Circumstances{.emulator = Emulator::qemu, .version = {12, 0}}}) {
        EXPECT_EQ(source(yes, Numbering::svm, circumstances), "found");
        EXPECT_EQ(source(no, Numbering::svm, circumstances), "svm");
        EXPECT_EQ(source(yes, Numbering::vmx, circumstances), "vmx");
    }
}
