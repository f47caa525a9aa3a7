// Recognising a cause by the pattern of rows that it leaves wrong.
#include "audit/findings.hpp"

#include "ledger/exit_names.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <algorithm>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;
using triggers::Bound;

constexpr ExitNumber vmx_shortcuts[] = {EXIT_REASON_MSR_WRITE,          EXIT_REASON_PREEMPTION_TIMER,
                                        EXIT_REASON_INTERRUPT_WINDOW,   EXIT_REASON_EXTERNAL_INTERRUPT,
                                        EXIT_REASON_HLT,                EXIT_REASON_EPT_MISCONFIG};
constexpr ExitNumber svm_shortcuts[] = {SVM_EXIT_MSR, SVM_EXIT_VINTR, SVM_EXIT_INTR, SVM_EXIT_HLT, SVM_EXIT_NPF};

bool is_shortcut(Numbering numbering, ExitNumber exit)
{
    const std::span<const ExitNumber> exits = numbering == Numbering::vmx ? std::span<const ExitNumber>(vmx_shortcuts) : svm_shortcuts;
    return std::ranges::find(exits, exit) != exits.end();
}

bool caused_exits(const Result& result)
{
    return result.measurement && result.measurement->bound != Bound::none;
}

// Is this the first result that speaks of its exit?
bool first_of_its_exit(std::span<const Result> results, const Result& result)
{
    return &*std::ranges::find_if(results, [&](const Result& r) {
        return caused_exits(r) && r.measurement->exit == result.measurement->exit;
    }) == &result;
}

}

std::optional<Finding> find_retpoline_shortcut(std::span<const Result> results, Numbering numbering)
{
    Finding finding;
    bool others_right = false;
    for (const auto& result : results) {
        if (!caused_exits(result))
            continue;
        const auto& m = *result.measurement;
        if (is_shortcut(numbering, m.exit)) {
            if (m.told != 0)
                return {};
            if (first_of_its_exit(results, result))
                finding.format("{}{} ({:x})", finding.empty() ? "" : ", ", ledger::exit_name(numbering, m.exit), m.exit);
        } else if (result.verdict == Verdict::ok) {
            others_right = true;
        }
    }
    if (finding.empty() || !others_right)
        return {};
    finding.format(" exits read 0 while others are counted: the counter sits behind the retpoline shortcut of {}; "
                   "count where trace_kvm_exit() stands",
                   numbering == Numbering::vmx ? "__vmx_handle_exit()" : "svm_invoke_exit_handler()");
    return finding;
}

std::optional<Finding> find_lost_fastpath(std::span<const Result> results, Numbering numbering)
{
    for (const auto& lost : results) {
        if (!caused_exits(lost) || !lost.measurement->fastpath || lost.measurement->told >= static_cast<std::int64_t>(lost.measurement->caused))
            continue;
        const auto exit = lost.measurement->exit;
        const bool others_right = std::ranges::any_of(results, [&](const Result& r) {
            return caused_exits(r) && r.verdict == Verdict::ok && r.measurement->exit == exit && !r.measurement->fastpath;
        });
        if (!others_right)
            continue;
        Finding finding;
        finding.format("{} ({:x}) exits that KVM handles in its fastpath are lost while others of that number are counted: "
                       "the counter sits where {} starts; count where trace_kvm_exit() stands",
                       ledger::exit_name(numbering, exit), exit,
                       numbering == Numbering::vmx ? "vmx_handle_exit()" : "svm_handle_exit()");
        return finding;
    }
    return {};
}

std::optional<Finding> find_wrong_layout(const ledger::Probe& probe)
{
    if (probe.layout == probe.detected)
        return {};
    Finding finding;
    finding.format("the leaves are read by layout {}, as the plan's layout= says, but they answer as layout {}'s do",
                   probe.layout->name, probe.detected->name);
    return finding;
}

std::optional<Finding> find_wrong_answers(std::span<const Result> results)
{
    const auto shown = [&](Symptom symptom) {
        return std::ranges::any_of(results, [&](const Result& r) { return r.verdict == Verdict::not_ok && r.shows(symptom); });
    };
    if (shown(Symptom::halves_swapped))
        return Finding("the cycles make sense with their words exchanged: the host puts the low half into EBX and the high "
                       "half into ECX, and the interface wants it the other way round");
    if (shown(Symptom::high_word_lost))
        return Finding("the cycles wrap at 2^32: the host keeps, or hands out, only their low word");
    if (shown(Symptom::undefined_as_not_enabled) && shown(Symptom::not_enabled_as_undefined))
        return Finding("the answers for exit numbers that the manual does not define (EDX all ones) and for those that KVM "
                       "does not handle (zeros) are exchanged");
    if (shown(Symptom::past_the_table))
        return Finding("the exit number just behind the host's table is answered from what lies there: its bound is tested "
                       "with > where >= is due");
    return {};
}

std::optional<Finding> find_cause(std::span<const Result> results, const ledger::Probe& probe)
{
    if (const auto finding = find_wrong_layout(probe))
        return finding;
    if (const auto finding = find_retpoline_shortcut(results, probe.numbering))
        return finding;
    if (const auto finding = find_lost_fastpath(results, probe.numbering))
        return finding;
    return find_wrong_answers(results);
}

}
