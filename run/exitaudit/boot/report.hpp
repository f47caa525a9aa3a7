// The report of `exitaudit boot`, as text and as JSON (docs/json.md, kind `boot`).
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/documents/document.hpp"
#include "exitaudit/log/judge.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/witness/host_result.hpp"

namespace exitaudit {

struct BootOutcome {
    Circumstances circumstances;
    Verdict verdict;
};

// The summary, in sentences: exits until user space, the range of the rate, the most and the least frequent
// reasons, what sampling caused, and what the guest could not do.
std::vector<std::string> boot_summary(const BootLog& log, bool svm);

// Tables of phases, of reasons and of the rate over time, and the summary, ready to print.
std::string boot_text(const BootLog& log, const BootOutcome& outcome);

// `options.work` is what the guest was given, never 0.
nlohmann::json boot_document(const BootLog& log, const BootOutcome& outcome, const BootOptions& options);

// The kernel's name of the exit, else its number in hexadecimal.
std::string boot_exit_name(bool svm, std::uint64_t exit);

// The time between two samples, long enough for a rate.
struct Stretch {
    const BootSample *begin, *end;

    double seconds() const { return end->seconds - begin->seconds; }
};

// The whole time in at most as many stretches as a screen has lines. Samples at marks follow each other at
// once: a stretch ends with the first sample that is far enough from its begin, and a short rest belongs to
// the last stretch. stretchesOf() in report/boot_chart.js does the same.
std::vector<Stretch> stretches(const std::vector<BootSample>& samples);

// Did our guest reach the end of its phases ("boot.phases")? Another guest may mark what it likes, and --stop
// may end any guest early.
HostResult phases_reached(const BootLog& log, const BootOptions& options);

// Judges a boot by how it ended and by `host`: results of the instruments, phases_reached() and
// judge_guest_read().
Verdict judge_boot(const Session& session, const BootLog& log, const BootOptions& options,
                   const std::vector<HostResult>& host);

// Did the guest read of its ledger what the host's debugfs shows? The guest runs on while it reads, and
// reading causes exits. So the host looks before and after: a number that stood still must have been read
// exactly, another lies between. Without a ledger, `exitaudit read` must end with the code for that.
HostResult judge_guest_read(const BootLog& log);

} // namespace exitaudit
