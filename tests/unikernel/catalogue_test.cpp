// The catalogue of triggers: what must hold of every entry.
#include "triggers/catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using ledger::Numbering;
using triggers::Bound;
using triggers::Expectation;
using triggers::Trigger;

namespace {

// Every expectation, with where it stands.
struct Stated {
    std::string where;
    Numbering numbering;
    const Expectation* expectation;
};

std::vector<Stated> all_expectations()
{
    std::vector<Stated> all;
    triggers::for_each_trigger([&](const Trigger& trigger) {
        const std::string name(trigger.name);
        all.push_back({name + " on VMX", Numbering::vmx, &trigger.vmx});
        all.push_back({name + " on SVM", Numbering::svm, &trigger.svm});
        for (const auto& deviation : trigger.deviations)
            all.push_back({name + " in a deviation", deviation.numbering, &deviation.instead});
    });
    return all;
}

// family.trigger: two words of lower case letters, digits and single hyphens.
bool well_formed(std::string_view name)
{
    const auto dot = name.find('.');
    if (dot == std::string_view::npos)
        return false;
    const auto word = [](std::string_view text) {
        return !text.empty() && text.front() != '-' && text.back() != '-' && text.find("--") == std::string_view::npos &&
               text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
    };
    return word(name.substr(0, dot)) && word(name.substr(dot + 1));
}

}

TEST(Catalogue, NamesAreWellFormedAndUnique)
{
    std::set<std::string_view> names;
    triggers::for_each_trigger([&](const Trigger& trigger) {
        EXPECT_TRUE(well_formed(trigger.name)) << trigger.name;
        EXPECT_TRUE(names.insert(trigger.name).second) << trigger.name << " is there twice";
    });
}

TEST(Catalogue, EveryTriggerSaysWhatItDoesAndHowOften)
{
    triggers::for_each_trigger([](const Trigger& trigger) {
        EXPECT_FALSE(trigger.what.empty()) << trigger.name;
        EXPECT_GT(trigger.count, 0u) << trigger.name;
    });
}

TEST(Catalogue, EveryExpectationHasASource)
{
    for (const auto& [where, numbering, expectation] : all_expectations())
        EXPECT_FALSE(expectation->source.empty()) << where;
}

TEST(Catalogue, ExitNumbersAreTheVendors)
{
    for (const auto& [where, numbering, expectation] : all_expectations()) {
        EXPECT_TRUE(ledger::is_defined(numbering, expectation->exit)) << where << ": " << expectation->exit;
        for (const auto& row : expectation->also)
            EXPECT_TRUE(ledger::is_defined(numbering, row.exit)) << where << ": " << row.exit;
    }
}

TEST(Catalogue, BoundsAgreeWithExitsPerFiring)
{
    const auto agree = [](Bound bound, std::uint32_t per_firing) { return (bound == Bound::none) == (per_firing == 0); };
    for (const auto& [where, numbering, expectation] : all_expectations()) {
        EXPECT_TRUE(agree(expectation->bound, expectation->per_firing)) << where;
        for (const auto& row : expectation->also)
            EXPECT_TRUE(agree(row.bound, row.per_firing)) << where << ": row " << row.exit;
    }
}

TEST(Catalogue, NoRowIsNamedTwice)
{
    for (const auto& [where, numbering, expectation] : all_expectations()) {
        std::set<ledger::ExitNumber> rows{expectation->exit};
        for (const auto& row : expectation->also)
            EXPECT_TRUE(rows.insert(row.exit).second) << where << ": row " << row.exit;
    }
}
