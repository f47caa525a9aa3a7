// Failures on an untried version of an emulator: the emulator may be wrong, not the host.
#pragma once

#include "audit/growth.hpp"
#include "machine/exceptions.hpp"

namespace audit {

/// What the firings of a trigger did.
struct Seen {
    const Coverage& coverage;
    const Fired& fired;
    const ledger::Snapshot &before, &after;
    const machine::ExceptionCounts& raised;
};

/// Compares rows and exceptions with an expectation: judge_growth(), judge_exceptions().
void judge(const triggers::Expectation& expectation, const Seen& seen, Result& result);

/// Turns a failure into a skip if the emulator's version is untried (triggers::is_tried()) and the result is
/// exactly what a known deviation of another version causes. Deviations of tried versions are known: there a
/// failure remains a failure.
void excuse_untried(const triggers::Trigger& trigger, const triggers::Circumstances& circumstances,
                    const Seen& seen, Result& result);

}
