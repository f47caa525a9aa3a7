// SHA-256, by the names of FIPS 180-4.
#include "exitaudit/support/sha256.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace exitaudit {
namespace {

using std::rotr;
using Hash = std::array<std::uint32_t, 8>;

constexpr std::size_t block_size = 64;

// The standard's constants: the first 32 bits of the fractions of roots of the first primes.
template <std::size_t Count> std::array<std::uint32_t, Count> fractions(long double (*root)(long double)) {
    std::array<std::uint32_t, Count> words{};
    std::size_t found = 0;
    for (unsigned n = 2; found < Count; ++n) {
        bool is_prime = true;
        for (unsigned divisor = 2; divisor * divisor <= n; ++divisor) is_prime &= n % divisor != 0;
        if (!is_prime) continue;
        const auto value = root(n);
        words[found++] = static_cast<std::uint32_t>((value - std::floor(value)) * 4294967296.0L);
    }
    return words;
}

void add_block(Hash& hash, std::string_view block) {
    static const auto k = fractions<64>(std::cbrt);
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < block_size; ++i)
        w[i / 4] = w[i / 4] << 8 | static_cast<unsigned char>(block[i]);
    for (std::size_t t = 16; t < w.size(); ++t) {
        const auto s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        const auto s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = hash;
    for (std::size_t t = 0; t < w.size(); ++t) {
        const auto t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + k[t] + w[t];
        const auto t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const Hash more{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < hash.size(); ++i) hash[i] += more[i];
}

} // namespace

std::string sha256(std::string_view bytes) {
    auto hash = fractions<8>(std::sqrt);
    const std::uint64_t bits = bytes.size() * 8;
    for (; bytes.size() >= block_size; bytes.remove_prefix(block_size)) add_block(hash, bytes);
    auto last = std::string(bytes) + '\x80';
    while (last.size() % block_size != block_size - sizeof bits) last += '\0';
    for (int shift = 56; shift >= 0; shift -= 8) last += static_cast<char>(bits >> shift);
    for (std::string_view rest = last; !rest.empty(); rest.remove_prefix(block_size)) add_block(hash, rest);
    std::string text;
    for (const auto word : hash) text += fmt::format("{:08x}", word);
    return text;
}

} // namespace exitaudit
