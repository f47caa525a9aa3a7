// What is expected of a trigger, host by host.
#include "triggers/catalogue.hpp"

#include <gtest/gtest.h>

using triggers::Bound;
using triggers::Emulator;
using triggers::Numbering;
using triggers::Paging;
using triggers::Where;

TEST(Trigger, DeviatesOnlyWhereItSaysSo)
{
    static constexpr triggers::Deviation deviations[] = {
        {Where::on_qemu, Numbering::svm, {0x8d, Bound::none, 0, "not emulated"}},
        {Where::with_shadow_paging, Numbering::vmx, {14, Bound::exact, 1, "shadow"}},
        {Where::on_bochs_with_noise, Numbering::vmx, {8, Bound::none, 0, "mixed up"}, true},
    };
    triggers::Trigger trigger{};
    trigger.vmx = {55, Bound::exact, 1, "vmx"};
    trigger.svm = {0x8d, Bound::exact, 1, "svm"};
    trigger.deviations = deviations;

    const auto source = [&](Numbering numbering, const triggers::Circumstances& circumstances) {
        return trigger.expectation(numbering, circumstances).source;
    };
    EXPECT_EQ(source(Numbering::svm, {}), "svm");
    EXPECT_EQ(source(Numbering::svm, {.emulator = Emulator::qemu}), "not emulated");
    EXPECT_EQ(source(Numbering::svm, {.emulator = Emulator::bochs}), "svm");
    EXPECT_EQ(source(Numbering::svm, {.paging = Paging::shadow}), "svm");
    EXPECT_EQ(source(Numbering::vmx, {.emulator = Emulator::qemu}), "vmx");
    EXPECT_EQ(source(Numbering::vmx, {.emulator = Emulator::bochs, .paging = Paging::shadow}), "shadow");
    EXPECT_EQ(source(Numbering::vmx, {.emulator = Emulator::bochs}), "vmx");
    EXPECT_EQ(source(Numbering::vmx, {.noise = true}), "vmx");
    EXPECT_EQ(source(Numbering::vmx, {.emulator = Emulator::bochs, .noise = true}), "mixed up");
}
