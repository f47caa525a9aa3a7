// The layouts met in the field.
#include "ledger/layout.hpp"

#include <algorithm>

namespace ledger {
namespace {

constexpr std::uint32_t c = KVM_EXIT_LEDGER_LEAF_TOTAL, d = KVM_EXIT_LEDGER_LEAF_CYCLES,
                        e = KVM_EXIT_LEDGER_LEAF_EXIT_COUNT, f = KVM_EXIT_LEDGER_LEAF_EXIT_CYCLES;

constexpr Layout known[] = {
    // clang-format off
    // name    total cycles count-of-ecx cycles-of-ecx
    {"F22",     c,   d,     e,           f},
    {"F21/S20", f,   e,     d,           c},
    {"S21/F20", f,   f,     e,           0},
    // clang-format on
};

constexpr char upper(char character) {
    return character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
}

}

std::span<const Layout> layouts() { return known; }

const Layout* find_layout(std::string_view term) {
    const auto is_term = [&](std::string_view name) { return std::ranges::equal(name, term, {}, {}, upper); };
    for (const auto& layout : known) {
        const auto slash = std::min(layout.name.find('/'), layout.name.size());
        if (is_term(layout.name) || is_term(layout.name.substr(0, slash)) ||
            (slash < layout.name.size() && is_term(layout.name.substr(slash + 1))))
            return &layout;
    }
    return nullptr;
}

}
