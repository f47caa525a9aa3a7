// Each class of wrong host, told by what the audits saw of it; and an honest one, of which nothing is told.
#include "fake_host.hpp"

#include "audit/growth.hpp"
#include "diagnosis/diagnosis.hpp"
#include "audit/rules/bench.hpp"
#include "audit/rules/rules.hpp"
#include "audit/rules/time.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using audit::Outcome;
using audit::Result;
using audit::Symptom;
using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Numbering;
using triggers::Bound;

namespace {

struct Firing {
    std::string_view name;
    ExitNumber vmx, svm;
    bool fastpath = false;
};

// Shortcuts of the retpolines' and others, and of one number with and without a fastpath.
constexpr Firing firings[] = {
    {"cpuid.leaf0", 10, 0x72},   {"io.out8", 30, 0x7b},
    {"msr.write-tsc", 32, 0x7c}, {"msr.write-tsc-deadline", 32, 0x7c, true},
    {"msr.read-efer", 31, 0x7c}, {"hlt.timer", 12, 0x78},
    {"instr.wbinvd", 54, 0x89},  {"interrupt.window", 7, 0x64},
};

constexpr std::uint32_t times = 100;

bool tells_exits(std::uint32_t leaf) {
    return leaf >= KVM_EXIT_LEDGER_LEAF_EXTREMES && leaf != KVM_EXIT_LEDGER_LEAF_TOTAL &&
           leaf != KVM_EXIT_LEDGER_LEAF_CYCLES && leaf <= KVM_EXIT_LEDGER_LEAF_LAST;
}

class FindingsTest : public testing::TestWithParam<Numbering> {
protected:
    FakeHost host{GetParam()};
    std::vector<Result> results;
    diagnosis::Diagnosis findings;
    unsigned vcpus = 1;

    /// What the host records of the firings of a trigger.
    std::function<void(const Firing&, ExitNumber exit)> record = [this](auto&, auto exit) {
        host.cause(exit, times);
    };

    bool vmx() const { return GetParam() == Numbering::vmx; }

    /// The exit's number on this vendor's host.
    ExitNumber number(ExitNumber on_vmx, ExitNumber on_svm) const { return vmx() ? on_vmx : on_svm; }
    ExitNumber cpuid_number() const { return ledger::cpuid_exit(GetParam()); }

    void count_queries_twice() {
        host.meanwhile = [this] { host.cause(cpuid_number(), 1); };
    }

    /// EDX of undefined numbers, where all ones are due.
    void mark_undefined_by(std::uint32_t edx) {
        host.spoil = [=](auto leaf, auto, auto& r) {
            if (tells_exits(leaf) && r.edx == ~0u) r.edx = edx;
        };
    }

    void fire(const Firing& firing, ledger::Leaves& leaves) {
        const auto exit = number(firing.vmx, firing.svm);
        const ledger::Snapshot before(leaves, ledger::all_rows(leaves.numbering()));
        record(firing, exit);
        const ledger::Snapshot after(leaves, ledger::all_rows(leaves.numbering()));
        auto& result = results.emplace_back();
        result.name = firing.name;
        audit::judge_growth({exit, Bound::exact, 1, "test", {}, firing.fastpath}, audit::Coverage(GetParam()),
                            {times}, before, after, result);
    }

    /// Everything that needs no hardware, once; then the findings' ids in their order.
    std::vector<std::string> ids(const ledger::Overrides& overrides = {}) {
        results.clear();
        const auto profile = host.profile(overrides);
        EXPECT_TRUE(profile.patched);
        auto leaves = profile.leaves(host.cpuid());
        ledger::MonotonicityCheck monotonicity;
        leaves.watch(monotonicity);
        for (const auto& firing : firings) fire(firing, leaves);
        for (const auto& rule : portable_rules()) {
            auto& result = results.emplace_back();
            result.name = rule.name;
            rule.run({leaves, profile, monotonicity, {200}, 1}, result);
        }
        return found(profile);
    }

    std::vector<std::string> found(const ledger::Profile& profile) {
        findings.find({results, profile, vcpus});
        std::vector<std::string> all;
        for (const auto& finding : findings.findings()) all.emplace_back(finding.id);
        return all;
    }

    /// For what only hardware shows: results of a test's own making.
    std::vector<std::string> found() { return found(host.profile()); }

    Result& failed(std::string_view name) {
        auto& result = results.emplace_back();
        result.name = name;
        result.fail("wrong");
        return result;
    }

    /// A trigger that failed for its own row's growth, or for rows beside it that moved.
    audit::Measurement& failed_firing(std::string_view name, ExitNumber exit, std::uint64_t caused,
                                      std::int64_t told,
                                      std::initializer_list<audit::Measurement::Stray> strays = {}) {
        auto& m = failed(name).measurement.emplace();
        m.exit = exit;
        m.bound = Bound::exact;
        m.caused = caused;
        m.counted = told;
        std::ranges::copy(strays, m.stray_rows.begin());
        m.stray_count = strays.size();
        return m;
    }

    /// A nested guest's exits that KVM passes on, of which none is counted.
    void lose_passed_on() {
        auto& m = failed_firing("nested.cpuid", cpuid_number(), 100, 0);
        m.nested = true;
        m.queries = 300;
        failed("ledger.conservation").show(Symptom::passed_on_lost);
    }

    void expect_words(std::string_view words) {
        ASSERT_FALSE(findings.findings().empty());
        const auto text = findings.findings().front().text.view();
        EXPECT_NE(text.find(words), std::string_view::npos) << text;
    }

    void expect_nothing_unexplained() {
        for (std::size_t i = 0; i < results.size(); i++)
            if (results[i].outcome == Outcome::not_ok && !findings.explains(results[i], i))
                ADD_FAILURE() << results[i].name << ": " << results[i].message.view();
    }

    bool has_note(std::string_view id) const {
        return std::ranges::find(findings.notes(), id, &diagnosis::Finding::id) != findings.notes().end();
    }
};

using Ids = std::vector<std::string>;

constexpr auto exit_count = static_cast<std::uint32_t>(Leaf::exit_count);
constexpr auto exit_cycles = static_cast<std::uint32_t>(Leaf::exit_cycles);

}

// KVM-AMD has fewer fastpaths, and KVM-Intel no exit reason that can be left stale.
class IntelFindingsTest : public FindingsTest {};
class AmdFindingsTest : public FindingsTest {};

TEST_P(FindingsTest, OfAnHonestHostAreNone) {
    EXPECT_EQ(ids(), Ids{});
    expect_nothing_unexplained();
    EXPECT_TRUE(findings.notes().empty());
}

TEST_P(FindingsTest, NameTheRetpolineShortcut) {
    const auto shortcuts =
        vmx() ? std::vector<ExitNumber>{32, 12, 7} : std::vector<ExitNumber>{0x7c, 0x78, 0x64};
    record = [&](auto&, auto exit) {
        if (std::ranges::find(shortcuts, exit) == shortcuts.end()) host.cause(exit, times);
    };
    EXPECT_EQ(ids(), Ids{"retpoline-shortcut"});
    expect_words(vmx() ? "MSR_WRITE (0x20), HLT (0xc), INTERRUPT_WINDOW (0x7) exits read 0"
                       : "msr (0x7c), hlt (0x78), vintr (0x64) exits read 0");
    expect_words(vmx() ? "__vmx_handle_exit()" : "svm_invoke_exit_handler()");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameAQueryThatClearsWhatItAnswers) {
    host.spoil = [cleared = std::map<ExitNumber, std::uint32_t>()](auto leaf, auto exit, auto& r) mutable {
        if (leaf == exit_count && r.edx == 0) r.eax -= std::exchange(cleared[exit], r.eax);
    };
    EXPECT_EQ(ids(), Ids{"counts-go-back"});
    expect_words("a query that resets what it answers");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameCountsOfTooFewBits) {
    host.cause(number(30, 0x7b), 65500);
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == exit_count && r.edx == 0) r.eax &= 0xffff;
    };
    EXPECT_EQ(ids(), Ids{"counts-go-back"});
    expect_words("too few bits");
    expect_nothing_unexplained();
}

// With several vCPUs a race may be why.
TEST_P(FindingsTest, TakeNoRaceForCountsThatAreCleared) {
    vcpus = 2;
    failed("time.monotonic").show(Symptom::count_unsteady);
    EXPECT_EQ(found(), Ids{});
    failed_firing("io.out8", number(30, 0x7b), 400, -885);
    EXPECT_EQ(found(), Ids{"counts-go-back"});
    EXPECT_EQ(findings.findings().front().or_id, "racing-counters");
}

TEST_P(FindingsTest, SayThatExitsAreLostOnOnePathAlone) {
    ids();
    failed_firing("io.in8", number(30, 0x7b), 200, 0);
    EXPECT_EQ(found(), Ids{"lost-exits"});
    expect_words("not counted on one path, and counted on another");
}

TEST_P(FindingsTest, NameALostFastpath) {
    record = [&](auto& firing, auto exit) {
        if (!firing.fastpath) host.cause(exit, times);
    };
    EXPECT_EQ(ids(), Ids{"lost-fastpath"});
    expect_words(vmx() ? "MSR_WRITE (0x20) exits that KVM handles in its fastpath are lost"
                       : "msr (0x7c) exits that KVM handles");
    expect_nothing_unexplained();
}

// The host's own interrupts are in the total, too.
TEST_P(FindingsTest, NameALostFastpathByTheTotal) {
    const auto exit = number(32, 0x7c);
    failed_firing("msr.write-tsc-deadline", exit, times, 2).fastpath = true;
    failed_firing("msr.write-tsc", exit, times, times);
    results.back().outcome = Outcome::ok;
    for (auto& result : results) result.measurement->by_total = true;
    EXPECT_EQ(found(), Ids{"lost-fastpath"});
    expect_nothing_unexplained();
}

// Of HLT and the preemption timer all are then lost, of MSR writes some.
TEST_P(IntelFindingsTest, TakeNoFastpathsForShortcuts) {
    record = [&](auto& firing, auto exit) { host.cause(exit, firing.fastpath || exit == 12 ? 0 : times); };
    ids();
    failed_firing("interrupt.tsc-deadline", 52, 4, 0).bound = Bound::at_least;
    EXPECT_EQ(found(), Ids{"lost-fastpath"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, HoldALateCounterForWhatIsPassedOnToo) {
    record = [&](auto& firing, auto exit) {
        if (!firing.fastpath) host.cause(exit, times);
    };
    ids();
    lose_passed_on();
    EXPECT_EQ(found(), Ids{"lost-fastpath"});
    expect_nothing_unexplained();
    const auto shortcuts =
        vmx() ? std::vector<ExitNumber>{32, 12, 7} : std::vector<ExitNumber>{0x7c, 0x78, 0x64};
    record = [&](auto&, auto exit) {
        if (std::ranges::find(shortcuts, exit) == shortcuts.end()) host.cause(exit, times);
    };
    ids();
    lose_passed_on();
    EXPECT_EQ(found(), Ids{"retpoline-shortcut"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameLossesOfANestedGuestAlone) {
    ids();
    lose_passed_on();
    EXPECT_EQ(found(), Ids{"lost-exits"});
    expect_words("passes on to the nested guest's hypervisor");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameARowThatTellsWhatIsOnlyPassedOn) {
    const auto tell = [this] {
        auto& m = failed_firing("nested.rdtsc", number(24, 0x80), 100, 100, {{number(16, 0x6e), 100, 0, 0}});
        m.nested = m.unhandled = true;
        failed("ledger.conservation").show(Symptom::passed_on_lost);
    };
    ids();
    tell();
    EXPECT_EQ(found(), Ids{"not-enabled-answer"});
    expect_nothing_unexplained();
    mark_undefined_by(0);
    ids();
    tell();
    EXPECT_EQ(found(), Ids{"wrong-register"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameWhatIsCountedAndNotTimed) {
    for (const auto& [name, exit, cycles] :
         {std::tuple{"io.out8", number(30, 0x7b), 5000u}, {"hlt.timer", number(12, 0x78), 0u}}) {
        auto& result = results.emplace_back();
        result.name = name;
        auto& m = result.measurement.emplace();
        m.exit = exit;
        m.bound = Bound::exact;
        m.caused = 10;
        m.counted = 10;
        m.host = {10, cycles, {}, {}};
        audit::judge_time(100'000, result);
    }
    EXPECT_EQ(found(), Ids{"counted-not-timed"});
    expect_words("behind the retpoline shortcut");
}

TEST_P(FindingsTest, NameRegistersThatAreNotCleared) {
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == exit_count && r.edx == 0) r.ecx = exit;
    };
    EXPECT_EQ(ids(), Ids{"registers-not-cleared"});
    expect_nothing_unexplained();
    host.spoil = [](auto leaf, auto, auto& r) {
        if (tells_exits(leaf)) r.edx = ~0u;
    };
    EXPECT_EQ(ids(), Ids{"registers-not-cleared"});
    expect_words("EDX is all ones beside a value");
}

TEST_P(FindingsTest, NameABoundThatIsOffByOne) {
    const ExitNumber behind = number(86, 0xa7);
    host.spoil = [=](auto leaf, auto exit, auto& r) {
        if (tells_exits(leaf) && exit == behind) r = {};
    };
    EXPECT_EQ(ids(), Ids{"out-of-bounds"});
    expect_words("> instead of >=");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameAnUnguardedIndex) {
    const ExitNumber behind = number(86, 0xa7);
    host.spoil = [=](auto leaf, auto exit, auto& r) {
        if (tells_exits(leaf) && exit >= behind && r.edx != 0) r = {exit * 77, 0, 0, 0};
    };
    EXPECT_EQ(ids(), Ids{"out-of-bounds"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameARuleThatTestsTheWrongRegister) {
    mark_undefined_by(0);
    EXPECT_EQ(ids(), Ids{"wrong-register"});
    EXPECT_EQ(findings.findings().front().or_id, "undefined-answer");
    expect_words("EAX");
    expect_nothing_unexplained();
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == exit_count || leaf == exit_cycles) r = {0, 0, 0, ~0u};
    };
    EXPECT_EQ(ids(), Ids{"wrong-register"});
    expect_words("CPUID's own too");
}

TEST_P(FindingsTest, NameUndefinedAnswers) {
    mark_undefined_by(0xfffffff);
    EXPECT_EQ(ids(), Ids{"undefined-answer"});
    expect_words("another value than EDX=0xffffffff");
    expect_nothing_unexplained();
    const ExitNumber forgotten = number(42, 0x3ff);
    host.spoil = [=](auto leaf, auto exit, auto& r) {
        if (tells_exits(leaf) && (exit == forgotten || exit == 0xffff)) r = {};
    };
    EXPECT_EQ(ids(), Ids{"undefined-answer"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameNotEnabledAnswersAndExchangedOnes) {
    const auto not_enabled = [this](auto exit) {
        const auto exits = vmx() ? std::vector<ExitNumber>{3,  4,  5,  6,  11, 16, 17, 33, 34, 51, 63,
                                                           64, 65, 66, 69, 70, 72, 73, 78, 79, 80, 81}
                                 : std::vector<ExitNumber>{0x01, 0x02, 0x12, 0x28, 0x40, 0x63, 0x66, 0x67,
                                                           0x68, 0x6a, 0x6b, 0x6e, 0x70, 0x71, 0x75, 0x7e};
        return std::ranges::find(exits, exit) != exits.end();
    };
    host.spoil = [=](auto leaf, auto exit, auto& r) {
        if (tells_exits(leaf) && not_enabled(exit)) r = {0, 0, 0, ~0u};
    };
    EXPECT_EQ(ids(), Ids{"not-enabled-answer"});
    expect_nothing_unexplained();
    host.spoil = [=](auto leaf, auto exit, auto& r) {
        if (tells_exits(leaf))
            r = not_enabled(exit) ? FakeHost::Registers{0, 0, 0, ~0u}
                : r.edx == ~0u    ? FakeHost::Registers{}
                                  : r;
    };
    EXPECT_EQ(ids(), Ids{"answers-exchanged"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameAnAnswerThatIsOverwritten) {
    const FakeHost::Registers leaf0{0xd, 0x756e6547, 0x6c65746e, 0x49656e69},
        amd0{0xd, 0x68747541, 0x444d4163, 0x69746e65};
    host.spoil = [&](auto leaf, auto, auto& r) {
        if (leaf == exit_count || leaf == exit_cycles) r = vmx() ? leaf0 : amd0;
    };
    const auto all = ids();
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all.front(), "answer-overwritten");
}

TEST_P(FindingsTest, NameNoOtherVmWhereMemoryBehindTheTableMoves) {
    // The number just behind the table is one that KVM has no handler for.
    const auto read_behind = [this] {
        for (const auto* name : {"cpuid.leaf0", "io.out8", "io.in8", "cpuid.xsave"})
            failed_firing(name, number(30, 0x7b), 200, 200, {{number(70, 0x8e), 76029, 0, 0, true}});
        failed("ledger.sweep").show(Symptom::past_the_table);
    };
    ids();
    read_behind();
    EXPECT_EQ(found(), Ids{"out-of-bounds"});
    expect_nothing_unexplained();
}

// Codes beyond an array of Intel's size are counted in other memory, which changes rows of the array.
TEST_P(AmdFindingsTest, NameAnArrayThatIsTooShortForItsCodes) {
    failed("ledger.undefined").show(Symptom::undefined_garbage);
    failed("ledger.not-enabled").show(Symptom::not_enabled_garbage);
    failed_firing("instr.ud2", 0x46, 200, 0);
    failed_firing("cpuid.leaf0", 0x72, 200, 200, {{0x30, 3224, 0, 0}, {0x48, 377, 0, 0}});
    failed_firing("io.out8", 0x7b, 200, 200, {{0x66, 8'104'434, 0, 0}});
    failed_firing("dr.write-dr0", 0x30, 200, 2801);
    EXPECT_EQ(found(), Ids{"out-of-bounds"});
    expect_words("0x403");
    expect_nothing_unexplained();
}

TEST_P(IntelFindingsTest, NameMemoryBehindTheTableThatMovesSlowly) {
    failed_firing("cpuid.leaf0", 10, 400, 400, {{70, 151'699, 0, 0, true}}).queries = 280;
    EXPECT_EQ(found(), Ids{"out-of-bounds"});
    expect_words("0x46 grow");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameNotEnabledAnswersBesideARowThatMoves) {
    auto profile = host.profile();
    profile.moving.add(70);
    auto& result = failed("ledger.not-enabled");
    result.show(Symptom::past_the_table);
    EXPECT_EQ(found(profile), Ids{"out-of-bounds"});
    result.show(Symptom::not_enabled_garbage);
    EXPECT_EQ(found(profile), (vmx() ? Ids{"not-enabled-answer", "out-of-bounds"} : Ids{"out-of-bounds"}));
}

TEST_P(FindingsTest, NameANumberTakenForNotEnabledBesideInterrupts) {
    failed_firing("instr.wbinvd", number(54, 0x89), 200, 0).uncounted = 199;
    EXPECT_EQ(found(), Ids{"handled-not-enabled"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameNoFastpathThatARaceHalves) {
    vcpus = 2;
    ids();
    failed_firing("msr.write-tsc-deadline", number(32, 0x7c), 400, 195);
    failed_firing("io.out8", number(30, 0x7b), 400, 206);
    auto& m = failed_firing("dr.write-in-a-row", number(29, 0x30), 400, 1);
    m.bound = Bound::at_most;
    m.host = {1, 20'499'648, ledger::Leaves::Extremes{62'894, 20'273'292}, {}};
    EXPECT_EQ(found(), Ids{"racing-counters"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameARowThatTwoNumbersShare) {
    // Each shows what the other has as well.
    const ExitNumber one = number(30, 0x7b), other = number(54, 0x89);
    record = [&](auto&, auto exit) {
        host.cause(exit, times);
        if (exit == one || exit == other) host.cause(exit == one ? other : one, times);
    };
    EXPECT_EQ(ids(), Ids{"shared-slot"});
    expect_words("each other's row");
    record = [&](auto&, auto exit) {
        host.cause(exit, times);
        for (const auto& [a, b] : {std::pair{one, other}, {number(12, 0x78), number(7, 0x64)}})
            if (exit == a || exit == b) host.cause(exit == a ? b : a, times);
    };
    EXPECT_EQ(ids(), Ids{"shared-slot"});
    expect_words("show in rows of others of these");
    // A nested guest's row that is another's as well is none that KVM has no handler for.
    ids();
    failed_firing("nested.out", one, 100, 100, {{other, 100, 0, 0}}).nested = true;
    EXPECT_EQ(found(), Ids{"shared-slot"});
    record = [&](auto&, auto exit) { host.cause(exit == one ? other : exit, times); };
    EXPECT_EQ(ids(), Ids{"shared-slot"});
    expect_words("instead of their own");
}

TEST_P(FindingsTest, NameAnExitInTwoRows) {
    const ExitNumber one = number(30, 0x7b), other = number(54, 0x89);
    record = [&](auto&, auto exit) {
        host.cause(exit, times);
        if (exit == one) host.cause(other, times);
    };
    EXPECT_EQ(ids(), Ids{"exit-in-two-slots"});
    expect_words("not the other way round");
}

TEST_P(FindingsTest, NameExitsThatCountTwice) {
    record = [&](auto&, auto exit) { host.cause(exit, exit == number(30, 0x7b) ? 2 * times : times); };
    EXPECT_EQ(ids(), Ids{"counted-twice"});
    expect_words("others once");
    expect_nothing_unexplained();
    record = [&](auto&, auto exit) { host.cause(exit, 2 * times); };
    count_queries_twice();
    EXPECT_EQ(ids(), Ids{"counted-twice"});
    expect_nothing_unexplained();
}

// What comes beside an exit counts twice as well, whether or not a trigger has it for its own, and so does
// what may come.
TEST_P(FindingsTest, NameExitsThatCountTwiceBesideOthers) {
    record = [&](auto&, auto exit) { host.cause(exit, 2 * times); };
    count_queries_twice();
    ids();
    failed_firing(
        "cr.write-cr0-cd", number(28, 0x65), 200, 400,
        {{number(28, 0x10), 400, 200, 200}, {number(1, 0x60), 150, 0, 100}, {number(52, 0x64), 10, 0, 5}});
    EXPECT_EQ(found(), Ids{"counted-twice"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameASelfCountThatIsOff) {
    count_queries_twice();
    EXPECT_EQ(ids(), Ids{"self-count"});
    expect_words("twice");
    expect_nothing_unexplained();
    auto& m = failed_firing("nested.query", cpuid_number(), 100, 377);
    m.nested = true;
    m.queries = 177;
    EXPECT_EQ(found(), Ids{"self-count"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameASelfCountThatIsMissingBesideOthers) {
    host.counts_queries = false;
    ids();
    auto& m = failed_firing("dr.read-dr0", number(29, 0x20), 200, 201, {{cpuid_number(), 23, 200, 200}});
    m.queries = 177;
    m.bound = Bound::at_least;
    EXPECT_EQ(found(), Ids{"self-count"});
    expect_nothing_unexplained();
    // Twice as many as there must be at the least are right.
    auto& more =
        failed_firing("apic.read-version", number(48, 0x400), 40, 80, {{cpuid_number(), 23, 200, 200}});
    more.queries = 177;
    more.bound = Bound::at_least;
    EXPECT_EQ(found(), Ids{"self-count"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameAVendorThatIsNotPatched) {
    host.counts_queries = false;
    record = [](auto&, auto) {};
    EXPECT_EQ(ids(), Ids{"vendor-not-patched"});
    expect_words(vmx() ? "Intel" : "AMD");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameAVendorThatRecordsNothingByTriggersAlone) {
    host.counts_queries = false;
    failed_firing("cpuid.leaf0", cpuid_number(), 200, 0);
    failed_firing("io.out8", number(30, 0x7b), 200, 0);
    EXPECT_EQ(found(), Ids{"vendor-not-patched"});
    expect_nothing_unexplained();
}

TEST_P(AmdFindingsTest, NameAStaleExitReason) {
    host.counts_queries = false;
    host.meanwhile = [this] { host.cause(2, 1); };
    record = [this](auto&, auto) { host.cause(2, times); };
    EXPECT_EQ(ids(), Ids{"stale-exit-reason"});
    expect_words("kvm_run->exit_reason");
    expect_nothing_unexplained();
}

TEST_P(AmdFindingsTest, TakeOneRowThatAllExitsGoToForNoTableThatIsTooShort) {
    for (const ExitNumber exit : {0x72u, 0x78u, 0x7bu}) failed_firing("io.in8", exit, 200, 0);
    failed_firing("cr.read-cr2", 2, 200, 201);
    EXPECT_EQ(std::ranges::count(found(), "out-of-bounds"), 0);
    failed_firing("cr.write-cr3", 0x13, 200, 201);
    EXPECT_EQ(std::ranges::count(found(), "out-of-bounds"), 1);
}

// The vmx version of the assignment on AMD: rows below 70, and Intel's list of undefined numbers.
TEST_P(AmdFindingsTest, NameATableOf70ThatMarksTheRestAsUndefined) {
    host.has_own_leaves = false;
    host.spoil = [](auto leaf, auto exit, auto& r) {
        const bool intels = exit < 70 && exit != 35 && exit != 38 && exit != 42 && exit != 65;
        const auto asked = static_cast<ledger::Leaf>(leaf);
        if ((asked == ledger::Leaf::exit_count || asked == ledger::Leaf::exit_cycles) && !intels)
            r = ledger::undefined_mark;
    };
    ids();
    failed_firing("cr.read-dr6", 0x26, 200, 0);
    for (const auto& [name, exit] : {std::pair("cr.read-cr2", 2u), std::pair("cr.write-cr3", 0x13u)}) {
        auto& read = failed_firing(name, exit, 200, 200);
        read.queries = 80;
        results.back().outcome = Outcome::ok;
    }
    EXPECT_EQ(found(), Ids{"out-of-bounds"});
    expect_words("the table has room for Intel's numbers, and AMD's exit codes go up to 0x403");
    expect_nothing_unexplained();
    // A plan that fires none of the lower numbers, with two vCPUs.
    results.clear();
    vcpus = 2;
    for (const auto& [name, exit] : {std::pair("cpuid.leaf0", 0x72u), std::pair("io.out8", 0x7bu)})
        failed_firing(name, exit, 400, 0).uncounted = 400;
    failed("smp.soak").show(Symptom::soak_lost);
    EXPECT_EQ(found(), Ids{"out-of-bounds"});
    expect_nothing_unexplained();
}

// 6, KVM_EXIT_MMIO, has no row.
TEST_P(FindingsTest, NameAStaleExitReasonThatHasNoRow) {
    host.counts_queries = false;
    std::uint32_t exits = 0;
    host.meanwhile = [&] { exits++; };
    host.spoil = [&](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::total)) r.eax = exits;
    };
    record = [](auto&, auto) {};
    const auto all = ids();
    if (vmx()) {
        EXPECT_EQ(std::ranges::count(all, "vendor-not-patched"), 0);
        return;
    }
    EXPECT_EQ(all, Ids{"stale-exit-reason"});
    expect_words("the total grows, and no row does");
    expect_nothing_unexplained();
}

// One vCPU alone reads rows, so that answers which mix say nothing about them.
TEST_P(FindingsTest, TakeMixedAnswersForNoCounts) {
    failed("smp.own-answers").show(Symptom::foreign_answer);
    failed("smp.soak").show(Symptom::soak_lost);
    vcpus = 2;
    EXPECT_EQ(found(), Ids{"shared-query"});
    expect_nothing_unexplained();
    failed_firing("msr.write-fs-base", number(32, 0x7c), 0, 0, {{number(3, 0x56), -3, 0, 0, true}});
    EXPECT_EQ(found(), Ids{"shared-query"});
    expect_nothing_unexplained();
    failed_firing("cpuid.leaf0", number(10, 0x72), 400, 400, {{number(4, 0x14), 2, 0, 0, false}});
    EXPECT_EQ(found(), Ids{"shared-query"});
    expect_nothing_unexplained();
    failed_firing("io.in8", number(30, 0x7b), 200, 0);
    EXPECT_EQ(found(), (Ids{"shared-query", "lost-exits"}));
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameCountersOfTheWholeHost) {
    host.meanwhile = [this, n = 0]() mutable {
        if (++n % 7 == 0) host.cause(number(30, 0x7b), 1);
        if (n % 11 == 0) host.cause(number(31, 0x7c), 1);
    };
    EXPECT_EQ(ids(), Ids{"host-wide"});
    expect_nothing_unexplained();
}

// A VM that does nothing but CPUID adds to one row, by now more, now less, and now by chance as many as the
// queries.
TEST_P(FindingsTest, NameCountersOfTheWholeHostByOneRow) {
    const auto cpuid = cpuid_number();
    std::int64_t more = 0;
    for (const auto name : {"io.in8", "io.out8", "msr.read-efer", "hlt.timer", "instr.rdpmc"}) {
        failed_firing(name, number(30, 0x7b), 200, 200, {{cpuid, 340 + 97 * more++, 0, 0}}).queries = 340;
    }
    failed_firing("cpuid.leaf0", cpuid, 200, 577).queries = 340;
    failed_firing("memory.first-touch", number(48, 0x400), 5, 10, {{cpuid, 41, 0, 0}}).queries = 340;
    failed("time.window").show(Symptom::impossible);
    EXPECT_EQ(found(), Ids{"host-wide"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameOtherLeavesThatChanged) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == 0x40000000) r = {};
    };
    EXPECT_EQ(ids(), Ids{});
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == 0xb && exit == 5) r.ecx = 0;
    };
    EXPECT_EQ(ids(), Ids{"other-leaves-changed"});
    failed_firing("cpuid.faulting", cpuid_number(), 100, 100).queries = 177;
    EXPECT_EQ(found(), Ids{"other-leaves-changed"});
    expect_words("EAX takes in too many leaves");
    expect_words("asked for CPUID faulting");
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, NameCpuidThatDoesNotFault) {
    auto& m = failed_firing("cpuid.faulting", cpuid_number(), 200, 200);
    m.queries = 340;
    EXPECT_EQ(found(), Ids{"other-leaves-changed"});
    // It faults, and is wrong for another reason.
    m.raised[static_cast<unsigned>(machine::Exception::general_protection)] = 200;
    results.back().show(Symptom::halves_swapped);
    EXPECT_EQ(found(), Ids{"halves-swapped"});
}

TEST_P(FindingsTest, TellARaceFromExitsThatAreDropped) {
    failed("smp.soak").show(Symptom::soak_lost);
    vcpus = 2;
    EXPECT_EQ(found(), Ids{"racing-counters"});
    // Two that always meet lose half.
    auto& m = failed_firing("io.in8", number(30, 0x7b), 400, 210);
    EXPECT_EQ(found(), Ids{"racing-counters"});
    m.counted = 20;
    EXPECT_EQ(found(), Ids{"lost-exits"});
    m.counted = 210;
    // They contend for the counters meanwhile, and the host interrupts them.
    for (const auto name : {"nested.undefined", "nested.rdmsr", "nested.rdtsc"})
        failed_firing(name, number(0, 0x46), 100, 100, {{number(1, 0x60), 331, 0, 210}});
    EXPECT_EQ(found(), Ids{"racing-counters"});
    expect_nothing_unexplained();
    failed("ledger.self-count").show(Symptom::self_count_lost);
    EXPECT_EQ(found(), Ids{"lost-exits"});
}

TEST_P(FindingsTest, NameWhatOneSymptomTells) {
    const std::pair<Symptom, std::string> causes[] = {
        {Symptom::foreign_answer, "shared-query"},     {Symptom::halves_swapped, "halves-swapped"},
        {Symptom::high_word_lost, "high-word-lost"},   {Symptom::slow_query, "slow-query"},
        {Symptom::stops_early, "clock-stopped-early"},
    };
    for (const auto& [symptom, id] : causes) {
        results.clear();
        failed("some.audit").show(symptom);
        EXPECT_EQ(found(), Ids{id});
    }
}

TEST_P(FindingsTest, OfALayoutToldWrongAreThatAlone) {
    EXPECT_EQ(ids({ledger::find_layout("F21"), {}}), Ids{"wrong-layout"});
    expect_nothing_unexplained();
}

TEST_P(FindingsTest, AreSeveralWhereCausesAre) {
    record = [&](auto&, auto exit) { host.cause(exit, exit == number(30, 0x7b) ? 2 * times : times); };
    mark_undefined_by(0xfffffff);
    auto all = ids();
    std::ranges::sort(all);
    EXPECT_EQ(all, (Ids{"counted-twice", "undefined-answer"}));
    failed("time.extremes");
    found(host.profile());
    EXPECT_FALSE(findings.explains(results.back(), results.size() - 1));
}

TEST_P(FindingsTest, LeaveAnotherDefinitionOfTimeANote) {
    auto& result = results.emplace_back();
    result.name = "time.definition";
    result.message.write("the exit handler alone");
    result.show(Symptom::handler_alone);
    EXPECT_EQ(found(), Ids{});
    EXPECT_TRUE(has_note("handler-only"));
}

TEST_P(FindingsTest, TakeExitsThatAreNotTimedForNoDefinition) {
    auto& partly = failed("nested.cpuid");
    partly.show(Symptom::partly_untimed);
    auto& result = results.emplace_back();
    result.name = "time.definition";
    result.show(Symptom::part_of_exit);
    EXPECT_EQ(found(), Ids{"counted-not-timed"});
    expect_words("some exits are counted and not timed");
    EXPECT_FALSE(has_note("part-of-exit"));
}

TEST_P(FindingsTest, HoldMemoryBehindTheTableForItsMoves) {
    failed("ledger.undefined").show(Symptom::past_the_table);
    failed("ledger.read-only").show(Symptom::count_unsteady);
    failed("ledger.conservation").show(Symptom::rows_over_total);
    EXPECT_EQ(found(), Ids{"out-of-bounds"});
    expect_nothing_unexplained();
}

INSTANTIATE_TEST_SUITE_P(Intel, IntelFindingsTest, testing::Values(Numbering::vmx));
INSTANTIATE_TEST_SUITE_P(Amd, AmdFindingsTest, testing::Values(Numbering::svm));
INSTANTIATE_TEST_SUITE_P(Vendors, FindingsTest, testing::Values(Numbering::vmx, Numbering::svm),
                         [](const auto& tested) { return tested.param == Numbering::vmx ? "Vmx" : "Svm"; });
