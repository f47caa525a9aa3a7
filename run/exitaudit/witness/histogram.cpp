// Arithmetic on buckets.
#include "exitaudit/witness/histogram.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <iterator>
#include <numeric>

namespace exitaudit {

std::size_t bucket_of(std::uint64_t cycles) {
    return static_cast<std::size_t>(63 - std::countl_zero(cycles | 1));
}

std::uint64_t exits_in(const Buckets& buckets) {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

Buckets growth(const Buckets& earlier, const Buckets& later) {
    if (earlier.size() != later.size() || !std::ranges::equal(earlier, later, std::less_equal<>()))
        return later;
    Buckets grown;
    std::ranges::transform(later, earlier, std::back_inserter(grown), std::minus<>());
    return grown;
}

std::optional<std::uint64_t> quantile(const Buckets& buckets, double part) {
    const auto wanted = part * static_cast<double>(exits_in(buckets));
    std::uint64_t exits = 0;
    for (std::size_t k = 0; k < buckets.size(); ++k)
        if (exits += buckets[k]; exits != 0 && static_cast<double>(exits) >= wanted) return bucket_last(k);
    return std::nullopt;
}

std::vector<std::pair<std::size_t, std::uint64_t>> filled(const Buckets& buckets) {
    std::vector<std::pair<std::size_t, std::uint64_t>> list;
    for (std::size_t k = 0; k < buckets.size(); ++k)
        if (buckets[k] != 0) list.emplace_back(k, buckets[k]);
    return list;
}

} // namespace exitaudit
