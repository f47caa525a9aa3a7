// The report of `exitaudit boot`, as text and as JSON (docs/json.md, kind `boot`).
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/documents/verdict.hpp"
#include "exitaudit/log/judge.hpp"

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

using RankedRows = std::vector<std::pair<std::uint64_t, LedgerRow>>;

// The rows that occurred, the most frequent first.
RankedRows ranked(const ExitRows& rows);

double share(std::uint64_t part, std::uint64_t whole); // in per cent
double rate_of(std::uint64_t exits, double seconds);   // per second
double rate_of(const BootPhase& phase);

// The time between two samples, long enough for a rate.
struct Stretch {
    const BootSample *begin, *end;

    double seconds() const { return end->seconds - begin->seconds; }
};

// The whole time in at most as many stretches as a screen has lines. Samples at marks follow each other at
// once: a stretch ends with the first sample that is far enough from its begin, and a short rest belongs to
// the last stretch. stretchesOf() in report/boot_chart.js does the same.
std::vector<Stretch> stretches(const std::vector<BootSample>& samples);

} // namespace exitaudit
