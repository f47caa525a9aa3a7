// Judging the rows of the ledger one by one.
#include "audit/growth.hpp"

#include "ledger/exit_names.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <algorithm>
#include <limits>
#include <span>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;
using ledger::Snapshot;
using triggers::Bound;
using triggers::Expectation;
using triggers::Row;

// Exits that the host causes whenever it likes: its interrupts and NMIs (a VMX
// NMI exits as EXCEPTION_NMI), SMIs, and pages that it took away. They come with
// time, and the clock here is the exits that the guest causes itself: an honest
// host interrupts one in many. A vCPU that waits causes none, but is interrupted as
// well: its clock is the queries that it would have had the time for.
constexpr std::int64_t noise_divisor = 4;

constexpr ExitNumber vmx_noise[] = {EXIT_REASON_EXTERNAL_INTERRUPT, EXIT_REASON_EXCEPTION_NMI,
                                    EXIT_REASON_EPT_VIOLATION, EXIT_REASON_PML_FULL};
constexpr ExitNumber svm_noise[] = {SVM_EXIT_INTR, SVM_EXIT_NMI, SVM_EXIT_SMI, SVM_EXIT_NPF};

constexpr ExitNumber nested_entry(Numbering numbering)
{
    return numbering == Numbering::vmx ? ExitNumber{EXIT_REASON_VMRESUME} : ExitNumber{SVM_EXIT_VMRUN};
}

// How far a row may grow.
struct Limits {
    std::int64_t low, high;
};

constexpr std::int64_t unlimited = std::numeric_limits<std::int32_t>::max();

Limits limits(const Row& row, std::int64_t firings, unsigned vcpus = 1)
{
    const auto exits = firings * row.per_firing;
    const auto once = std::int64_t{row.once} * vcpus;
    switch (row.bound) {
    case Bound::none: return {0, once};
    case Bound::exact: return {exits, exits + once};
    case Bound::at_least: return {exits, unlimited};
    case Bound::at_most: return {0, exits + once};
    }
    return {0, 0};
}

std::string_view words(Bound bound)
{
    switch (bound) {
    case Bound::at_least: return "at least ";
    case Bound::at_most: return "at most ";
    default: return "";
    }
}

void judge_own_row(const Measurement& m, Numbering numbering, Result& result)
{
    const auto caused = static_cast<std::int64_t>(m.caused);
    const auto limit = limits({m.exit, m.bound, 1}, caused);
    if (m.told >= limit.low && m.told <= limit.high) {
        result.message.format("{}{} exits, ledger +{}", words(m.bound), m.caused, m.told);
        return;
    }
    if (steps_back(numbering, m.exit, m.told, m.queries)) {
        result.fail("expected ledger +{}, seen -{}", m.caused, -m.told);
        result.diagnose("a count is not only added to");
        return;
    }
    if (m.told < 0) {
        result.fail("expected ledger +{}, seen -{} beside the queries' own", m.caused, -m.told);
        result.diagnose("CPUID exits are lost: the queries' own are missing");
        return;
    }
    result.fail("expected ledger +{}{}, seen +{}", words(m.bound), m.caused, m.told);
    if (m.bound == Bound::none)
        result.diagnose(
            "an exit is counted that did not happen, or this host intercepts what KVM does not by default");
    else if (m.told == 0)
        result.diagnose("these exits are not counted at all: their path leaves before the counter");
    else if (m.told == 2 * caused)
        result.diagnose("each of these exits is counted twice");
    else if (m.told < caused)
        result.diagnose(
            "some of these exits are lost: one of their paths leaves before the counter, or updates race");
    else
        result.diagnose(
            "more exits are counted than happened: another kind shares the row, or some count twice");
}

void judge_other_row(ExitNumber exit, Numbering numbering, std::int64_t told, const Limits& limit,
                     Result& result)
{
    if (told >= limit.low && told <= limit.high)
        return;
    const auto name = ledger::exit_name(numbering, exit);
    if (auto& m = *result.measurement; m.stray_count < m.stray_rows.size())
        m.stray_rows[m.stray_count++] = {exit, told, limit.low, limit.high, name == ledger::no_name};
    if (told >= 0 && told < limit.low) {
        result.fail("exit {:x} {} +{}, where each firing causes it too: {} in all", exit, name, told,
                    limit.low);
        result.diagnose("some of these exits are lost, or another row is counted in their place");
        return;
    }
    if (steps_back(numbering, exit, told, result.measurement->queries)) {
        result.fail("exit {:x} {} -{}, where counts only grow", exit, name, -told);
        result.diagnose("a count is not only added to");
        return;
    }
    const bool lost = told < 0;
    result.fail("exit {:x} {} {}{}, {}", exit, name, lost ? "-" : "+", lost ? -told : told,
                limit.high ? "far more than the host can have caused by itself"
                           : "which nothing here causes");
    result.diagnose("a wrong row is counted");
}

}

bool is_noise(Numbering numbering, ExitNumber exit)
{
    const auto rows = numbering == Numbering::vmx ? std::span<const ExitNumber>(vmx_noise) : svm_noise;
    return std::ranges::find(rows, exit) != rows.end();
}

bool steps_back(Numbering numbering, ExitNumber exit, std::int64_t told, std::int64_t queries)
{
    return told < (exit == ledger::cpuid_exit(numbering) ? -queries : 0);
}

std::uint64_t Window::waited() const
{
    const auto query = std::max<std::uint64_t>(1, snapshots / std::max<std::uint64_t>(1, queries));
    const auto present = vcpus * all, busy = snapshots + firing;
    return present > busy ? (present - busy) / query : 0;
}

void judge_growth(const Expectation& expectation, Numbering numbering, const Fired& fired,
                  const Snapshot& before, const Snapshot& after, Result& result)
{
    auto& m = result.measurement.emplace();
    m.exit = expectation.exit;
    m.bound = expectation.bound;
    m.fastpath = expectation.fastpath;
    m.unhandled = expectation.totals_only != 0;
    m.nested = m.unhandled || std::ranges::find(expectation.also, nested_entry(numbering), &Row::exit) !=
                                  expectation.also.end();
    m.firings = fired.firings;
    m.caused = fired.firings * expectation.per_firing;
    m.told = after.growth_without_queries(before, expectation.exit);
    m.queries = static_cast<std::int64_t>(after.queries_since(before));
    judge_own_row(m, numbering, result);

    const auto clock = static_cast<std::int64_t>(m.caused + after.queries_since(before) + fired.waited);
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (exit == expectation.exit || !ledger::is_defined(numbering, exit))
            continue;
        Limits limit{0, 0};
        if (const auto row = std::ranges::find(expectation.also, exit, &Row::exit);
            row != expectation.also.end())
            limit = limits(*row, static_cast<std::int64_t>(fired.firings), fired.vcpus);
        if (is_noise(numbering, exit))
            limit.high += clock / noise_divisor;
        judge_other_row(exit, numbering, after.growth_without_queries(before, exit), limit, result);
    }
}

}
