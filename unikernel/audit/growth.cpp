// Judging the rows of the ledger one by one.
#include "audit/growth.hpp"

#include "ledger/exit_names.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <algorithm>
#include <span>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;
using ledger::Snapshot;
using triggers::Bound;
using triggers::Expectation;

// Exits that the host causes whenever it likes: its interrupts and NMIs (a VMX
// NMI exits as EXCEPTION_NMI), SMIs, and pages that it took away. They come with
// time, and the clock here is the exits that the guest causes itself: an honest
// host interrupts one in many. A vCPU that waits causes none, but is interrupted as
// well: its clock is the queries that it would have had the time for.
constexpr std::int64_t noise_divisor = 4;

// What a firing may cause beside its exit, where the expectation allows for any:
// arming a timer and ending an interrupt are at most so many accesses to the APIC.
constexpr std::int64_t also_per_firing = 8;

constexpr ExitNumber vmx_noise[] = {EXIT_REASON_EXTERNAL_INTERRUPT, EXIT_REASON_EXCEPTION_NMI,
                                    EXIT_REASON_EPT_VIOLATION, EXIT_REASON_PML_FULL};
constexpr ExitNumber svm_noise[] = {SVM_EXIT_INTR, SVM_EXIT_NMI, SVM_EXIT_SMI, SVM_EXIT_NPF};

std::span<const ExitNumber> noise(Numbering numbering)
{
    return numbering == Numbering::vmx ? std::span<const ExitNumber>(vmx_noise) : svm_noise;
}

bool contains(std::span<const ExitNumber> exits, ExitNumber exit)
{
    return std::ranges::find(exits, exit) != exits.end();
}

void judge_own_row(const Measurement& m, Result& result)
{
    const auto caused = static_cast<std::int64_t>(m.caused);
    const bool holds = m.bound == Bound::at_least ? m.told >= caused : m.told == caused;
    if (holds) {
        result.message.format("{} exits, ledger +{}", m.caused, m.told);
        return;
    }
    if (m.told < 0) {
        result.fail("expected ledger +{}, seen -{} beside the queries' own", m.caused, -m.told);
        result.diagnose("CPUID exits are lost: the queries' own are missing");
        return;
    }
    result.fail("expected ledger +{}, seen +{}", m.caused, m.told);
    if (m.bound == Bound::none)
        result.diagnose("an exit is counted that did not happen, or this host intercepts what KVM does not by default");
    else if (m.told == 0)
        result.diagnose("these exits are not counted at all: their path leaves before the counter");
    else if (m.told == 2 * caused)
        result.diagnose("each of these exits is counted twice");
    else if (m.told < caused)
        result.diagnose("some of these exits are lost: one of their paths leaves before the counter, or updates race");
    else
        result.diagnose("more exits are counted than happened: another kind shares the row, or some count twice");
}

void judge_other_row(ExitNumber exit, Numbering numbering, std::int64_t told, std::int64_t limit, Result& result)
{
    if (told >= 0 && told <= limit)
        return;
    const bool lost = told < 0;
    result.fail("exit {:x} {} {}{}, {}", exit, ledger::exit_name(numbering, exit), lost ? "-" : "+", lost ? -told : told,
                limit ? "far more than the host can have caused by itself" : "which nothing here causes");
    result.diagnose("a wrong row is counted");
}

}

std::uint64_t Window::waited() const
{
    const auto query = std::max<std::uint64_t>(1, snapshots / std::max<std::uint64_t>(1, queries));
    const auto present = vcpus * all, busy = snapshots + firing;
    return present > busy ? (present - busy) / query : 0;
}

void judge_growth(const Expectation& expectation, Numbering numbering, std::uint64_t firings, std::uint64_t waited,
                  const Snapshot& before, const Snapshot& after, Result& result)
{
    auto& m = result.measurement.emplace();
    m.exit = expectation.exit;
    m.bound = expectation.bound;
    m.fastpath = expectation.fastpath;
    m.firings = firings;
    m.caused = firings * expectation.per_firing;
    m.told = after.growth_without_queries(before, expectation.exit);
    judge_own_row(m, result);

    const auto clock = static_cast<std::int64_t>(m.caused + after.queries_since(before) + waited);
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (exit == expectation.exit || !ledger::is_defined(numbering, exit))
            continue;
        std::int64_t limit = 0;
        if (contains(noise(numbering), exit))
            limit += clock / noise_divisor;
        if (contains(expectation.also, exit))
            limit += static_cast<std::int64_t>(firings) * also_per_firing;
        judge_other_row(exit, numbering, after.growth_without_queries(before, exit), limit, result);
    }
}

}
