// The spread of many samples, without a heap.
#pragma once

#include "audit/result.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace audit {

/// Collects samples in cycles. Minimum, mean and maximum are over all of them.
/// Median and p99 are over every k-th where there are more than Capacity.
template <std::size_t Capacity>
class Samples {
public:
    /// \param expected how many samples will be added
    void start(std::uint64_t expected)
    {
        stride_ = std::max<std::uint64_t>(1, (expected + Capacity - 1) / Capacity);
        added_ = sum_ = max_ = kept_ = 0;
        min_ = std::numeric_limits<std::uint64_t>::max();
    }

    void add(std::uint64_t cycles)
    {
        if (added_ % stride_ == 0 && kept_ < Capacity)
            samples_[kept_++] = cycles;
        added_++;
        sum_ += cycles;
        min_ = std::min(min_, cycles);
        max_ = std::max(max_, cycles);
    }

    /// The spread of what was added since start(); all 0 if nothing was. Sorts in place.
    Spread spread()
    {
        if (added_ == 0)
            return {};
        std::sort(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(kept_));
        return {min_, quantile(50), sum_ / added_, quantile(99), max_};
    }

private:
    // Nearest rank: the smallest sample that at least `percent` of them do not exceed.
    std::uint64_t quantile(std::size_t percent) const
    {
        return samples_[std::max<std::size_t>(1, (kept_ * percent + 99) / 100) - 1];
    }

    std::array<std::uint64_t, Capacity> samples_{};
    std::uint64_t stride_ = 0, added_ = 0, sum_ = 0, min_ = 0, max_ = 0;
    std::size_t kept_ = 0;
};

}
