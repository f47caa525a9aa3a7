// Does the ledger ever go back? Checked over a whole run, at each value that is read.
#pragma once

#include "ledger/numbering.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace ledger {

/// The last values read of the total and of each row, and the first step back.
class MonotonicityCheck {
public:
    /// Stands for the total where an exit number is expected.
    static constexpr ExitNumber total = exit_number_end;

    enum class Quantity { count, cycles };

    struct Step {
        Quantity quantity;
        ExitNumber exit;
        std::uint64_t before, after;
    };

    void check_cycles(ExitNumber exit, std::uint64_t cycles) {
        if (exit > total) return;
        auto& last = rows_[exit].cycles;
        if (cycles < last) note({Quantity::cycles, exit, last, cycles});
        last = cycles;
        readings_++;
    }

    /// A count is reported modulo 2^32: growth by half of that or more is a step back.
    void check_count(ExitNumber exit, std::uint32_t count) {
        if (exit > total) return;
        auto& [last, counted, cycles] = rows_[exit];
        if (counted && count - last >= 1u << 31) note({Quantity::count, exit, last, count});
        last = count;
        counted = true;
        readings_++;
    }

    const std::optional<Step>& step_back() const { return step_back_; }
    std::uint64_t readings() const { return readings_; }

    /// The last values read, 0 if none were.
    std::uint32_t count(ExitNumber exit) const { return exit <= total ? rows_[exit].count : 0; }
    std::uint64_t cycles(ExitNumber exit) const { return rows_[exit].cycles; }
private:
    struct Row {
        std::uint32_t count;
        bool counted;
        std::uint64_t cycles;
    };

    void note(const Step& step) {
        if (!step_back_) step_back_ = step;
    }

    std::array<Row, exit_number_end + 1> rows_{};
    std::uint64_t readings_ = 0;
    std::optional<Step> step_back_;
};

}
