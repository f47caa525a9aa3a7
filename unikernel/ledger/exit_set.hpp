// A few exit numbers.
#pragma once

#include "console/format.hpp"
#include "ledger/numbering.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace ledger {

/// Exit numbers, each once, in the order in which they came. Those beyond the 64th are left out.
class ExitSet {
public:
    void add(ExitNumber exit) {
        if (!contains(exit) && size_ < exits_.size()) exits_[size_++] = exit;
    }

    bool contains(ExitNumber exit) const { return std::ranges::find(all(), exit) != all().end(); }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::span<const ExitNumber> all() const { return std::span(exits_).first(size_); }

    /// "HLT (0xc), MSR_WRITE (0x20) and 3 more"
    void write(console::Sink& text, Numbering numbering) const;
private:
    std::array<ExitNumber, 64> exits_{};
    std::size_t size_ = 0;
};

}
