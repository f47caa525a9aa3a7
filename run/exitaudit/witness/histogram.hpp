// How long exits of one number took: how many in each power of two of cycles.
#pragma once

#include "kvm_exit_ledger.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace exitaudit {

// Exits by bucket. Bucket k has those that took 2^k to less than 2^(k+1) cycles, bucket 0 also those of 0
// cycles. Empty: no histogram is kept.
using Buckets = std::vector<std::uint64_t>;

// The shortest and the longest time that fall into the bucket, in cycles.
constexpr std::uint64_t bucket_first(std::size_t bucket) {
    return bucket == 0 ? 0 : std::uint64_t{1} << bucket;
}
constexpr std::uint64_t bucket_last(std::size_t bucket) { return ~std::uint64_t{0} >> (63 - bucket); }

// The bucket of a time in cycles.
std::size_t bucket_of(std::uint64_t cycles);

std::uint64_t exits_in(const Buckets& buckets);

// What came since the earlier ones. Those that shrank belong to another VM: then all of the later ones.
Buckets growth(const Buckets& earlier, const Buckets& later);

// Cycles within which this part (0 to 1) of the exits ended: the last ones of the bucket in which it is
// reached. None without exits.
std::optional<std::uint64_t> quantile(const Buckets& buckets, double part);

// {bucket, count} of those that are not empty, as documents list them.
std::vector<std::pair<std::size_t, std::uint64_t>> filled(const Buckets& buckets);

} // namespace exitaudit
