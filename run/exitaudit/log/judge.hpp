// The verdict on a log. The guest's own summary counts only if a recount of its lines agrees.
#pragma once

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/log/log.hpp"

namespace exitaudit {

struct Verdict {
    ExitCode code = ExitCode::could_not_run;
    std::string text;      // "pass: 17 passed, 0 failed, 0 skipped"
    bool complete = false; // the guest reached its end and its log is consistent
};

// No verdict on the host, and why.
Verdict could_not_run(const std::string& why);

// A host that crashes during an audit fails it. `complaint`: the kernel's last message; `amid`: the audit,
// like ", amid io.out8". Both may be empty.
Verdict host_crashed(std::string_view complaint, std::string_view amid);

// Of a run that measures costs.
Verdict measured(const Counts& counts);

// Judges a whole log. `unfinished`: what came after the last newline.
Verdict judge(const Log& log, std::string_view unfinished = {});

// Judges a log of a one-shot, which ends its guest, by what the host's instruments say of its exit. Without
// their testimony (skip) there is no verdict.
Verdict judge_one_shot(const Log& log, Outcome witness, std::string_view testimony);

// Judges a log whose guest also left this status in port 0xf4 (docs/serial-log.md).
Verdict judge_with_status(const Log& log, std::string_view unfinished, int status);

} // namespace exitaudit
