// The spread of many samples, without a heap.
#pragma once

#include "audit/result.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace audit {

/// The largest number whose square does not exceed `value`.
constexpr std::uint64_t square_root(std::uint64_t value) {
    if (value < 2) return value;
    // Newton's method from above, which falls until it is there.
    auto root = std::uint64_t{1} << (std::bit_width(value) + 1) / 2;
    for (;;) {
        const auto next = (root + value / root) / 2;
        if (next >= root) return root;
        root = next;
    }
}

/// The root of the mean square of the samples' distances from `mean`, in integers.
constexpr std::uint64_t standard_deviation(std::span<const std::uint64_t> samples, std::uint64_t mean) {
    const auto distance = [mean](std::uint64_t sample) {
        return sample > mean ? sample - mean : mean - sample;
    };
    std::uint64_t largest = 0;
    for (const auto sample : samples) largest = std::max(largest, distance(sample));
    // Low bits are left out where the squares' sum would not fit into 64.
    const auto room = std::countl_zero(samples.size()) / 2;
    const auto shift = std::max(0, 64 - std::countl_zero(largest) - room);
    std::uint64_t sum = 0;
    for (const auto sample : samples) {
        const auto scaled = distance(sample) >> shift;
        sum += scaled * scaled;
    }
    return samples.empty() ? 0 : square_root(sum / samples.size()) << shift;
}

/// One vCPU's samples, in cycles. Minimum, mean and maximum cover all of them. Quantiles and deviation use
/// every k-th if there is not enough room for all. All zeros at first, so that a store of them is in .bss.
class Samples {
public:
    Samples() = default;

    /// \param room     where samples are kept
    /// \param expected how many will be added
    Samples(std::span<std::uint64_t> room, std::uint64_t expected)
        : room_(room), stride_(std::max<std::uint64_t>(1, (expected + room.size() - 1) / room.size())) {}

    void add(std::uint64_t cycles) {
        if (added_ % stride_ == 0 && kept_ < room_.size()) room_[kept_++] = cycles;
        min_ = added_++ == 0 ? cycles : std::min(min_, cycles);
        sum_ += cycles;
        max_ = std::max(max_, cycles);
    }

    std::span<const std::uint64_t> kept() const { return room_.first(kept_); }
    std::uint64_t added() const { return added_; }
    std::uint64_t sum() const { return sum_; }
    std::uint64_t min() const { return min_; }
    std::uint64_t max() const { return max_; }
private:
    std::span<std::uint64_t> room_;
    std::uint64_t stride_ = 0, added_ = 0, sum_ = 0, min_ = 0, max_ = 0;
    std::size_t kept_ = 0;
};

/// The samples of up to MaxVcpus vCPUs, which share the room for Capacity of them.
template <std::size_t Capacity, std::size_t MaxVcpus> class SampleStore {
public:
    /// \param expected how many samples each vCPU will add
    void start(unsigned vcpus, std::uint64_t expected) {
        vcpus_ = vcpus;
        const auto share = Capacity / vcpus;
        for (unsigned i = 0; i < vcpus; i++)
            samples_[i] = Samples(std::span(room_).subspan(i * share, share), expected);
    }

    Samples& of(unsigned vcpu) { return samples_[vcpu]; }

    /// The sum of all samples.
    std::uint64_t sum() const { return sum_of(&Samples::sum); }

    /// The spread of what all vCPUs have added since start(); all 0 if nothing. Adding must be over.
    Spread spread() {
        const auto added = sum_of(&Samples::added);
        if (added == 0) return {};
        Spread spread{std::numeric_limits<std::uint64_t>::max(), 0, sum() / added, 0, 0, 0};
        kept_ = 0;
        for (const auto& samples : vcpus()) {
            // Towards the front of the room, where it may overlap itself.
            std::ranges::copy(samples.kept(), room_.begin() + static_cast<std::ptrdiff_t>(kept_));
            kept_ += samples.kept().size();
            if (samples.added() != 0) spread.min = std::min(spread.min, samples.min());
            spread.max = std::max(spread.max, samples.max());
        }
        std::sort(room_.begin(), room_.begin() + static_cast<std::ptrdiff_t>(kept_));
        spread.median = quantile(50);
        spread.p99 = quantile(99);
        spread.p25 = quantile(25);
        spread.p75 = quantile(75);
        spread.stddev = standard_deviation(std::span(room_).first(kept_), spread.mean);
        return spread;
    }
private:
    std::span<const Samples> vcpus() const { return std::span(samples_).first(vcpus_); }

    std::uint64_t sum_of(std::uint64_t (Samples::*quantity)() const) const {
        std::uint64_t total = 0;
        for (const auto& samples : vcpus()) total += (samples.*quantity)();
        return total;
    }

    // Nearest rank: the smallest sample that at least `percent` of them do not exceed.
    std::uint64_t quantile(std::size_t percent) const {
        return room_[std::max<std::size_t>(1, (kept_ * percent + 99) / 100) - 1];
    }

    std::array<std::uint64_t, Capacity> room_{};
    std::array<Samples, MaxVcpus> samples_{};
    unsigned vcpus_ = 0;
    std::size_t kept_ = 0;
};

}
