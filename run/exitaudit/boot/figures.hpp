// What a boot's tables and sentences are reckoned of.
#pragma once

#include "exitaudit/boot/log.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace exitaudit {

using RankedRows = std::vector<std::pair<std::uint64_t, LedgerRow>>;

// Those that occurred, the most frequent first.
RankedRows ranked(const ExitRows& rows);

double share(std::uint64_t part, std::uint64_t whole); // in per cent
double rate_of(std::uint64_t exits, double seconds);   // per second
double rate_of(const BootPhase& phase);

// What lies between two samples, far enough apart for a rate.
struct Stretch {
    const BootSample *begin, *end;

    double seconds() const { return end->seconds - begin->seconds; }
};

// The whole time in as many stretches as a screen has lines, or fewer. Samples at marks follow each
// other at once: each stretch ends with the first that is far enough from its begin, and a
// rest that is too short belongs to the last. stretchesOf() in report/boot_chart.js does the same.
std::vector<Stretch> stretches(const std::vector<BootSample>& samples);

} // namespace exitaudit
