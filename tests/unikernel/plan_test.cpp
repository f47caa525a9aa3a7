// The plan's words.
#include "plan/audits.hpp"
#include "plan/near_match.hpp"
#include "plan/plan.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

using plan::Form;
using plan::Plan;

namespace {

std::set<std::string> selected(const Plan& plan) {
    std::set<std::string> names;
    plan::for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        if (plan.selects(index)) names.emplace(name);
    });
    return names;
}

std::uint32_t count_of(const Plan& plan, std::string_view wanted, std::uint32_t fallback) {
    std::uint32_t count = 0;
    plan::for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        if (name == wanted) count = plan.count(index, fallback);
    });
    return count;
}

std::uint32_t seconds_of(const Plan& plan, std::string_view wanted) {
    std::uint32_t seconds = 0;
    plan::for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        if (name == wanted) seconds = plan.seconds(index);
    });
    return seconds;
}

Plan parsed(std::string_view words) {
    Plan plan;
    const auto error = Plan::parse(words, plan);
    EXPECT_FALSE(error) << error->view();
    return plan;
}

std::string error_of(std::string_view words) {
    Plan plan;
    const auto error = Plan::parse(words, plan);
    return error ? std::string(error->view()) : "";
}

}

TEST(Plan, SelectsEverythingWithoutAName) {
    const auto all = selected(parsed("all"));
    EXPECT_TRUE(all.contains("io.out8"));
    EXPECT_TRUE(all.contains("ledger.conservation"));
    EXPECT_EQ(selected(parsed("")), all);
    EXPECT_EQ(selected(parsed("count=7 format=json")), all);
    EXPECT_EQ(parsed("all").size(), all.size());
}

TEST(Plan, SelectsByNameAndGlob) {
    EXPECT_EQ(selected(parsed("io.out8 hlt.timer")), (std::set<std::string>{"hlt.timer", "io.out8"}));
    EXPECT_EQ(selected(parsed("io.out*")), (std::set<std::string>{"io.out8", "io.out16", "io.out32"}));
    EXPECT_EQ(selected(parsed("io.?n8")), (std::set<std::string>{"io.in8"}));
}

TEST(Plan, CountsByItemThenByDefaultThenByTheTriggersOwn) {
    const auto plan = parsed("io.out8:count=12345 hlt.timer count=50");
    EXPECT_EQ(count_of(plan, "io.out8", 1000), 12345u);
    EXPECT_EQ(count_of(plan, "hlt.timer", 1000), 50u);
    EXPECT_EQ(count_of(parsed("io.out8"), "io.out8", 1000), 1000u);
}

TEST(Plan, ChoosesVcpusAndTheirApic) {
    EXPECT_EQ(parsed("all").vcpus(), 1u);
    EXPECT_EQ(parsed("vcpus=8 vcpus=64").vcpus(), 64u);
    for (const auto* words : {"vcpus=0", "vcpus=65", "vcpus=", "vcpus=two"})
        EXPECT_NE(error_of(words).find("whole number from 1 to 64"), std::string::npos) << words;
    EXPECT_EQ(parsed("all").apic(), machine::ApicMode::xapic);
    EXPECT_EQ(parsed("apic=x2apic").apic(), machine::ApicMode::x2apic);
    EXPECT_NE(error_of("apic=X2").find("xapic or x2apic"), std::string::npos);
    EXPECT_NE(error_of("vcpu=2").find("did you mean vcpus="), std::string::npos);
    EXPECT_NE(error_of("apics=xapic").find("did you mean apic="), std::string::npos);
}

TEST(Plan, ChoosesTheConsole) {
    EXPECT_EQ(parsed("all").console(), plan::Console::serial);
    EXPECT_EQ(parsed("console=virtio io.out8").console(), plan::Console::virtio);
    EXPECT_EQ(parsed("console=debug").console(), plan::Console::debug);
    EXPECT_EQ(parsed("console=virtio console=serial").console(), plan::Console::serial);
    EXPECT_NE(error_of("console=ttyS0").find("serial, virtio or debug"), std::string::npos);

    // What is no plan is told where every machine can be heard.
    Plan refused;
    EXPECT_TRUE(Plan::parse("console=virtio io.out9", refused));
    EXPECT_EQ(refused.console(), plan::Console::serial);
}

TEST(Plan, CountsTheExitsOfAuditsThatCauseSome) {
    EXPECT_EQ(count_of(parsed("smp.soak:count=77"), "smp.soak", 1), 77u);
}

TEST(Plan, LetsTheSoakLast) {
    EXPECT_EQ(seconds_of(parsed("smp.soak:seconds=60"), "smp.soak"), 60u);
    EXPECT_EQ(seconds_of(parsed("smp.*:seconds=60"), "smp.own-answers"), 0u);
    EXPECT_EQ(seconds_of(parsed("smp.soak:seconds=60 smp.soak:count=5"), "smp.soak"), 0u);
    EXPECT_NE(error_of("io.out8:seconds=60").find("io.out8 is counted"), std::string::npos);
    for (const auto* words : {"smp.soak:seconds=0", "smp.soak:seconds=86401", "smp.soak:seconds="})
        EXPECT_NE(error_of(words).find("whole number from 1 to 86400"), std::string::npos) << words;
}

TEST(Plan, TakesTheLaterCount) {
    EXPECT_EQ(count_of(parsed("io.*:count=3 io.out8:count=4"), "io.out8", 1), 4u);
}

TEST(Plan, MeasuresTheCostsOfTriggersAlone) {
    EXPECT_FALSE(parsed("all").costs());
    const auto all = selected(parsed("costs"));
    EXPECT_TRUE(parsed("costs").costs());
    EXPECT_TRUE(all.contains("io.out8"));
    EXPECT_FALSE(all.contains("ledger.conservation"));
    EXPECT_FALSE(all.contains("fatal.triple-fault"));
    EXPECT_EQ(selected(parsed("all costs")), all);
    EXPECT_EQ(selected(parsed("io.out8:count=7 costs ledger.*")), (std::set<std::string>{"io.out8"}));
    EXPECT_EQ(count_of(parsed("io.out8:count=7 costs"), "io.out8", 1), 7u);

    EXPECT_NE(error_of("costs ledger.*").find("names none"), std::string::npos);
    EXPECT_NE(error_of("costs vcpus=2").find("on one vCPU, not on 2"), std::string::npos);
    EXPECT_NE(error_of("costs fatal.triple-fault").find("ends the guest"), std::string::npos);
    EXPECT_NE(error_of("cost").find("did you mean costs"), std::string::npos);
    EXPECT_FALSE(parsed("costs").marks());
    EXPECT_TRUE(parsed("costs marks=yes").marks());
    EXPECT_NE(error_of("marks=on").find("marks is yes"), std::string::npos);
}

TEST(Plan, GoesOnAfterATrigger) {
    EXPECT_EQ(selected(parsed("io.in* after=io.in16 io.out8 io.out16")),
              (std::set<std::string>{"io.in32", "io.out16"}));
    EXPECT_FALSE(selected(parsed("after=fatal.triple-fault")).contains("nested.query"));
    EXPECT_TRUE(selected(parsed("after=fatal.triple-fault")).contains("ledger.layout"));
    EXPECT_NE(error_of("after=io.in9").find("did you mean io.in8"), std::string::npos);
    EXPECT_NE(error_of("io.in8 after=io.out8").find("leaves nothing"), std::string::npos);
}

TEST(Plan, ChoosesForms) {
    EXPECT_TRUE(parsed("all").writes(Form::table));
    const auto plan = parsed("format=ktap,json");
    EXPECT_TRUE(plan.writes(Form::ktap));
    EXPECT_TRUE(plan.writes(Form::json));
    EXPECT_FALSE(plan.writes(Form::table));
    EXPECT_NE(error_of("format=xml").find("ktap, table and json"), std::string::npos);
    EXPECT_NE(error_of("format="), "");
}

TEST(Plan, Repeats) {
    EXPECT_EQ(parsed("all").repeats(), 1u);
    EXPECT_EQ(parsed("repeat=10").repeats(), 10u);
    for (const auto* words : {"repeat=0", "repeat=1001", "repeat=", "repeat=x"})
        EXPECT_NE(error_of(words).find("from 1 to 1000 times"), std::string::npos) << words;
}

TEST(Plan, EndsTheGuestOnlyWhereThatIsAskedForAlone) {
    EXPECT_FALSE(selected(parsed("all")).contains("fatal.triple-fault"));
    EXPECT_FALSE(selected(parsed("*")).contains("fatal.triple-fault"));
    EXPECT_EQ(parsed("all").one_shot(), nullptr);
    const auto plan = parsed("format=json fatal.triple-fault emulator=qemu");
    EXPECT_EQ(selected(plan), (std::set<std::string>{"fatal.triple-fault"}));
    ASSERT_NE(plan.one_shot(), nullptr);
    EXPECT_EQ(plan.one_shot()->name, "fatal.triple-fault");
    EXPECT_NE(error_of("fatal.*").find("did you mean fatal.triple-fault"), std::string::npos);
    EXPECT_NE(error_of("fatal.triple-fault io.out8").find("nothing else"), std::string::npos);
    EXPECT_NE(error_of("all fatal.triple-fault").find("nothing else"), std::string::npos);
    EXPECT_NE(error_of("fatal.triple-fault:count=2").find("fired once"), std::string::npos);
}

TEST(Plan, TellsOfTheHost) {
    const auto plan = parsed("emulator=bochs paging=shadow noise=yes");
    EXPECT_EQ(plan.circumstances().emulator, triggers::Emulator::bochs);
    EXPECT_EQ(plan.circumstances().paging, triggers::Paging::shadow);
    EXPECT_TRUE(plan.circumstances().noise);
    EXPECT_FALSE(parsed("all").circumstances().noise);
    EXPECT_EQ(parsed("all").circumstances().emulator, triggers::Emulator::none);
    EXPECT_NE(error_of("emulator=vmware").find("qemu"), std::string::npos);
    EXPECT_NE(error_of("emulator=vmware:7.2").find("qemu"), std::string::npos);
    EXPECT_NE(error_of("noise=loud").find("yes"), std::string::npos);
    EXPECT_NE(error_of("paging=none").find("shadow"), std::string::npos);
}

TEST(Plan, TellsTheEmulatorsVersion) {
    EXPECT_EQ(parsed("emulator=qemu:7.2").circumstances().version, triggers::qemu_7_2);
    EXPECT_EQ(parsed("emulator=qemu:7.2.22").circumstances().version, triggers::qemu_7_2);
    EXPECT_EQ(parsed("emulator=qemu:10.0.13").circumstances().emulator, triggers::Emulator::qemu);
    EXPECT_EQ(parsed("emulator=bochs:2.7").circumstances().version, triggers::bochs_2_7);
    EXPECT_FALSE(parsed("emulator=qemu").circumstances().version.is_known());
    EXPECT_FALSE(parsed("emulator=qemu:7.2 emulator=bochs").circumstances().version.is_known());
    for (const auto* words :
         {"emulator=qemu:", "emulator=qemu:7", "emulator=qemu:x.y", "emulator=qemu:7.", "emulator=none:7.2"})
        EXPECT_NE(error_of(words).find("qemu:7.2"), std::string::npos) << words;
}

TEST(Plan, NamesNearMatchesOfAnUnknownWord) {
    EXPECT_NE(error_of("io.out9").find("did you mean io.out8"), std::string::npos) << error_of("io.out9");
    EXPECT_NE(error_of("hlt.tmer").find("did you mean hlt.timer"), std::string::npos);
    EXPECT_NE(error_of("cont=5").find("did you mean count="), std::string::npos);
    EXPECT_NE(error_of("zzz*").find("unknown plan word 'zzz*'"), std::string::npos);
}

TEST(Plan, RefusesCountsThatAreNone) {
    for (const auto* words : {"count=0", "count=", "count=-1", "count=1e3", "count=10000001",
                              "count=99999999999999999999", "io.out8:count=0", "io.out8:count="})
        EXPECT_NE(error_of(words).find("whole number"), std::string::npos) << words;
    EXPECT_NE(error_of("io.out8:times=3").find("count=N"), std::string::npos);
    EXPECT_NE(error_of("ledger.undefined:count=3").find("nothing to count"), std::string::npos);
    EXPECT_EQ(error_of("*:count=3"), "");
    EXPECT_EQ(error_of("count=10000000"), "");
}

TEST(Plan, CountsTheRandomChoicesOfAnAudit) {
    EXPECT_EQ(count_of(parsed("ledger.sweep:count=3"), "ledger.sweep", 1000), 3u);
    EXPECT_EQ(count_of(parsed("ledger.sweep"), "ledger.sweep", 1000), 1000u);
}

TEST(Plan, TellsTheLayout) {
    EXPECT_EQ(parsed("all").overrides().layout, nullptr);
    EXPECT_EQ(parsed("layout=F22").overrides().layout->name, "F22");
    EXPECT_EQ(parsed("layout=s20").overrides().layout, parsed("layout=F21").overrides().layout);
    EXPECT_EQ(parsed("layout=F20").overrides().layout->name, "S21/F20");
    for (const auto* words : {"layout=", "layout=F23", "layout=F21/S20x"})
        EXPECT_NE(error_of(words).find("layouts are F22"), std::string::npos) << words;
}

TEST(Plan, TellsTheEdition) {
    EXPECT_FALSE(parsed("all").overrides().last_defined);
    EXPECT_EQ(parsed("sdm=70").overrides().last_defined, 70u);
    for (const auto* words : {"sdm=", "sdm=63", "sdm=86", "sdm=2021", "sdm=x"})
        EXPECT_NE(error_of(words).find("64 to 85"), std::string::npos) << words;
}

TEST(Plan, TellsTheSeed) {
    EXPECT_EQ(parsed("all").seed(7), 7u);
    EXPECT_EQ(parsed("seed=0").seed(7), 0u);
    EXPECT_EQ(parsed("seed=4294967295").seed(7), 4294967295u);
    for (const auto* words : {"seed=", "seed=4294967296", "seed=-1"})
        EXPECT_NE(error_of(words).find("whole number"), std::string::npos) << words;
}

TEST(Plan, IsAsIfNothingHadBeenAskedAfterAnError) {
    Plan plan;
    EXPECT_TRUE(Plan::parse("format=json io.out9", plan));
    EXPECT_TRUE(plan.writes(Form::ktap));
}

TEST(Plan, FitsEveryAudit) {
    std::size_t audits = 0;
    std::set<std::string_view> names;
    plan::for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        EXPECT_EQ(index, audits++);
        EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
    });
    EXPECT_LE(audits, Plan::max_audits);
}

TEST(NearMatch, MatchesGlobs) {
    EXPECT_TRUE(plan::matches("*", ""));
    EXPECT_TRUE(plan::matches("io.*8", "io.rep-outs8"));
    EXPECT_FALSE(plan::matches("io.*8", "io.out32"));
    EXPECT_FALSE(plan::matches("?", ""));
}

TEST(NearMatch, CountsEdits) {
    EXPECT_EQ(plan::edit_distance("", "abc"), 3u);
    EXPECT_EQ(plan::edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(plan::edit_distance("io.out8", "io.out8"), 0u);
    EXPECT_EQ(plan::edit_distance(std::string(100, 'a'), std::string(100, 'a')), 0u);
}
