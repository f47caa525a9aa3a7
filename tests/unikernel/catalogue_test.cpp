// What every entry of the catalogue must have.
#include "triggers/catalogue.hpp"
#include "triggers/untriggered.hpp"

#include <asm/kvm.h> // the exception vectors that asm/svm.h refers to
#include <asm/svm.h>
#include <asm/vmx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

using triggers::Bound;
using triggers::Expectation;
using triggers::Numbering;
using triggers::Row;
using triggers::Trigger;

namespace {

void expect_sound(Numbering numbering, ledger::ExitNumber exit, Bound bound, std::uint32_t per_firing) {
    EXPECT_TRUE(ledger::is_defined(numbering, exit)) << exit;
    EXPECT_EQ(bound == Bound::none, per_firing == 0);
}

void expect_sound(Numbering numbering, const Expectation& expectation) {
    expect_sound(numbering, expectation.exit, expectation.bound, expectation.per_firing);
    EXPECT_FALSE(expectation.source.empty());
    std::set<ledger::ExitNumber> rows{expectation.exit};
    for (const Row& row : expectation.also) {
        // "At least 0" is for rows of the host's own exits, which come as long as a firing lasts.
        if (row.bound != Bound::at_least) expect_sound(numbering, row.exit, row.bound, row.per_firing);
        EXPECT_TRUE(rows.insert(row.exit).second) << "row " << row.exit << " is named twice";
    }
}

// The exit numbers that a trigger demands, or whose absence it demands. "At most" is neither.
std::set<ledger::ExitNumber> spoken_of(Numbering numbering) {
    std::set<ledger::ExitNumber> exits;
    const auto add = [&](ledger::ExitNumber exit, Bound bound) {
        if (bound != Bound::at_most) exits.insert(exit);
    };
    const auto add_all = [&](const Expectation& expectation) {
        add(expectation.exit, expectation.bound);
        for (const Row& row : expectation.also) add(row.exit, row.bound);
    };
    triggers::for_each_trigger([&](const Trigger& trigger) {
        add_all(numbering == Numbering::vmx ? trigger.vmx : trigger.svm);
        for (const auto& deviation : trigger.deviations)
            if (deviation.numbering == numbering) add_all(deviation.instead);
    });
    return exits;
}

// What the manual defines or the kernel's headers name: those name -1, too.
std::set<ledger::ExitNumber> known(Numbering numbering) {
    static const std::multimap<std::int64_t, const char*> vmx{VMX_EXIT_REASONS}, svm{SVM_EXIT_REASONS};
    std::set<ledger::ExitNumber> exits;
    for (ledger::ExitNumber exit = 0; exit < ledger::exit_number_end; exit++)
        if (ledger::is_defined(numbering, exit)) exits.insert(exit);
    for (const auto& [number, name] : numbering == Numbering::vmx ? vmx : svm)
        exits.insert(static_cast<ledger::ExitNumber>(number));
    return exits;
}

bool is_name(std::string_view name) {
    const auto dot = name.find('.');
    const auto is_part = [](std::string_view part) {
        return !part.empty() && part.front() != '-' && part.back() != '-' &&
               part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == part.npos;
    };
    return dot != name.npos && is_part(name.substr(0, dot)) && is_part(name.substr(dot + 1));
}

}

TEST(Catalogue, HasSoundEntries) {
    triggers::for_each_trigger([](const Trigger& trigger) {
        SCOPED_TRACE(trigger.name);
        EXPECT_TRUE(is_name(trigger.name));
        EXPECT_FALSE(trigger.what.empty());
        EXPECT_GT(trigger.count, 0u);
        expect_sound(Numbering::vmx, trigger.vmx);
        expect_sound(Numbering::svm, trigger.svm);
        for (const auto& deviation : trigger.deviations) expect_sound(deviation.numbering, deviation.instead);
    });
}

TEST(Catalogue, NamesEachTriggerOnce) {
    std::set<std::string_view> names;
    triggers::for_each_trigger(
        [&](const Trigger& trigger) { EXPECT_TRUE(names.insert(trigger.name).second) << trigger.name; });
}

TEST(Catalogue, HasOneFamilyInEachFile) {
    for (const auto family : triggers::families) {
        const auto entries = family();
        ASSERT_FALSE(entries.empty());
        const auto prefix = entries.front().name.substr(0, entries.front().name.find('.') + 1);
        for (const Trigger& trigger : entries) EXPECT_TRUE(trigger.name.starts_with(prefix)) << trigger.name;
    }
}

TEST(Catalogue, DeviatesOnceForEachCircumstance) {
    triggers::for_each_trigger([](const Trigger& trigger) {
        std::set<std::pair<triggers::Where, Numbering>> seen;
        for (const auto& deviation : trigger.deviations)
            EXPECT_TRUE(seen.insert({deviation.where, deviation.numbering}).second) << trigger.name;
    });
}

TEST(Catalogue, NamesATriedVersionForEachDeviationOfAnEmulator) {
    triggers::for_each_trigger([](const Trigger& trigger) {
        for (const auto& deviation : trigger.deviations) {
            const auto emulator = deviation.emulator();
            EXPECT_EQ(deviation.last.is_known(), emulator != triggers::Emulator::none) << trigger.name;
            EXPECT_TRUE(is_tried(emulator, deviation.last)) << trigger.name;
        }
    });
}

// Bochs 3.0 keeps apart what blocks NMIs of several vCPUs; on SVM it deviates as 2.7 does.
TEST(Catalogue, KnowsWhereBochs3FollowsTheManual) {
    constexpr triggers::Circumstances bochs{
        .emulator = triggers::Emulator::bochs, .version = triggers::bochs_3_0, .noise = true};
    triggers::for_each_trigger([&](const Trigger& trigger) {
        if (trigger.name == "nmi.window") {
            EXPECT_FALSE(trigger.deviation(Numbering::vmx, bochs));
            EXPECT_TRUE(trigger.deviation(Numbering::svm, bochs));
        }
        if (trigger.name == "instr.rsm") {
            EXPECT_TRUE(trigger.deviation(Numbering::svm, bochs));
        }
    });
}

// What neither emulator of AMD can show is said to be unseen.
TEST(Catalogue, SaysWhatNoEmulatorShows) {
    triggers::for_each_trigger([](const Trigger& trigger) {
        const auto excused = [&](triggers::Where where) {
            return std::ranges::any_of(trigger.deviations, [&](const auto& each) {
                return each.where == where && each.numbering == Numbering::svm;
            });
        };
        const bool shown = !excused(triggers::Where::on_qemu) || !excused(triggers::Where::on_bochs);
        EXPECT_TRUE(shown || !trigger.svm.unseen.empty()) << trigger.name;
    });
}

TEST(Catalogue, SpeaksOfEachExitNumberOrSaysWhyNot) {
    for (const auto numbering : {Numbering::vmx, Numbering::svm}) {
        SCOPED_TRACE(numbering == Numbering::vmx ? "vmx" : "svm");
        const auto spoken = spoken_of(numbering);
        const auto entries = triggers::untriggered(numbering);
        const auto is_untriggered = [&](ledger::ExitNumber exit) {
            return std::ranges::any_of(
                entries, [&](const auto& entry) { return entry.first <= exit && exit <= entry.last; });
        };
        for (const auto exit : known(numbering))
            EXPECT_NE(spoken.contains(exit), is_untriggered(exit)) << std::hex << exit;
    }
}

TEST(Catalogue, SaysOnceWhyAnExitNumberHasNoTrigger) {
    for (const auto numbering : {Numbering::vmx, Numbering::svm}) {
        const auto exits = known(numbering);
        std::int64_t last = -1;
        for (const auto& entry : triggers::untriggered(numbering)) {
            SCOPED_TRACE(entry.what);
            EXPECT_FALSE(entry.what.empty());
            EXPECT_FALSE(entry.reason.empty());
            EXPECT_GT(entry.first, last);
            EXPECT_LE(entry.first, entry.last);
            const auto known_first = exits.lower_bound(entry.first);
            EXPECT_TRUE(known_first != exits.end() && *known_first <= entry.last) << "no such exit numbers";
            last = entry.last;
        }
    }
}
