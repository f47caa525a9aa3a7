// The verdict on a log. What the guest says of itself is believed only where its
// own lines, counted again, agree.
#pragma once

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/log/log.hpp"

namespace exitaudit {

struct Verdict {
    ExitCode code = ExitCode::could_not_run;
    std::string text;      // "pass: 17 passed, 0 failed, 0 skipped"
    bool complete = false; // the guest reached its end and contradicted itself nowhere
};

// There is no verdict on the host, and why not.
Verdict could_not_run(const std::string& why);

// A host that crashes under an audit has failed it, whatever it had counted. `complaint`: its
// kernel's last words, `amid`: what it was asked then (", amid io.out8"); both may be empty.
Verdict host_crashed(std::string_view complaint, std::string_view amid);

// Judges a log that ends where `log` ends. `unfinished` is what came after the
// last newline.
Verdict judge(const Log& log, std::string_view unfinished = {});

// Judges a log whose guest was to end by a one-shot, by what the host's instruments say
// of its exit. Without their word (skip) there is no verdict.
Verdict judge_one_shot(const Log& log, Outcome witness, std::string_view testimony);

// Judges a log whose guest also left this status in port 0xf4 (docs/serial-log.md).
Verdict judge_with_status(const Log& log, std::string_view unfinished, int status);

} // namespace exitaudit
