// Trying other versions' deviations on what was seen.
#include "audit/untried.hpp"

#include "audit/exceptions.hpp"

namespace audit {

using triggers::Circumstances;
using triggers::Deviation;

namespace {

bool explains(const Deviation& deviation, ledger::Numbering numbering, const Seen& seen)
{
    Result other;
    judge(deviation.instead, numbering, seen, other);
    return other.verdict == Verdict::ok;
}

}

void judge(const triggers::Expectation& expectation, ledger::Numbering numbering, const Seen& seen,
           Result& result)
{
    judge_growth(expectation, numbering, seen.fired, seen.before, seen.after, result);
    result.measurement->raised = seen.raised;
    judge_exceptions(expectation, result);
}

void excuse_untried(const triggers::Trigger& trigger, const Circumstances& circumstances,
                    ledger::Numbering numbering, const Seen& seen, Result& result)
{
    if (result.verdict != Verdict::not_ok || is_tried(circumstances.emulator, circumstances.version))
        return;
    for (const auto& deviation : trigger.deviations) {
        const bool needs_noise = deviation.where == triggers::Where::on_bochs_with_noise;
        if (deviation.numbering != numbering || deviation.emulator() != circumstances.emulator ||
            (needs_noise && !circumstances.noise) || !explains(deviation, numbering, seen))
            continue;
        const auto name = name_of(circumstances.emulator);
        const auto [major, minor] = circumstances.version;
        result.skip("");
        if (circumstances.version.is_known())
            result.message.format("{} {}.{}, which is untried, seems to deviate", name, major, minor);
        else
            result.message.format("this {}, of unknown version, seems to deviate", name);
        result.message.format(" as {}.{} does: {}", deviation.last.major, deviation.last.minor,
                              deviation.instead.source);
        return;
    }
}

}
