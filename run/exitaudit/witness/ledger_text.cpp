// Parses the text that kvm_exit_ledger_show() makes.
#include "exitaudit/witness/ledger_text.hpp"

#include "exitaudit/support/take.hpp"

#include <string>

namespace exitaudit {

std::istream& operator>>(std::istream& words, ExitRow& row) {
    if (!(words >> row.count)) return words;
    words >> row.cycles >> row.inside >> row.shortest >> row.longest;
    for (std::string word; words >> word;) {
        std::string_view rest = word;
        const auto bucket = take_number<std::size_t>(rest);
        const bool has_count = take_prefix(rest, ":");
        const auto count = take_number<std::uint64_t>(rest);
        if (!bucket || *bucket >= KVM_EXIT_LEDGER_BUCKETS || !has_count || !count) continue;
        row.buckets.resize(KVM_EXIT_LEDGER_BUCKETS);
        row.buckets[*bucket] = *count;
    }
    words.clear(); // the end is no failure
    return words;
}

} // namespace exitaudit
