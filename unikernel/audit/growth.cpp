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

// Exits that the host causes by itself: interrupts, NMIs (EXCEPTION_NMI on VMX), SMIs, and pages that it took
// away. Their number grows with time, which is measured in exits of the guest: a host interrupts one in many.
// A waiting vCPU causes no exits and is interrupted too: its time is measured in queries that fit into it.
constexpr std::int64_t noise_divisor = 4;

constexpr ExitNumber vmx_noise[] = {EXIT_REASON_EXTERNAL_INTERRUPT, EXIT_REASON_EXCEPTION_NMI,
                                    EXIT_REASON_EPT_VIOLATION, EXIT_REASON_PML_FULL};
constexpr ExitNumber svm_noise[] = {SVM_EXIT_INTR, SVM_EXIT_NMI, SVM_EXIT_SMI, SVM_EXIT_NPF};

constexpr ExitNumber nested_entry(Numbering numbering) {
    return ledger::exit_of(numbering, EXIT_REASON_VMRESUME, SVM_EXIT_VMRUN);
}

// How far a row may grow.
struct Limits {
    std::int64_t low, high;
};

constexpr std::int64_t unlimited = std::numeric_limits<std::int32_t>::max();

Limits limits(const Row& row, std::int64_t firings, unsigned vcpus = 1) {
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

std::string_view words(Bound bound) {
    switch (bound) {
    case Bound::at_least: return "at least ";
    case Bound::at_most: return "at most ";
    default: return "";
    }
}

void judge_own_row(const Measurement& m, const Limits& limit, Numbering numbering, Result& result) {
    const auto caused = static_cast<std::int64_t>(m.caused);
    if (m.counted >= limit.low && m.counted <= limit.high) {
        result.message.format("{}{} exits, {} +{}", words(m.bound), m.caused, m.by_total ? "total" : "ledger",
                              m.counted);
        return;
    }
    if (steps_back(numbering, m.exit, m.counted, m.queries)) {
        result.fail("expected ledger +{}, seen -{}", m.caused, -m.counted);
        result.diagnose("a count does not only grow");
        return;
    }
    if (m.counted < 0) {
        result.fail("expected ledger +{}, seen -{} beside the queries' own", m.caused, -m.counted);
        result.diagnose("CPUID exits are lost: the queries' own are missing");
        return;
    }
    result.fail("expected {} +{}{}, seen +{}", m.by_total ? "total" : "ledger", words(m.bound), m.caused,
                m.counted);
    if (m.bound == Bound::none)
        result.diagnose(
            "an exit is counted that did not happen, or this host intercepts what KVM does not by default");
    else if (m.counted == 0)
        result.diagnose("none of these exits is counted in its row");
    else if (m.counted == 2 * caused)
        result.diagnose("twice as many of these exits are counted as happened");
    else if (m.counted < caused)
        result.diagnose("fewer of these exits are counted than happened");
    else
        result.diagnose("more of these exits are counted than happened");
}

void judge_other_row(ExitNumber exit, Numbering numbering, std::int64_t counted, const Limits& limit,
                     Result& result) {
    if (counted >= limit.low && counted <= limit.high) return;
    const auto name = ledger::exit_name(numbering, exit);
    if (auto& m = *result.measurement; m.stray_count < m.stray_rows.size())
        m.stray_rows[m.stray_count++] = {exit, counted, limit.low, limit.high, name == ledger::no_name};
    if (counted >= 0 && counted < limit.low) {
        result.fail("exit {:x} {} +{}, where each firing causes it too: {} in all", exit, name, counted,
                    limit.low);
        result.diagnose("fewer of these exits are counted than happened");
        return;
    }
    if (steps_back(numbering, exit, counted, result.measurement->queries)) {
        result.fail("exit {:x} {} -{}, where counts only grow", exit, name, -counted);
        result.diagnose("a count does not only grow");
        return;
    }
    const bool lost = counted < 0;
    result.fail("exit {:x} {} {}{}, {}", exit, name, lost ? "-" : "+", lost ? -counted : counted,
                limit.high ? "far more than the host can have caused by itself"
                           : "which nothing here causes");
    result.diagnose("a row changes that nothing here causes");
}

// The bounds of one trigger's rows.
class Bounds {
public:
    Bounds(const Expectation& expectation, const Coverage& coverage, const Fired& fired,
           std::uint64_t queries)
        : expectation_(expectation), numbering_(coverage.numbering), shared_(coverage.shared), fired_(fired),
          noise_(static_cast<std::int64_t>(exits(coverage) + queries * coverage.query_time + fired.waited) /
                 noise_divisor) {}

    Limits own() const {
        return limits({expectation_.exit, expectation_.bound, expectation_.per_firing}, firings());
    }

    Limits of(ExitNumber exit) const {
        auto limit = exit == expectation_.exit ? own() : Limits{0, 0};
        if (const auto row = std::ranges::find(expectation_.also, exit, &Row::exit);
            row != expectation_.also.end())
            limit = limits(*row, firings(), fired_.vcpus);
        if (shared_)
            limit.high = unlimited;
        else if (exit != expectation_.exit && is_noise(numbering_, exit))
            limit.high += noise_;
        return limit;
    }

    /// Of all rows together, and of exits that are in the total alone.
    Limits total() const {
        auto sum = own();
        const auto extra = firings() * expectation_.totals_only;
        for (const auto& row : expectation_.also) {
            const auto limit = limits(row, firings(), fired_.vcpus);
            sum = {sum.low + limit.low, std::min(unlimited, sum.high + limit.high)};
        }
        return {sum.low + extra, shared_ ? unlimited : std::min(unlimited, sum.high + extra + noise_)};
    }

    std::int64_t noise() const { return shared_ ? unlimited : noise_; }
private:
    // Interrupts also raise the total while instructions without an exit are fired.
    std::uint64_t exits(const Coverage& coverage) const {
        return fired_.firings *
               (coverage.counts ? expectation_.per_firing : std::max(1u, expectation_.per_firing));
    }

    std::int64_t firings() const { return static_cast<std::int64_t>(fired_.firings); }

    const Expectation& expectation_;
    Numbering numbering_;
    bool shared_;
    const Fired& fired_;
    std::int64_t noise_;
};

// The growth of all rows that were not read.
void judge_rest(const Measurement& m, std::int64_t noise, Result& result) {
    if (m.uncounted >= 0 && m.uncounted <= noise) return;
    result.fail("the total grew by {} {} than the rows that this trigger moves",
                m.uncounted < 0 ? -m.uncounted : m.uncounted, m.uncounted < 0 ? "less" : "more");
    result.diagnose("some of these exits are in the total and in no row, or in a wrong one");
}

}

bool is_noise(Numbering numbering, ExitNumber exit) {
    const auto rows = numbering == Numbering::vmx ? std::span<const ExitNumber>(vmx_noise) : svm_noise;
    return std::ranges::find(rows, exit) != rows.end();
}

bool steps_back(Numbering numbering, ExitNumber exit, std::int64_t counted, std::int64_t queries) {
    return counted < (exit == ledger::cpuid_exit(numbering) ? -queries : 0);
}

std::uint64_t Window::waited() const {
    const auto query = std::max<std::uint64_t>(1, snapshots / std::max<std::uint64_t>(1, queries));
    const auto present = vcpus * all, busy = snapshots + firing;
    return present > busy ? (present - busy) / query : 0;
}

Coverage Coverage::limited_to(const Expectation& expectation) const {
    auto limited = *this;
    limited.complete = false;
    limited.rows = {};
    const auto keep = [&](ExitNumber exit) { limited.rows[exit] = rows[exit]; };
    keep(expectation.exit);
    keep(ledger::cpuid_exit(numbering));
    for (const auto& row : expectation.also) keep(row.exit);
    return limited;
}

void judge_growth(const Expectation& expectation, const Coverage& coverage, const Fired& fired,
                  const Snapshot& before, const Snapshot& after, Result& result) {
    const auto numbering = coverage.numbering;
    auto& m = result.measurement.emplace();
    m.exit = expectation.exit;
    m.bound = expectation.bound;
    m.fastpath = expectation.fastpath;
    m.unhandled = expectation.totals_only != 0;
    m.nested = m.unhandled || std::ranges::find(expectation.also, nested_entry(numbering), &Row::exit) !=
                                  expectation.also.end();
    m.firings = fired.firings;
    m.caused = fired.firings * expectation.per_firing;
    m.queries = static_cast<std::int64_t>(coverage.counts ? after.queries_since(before)
                                                          : after.queries_in_total(before));
    m.by_total = !coverage.counts;
    const auto total = after.total_without_queries(before);
    const Bounds bounds(expectation, coverage, fired, after.asked_since(before));
    if (m.by_total) {
        m.counted = total;
        m.caused = static_cast<std::uint64_t>(bounds.total().low);
        judge_own_row(m, bounds.total(), numbering, result);
        return;
    }
    m.counted = after.growth_without_queries(before, expectation.exit);
    auto own = bounds.own();
    if (coverage.shared) own.high = unlimited;
    judge_own_row(m, own, numbering, result);
    std::int64_t rows = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!coverage.rows[exit]) continue;
        const auto counted = after.growth_without_queries(before, exit);
        rows += counted;
        if (exit != expectation.exit) judge_other_row(exit, numbering, counted, bounds.of(exit), result);
    }
    if (!coverage.total) return;
    m.uncounted = total / coverage.total_factor - rows -
                  static_cast<std::int64_t>(fired.firings * expectation.totals_only);
    if (!coverage.complete) judge_rest(m, bounds.noise(), result);
}

}
