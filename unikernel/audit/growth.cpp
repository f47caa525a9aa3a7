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
// NMI exits as EXCEPTION_NMI), SMIs, and pages that it took away.
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

void judge_other_row(ExitNumber exit, Numbering numbering, std::int64_t told, std::uint64_t firings, Bound bound,
                     bool allowed, Result& result)
{
    // Even the host's own exits must not come with each firing of what must not exit.
    const auto limit = !allowed ? 0 : bound == Bound::none ? static_cast<std::int64_t>(firings) - 1 : told;
    if (told >= 0 && told <= limit)
        return;
    const bool lost = told < 0;
    result.fail("exit {:x} {} {}{}, which nothing here causes", exit, ledger::exit_name(numbering, exit),
                lost ? "-" : "+", lost ? -told : told);
    result.diagnose("a wrong row is counted");
}

}

void judge_growth(const Expectation& expectation, Numbering numbering, std::uint64_t firings, const Snapshot& before,
                  const Snapshot& after, Result& result)
{
    auto& m = result.measurement.emplace();
    m.exit = expectation.exit;
    m.bound = expectation.bound;
    m.firings = firings;
    m.caused = firings * expectation.per_firing;
    m.told = after.growth_without_queries(before, expectation.exit);
    judge_own_row(m, result);

    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (exit == expectation.exit || !ledger::is_defined(numbering, exit))
            continue;
        const bool allowed = contains(expectation.also, exit) || contains(noise(numbering), exit);
        judge_other_row(exit, numbering, after.growth_without_queries(before, exit), firings, m.bound, allowed, result);
    }
}

}
