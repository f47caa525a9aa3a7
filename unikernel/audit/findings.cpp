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

std::optional<Finding> find_cause(std::span<const Result> results, Numbering numbering)
{
    if (const auto finding = find_retpoline_shortcut(results, numbering))
        return finding;
    return find_lost_fastpath(results, numbering);
}

}
