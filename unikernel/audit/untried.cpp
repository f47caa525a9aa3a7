// Checks whether another version's deviation explains a failure.
#include "audit/untried.hpp"

#include "audit/exceptions.hpp"

namespace audit {

using triggers::Circumstances;
using triggers::Deviation;

namespace {

bool explains(const Deviation& deviation, const Seen& seen) {
    Result other;
    judge(deviation.instead, seen, other);
    return other.outcome == Outcome::ok;
}

}

void judge(const triggers::Expectation& expectation, const Seen& seen, Result& result) {
    judge_growth(expectation, seen.coverage, seen.fired, seen.before, seen.after, result);
    result.measurement->raised = seen.raised;
    judge_exceptions(expectation, result);
}

void excuse_untried(const triggers::Trigger& trigger, const Circumstances& circumstances, const Seen& seen,
                    Result& result) {
    if (result.outcome != Outcome::not_ok || is_tried(circumstances.emulator, circumstances.version)) return;
    for (const auto& deviation : trigger.deviations) {
        const bool needs_noise = deviation.where == triggers::Where::on_bochs_with_noise;
        if (deviation.numbering != seen.coverage.numbering ||
            deviation.emulator() != circumstances.emulator || (needs_noise && !circumstances.noise) ||
            !explains(deviation, seen))
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
