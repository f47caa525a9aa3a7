// Failures on an untried version of an emulator, where the emulator may be what is wrong.
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

/// Compares it with an expectation, rows and exceptions: judge_growth(), judge_exceptions().
void judge(const triggers::Expectation& expectation, const Seen& seen, Result& result);

/// Turns a failure into a skip if the host's processor is emulated by a version that nobody has
/// tried (triggers::is_tried()), and what was seen is just what another version's deviation makes of
/// the trigger: then it is not the host that the failure speaks of. Where a version was tried, its
/// deviations are known, and a failure stays one.
void excuse_untried(const triggers::Trigger& trigger, const triggers::Circumstances& circumstances,
                    const Seen& seen, Result& result);

}
