// A host made up for tests: a ledger in memory that answers CPUID as the rules
// say, with one thing wrong where a test wants it.
#pragma once

#include "audit/rules/bench.hpp"
#include "ledger/profile.hpp"

#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <ranges>

/// The rule audits that ask the ledger only, and cause no exits of their own.
inline auto portable_rules() {
    return plan::rule_audits() | std::views::filter([](const auto& rule) {
               return rule.name == "time.monotonic" ||
                      (rule.name.starts_with("ledger.") && rule.name != "ledger.nested");
           });
}

class FakeHost {
public:
    using Exit = ledger::ExitNumber;
    using Registers = ledger::CpuidRegisters;

    explicit FakeHost(ledger::Numbering numbering) : numbering_(numbering) { current_ = this; }
    ~FakeHost() { current_ = nullptr; }
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    /// The last answer before it goes out; a test changes it to break a rule.
    std::function<void(std::uint32_t leaf, Exit exit, Registers& answer)> spoil = [](auto, auto, auto&) {};

    /// Runs at each query before it is answered; a test causes exits of the host's own.
    std::function<void()> meanwhile = [] {};

    bool counts_queries = true;
    bool has_own_leaves = true;
    bool keeps_histograms = false;

    /// Another term's host; it has no leaves of our own.
    void use_layout(std::string_view term) {
        layout_ = ledger::find_layout(term);
        has_own_leaves = false;
    }

    ledger::Edition edition;

    /// The hardware exited `times` times, each taking `cycles`.
    void cause(Exit exit, std::uint32_t times, std::uint64_t cycles = 1000) {
        rows_[exit].count += times;
        end(exit, times, cycles);
    }

    /// The hardware exits, and has not entered again.
    void begin(Exit exit) { rows_[exit].count++; }

    static ledger::CpuidFunction cpuid() { return answer_current; }
    ledger::Leaves leaves() { return {answer_current, numbering_, {*layout_}}; }

    /// What a vCPU takes for a query, and for an ordinary leaf, in cycles.
    std::uint64_t query_cycles = 1000, cpuid_cycles = 1000;
    static std::uint64_t clock() { return current_->now_; }

    /// Found out by a vCPU of the host's own vendor.
    ledger::Profile profile(const ledger::Overrides& overrides = {}) {
        return ledger::profile(answer_current,
                               numbering_ == ledger::Numbering::vmx ? "GenuineIntel" : "AuthenticAMD", clock,
                               overrides);
    }

    ledger::Numbering numbering() const { return numbering_; }
private:
    struct Row {
        std::uint64_t count = 0, cycles = 0;
        std::map<unsigned, std::uint32_t> buckets{};
    };

    void end(Exit exit, std::uint32_t times, std::uint64_t cycles) {
        rows_[exit].cycles += times * cycles;
        rows_[exit].buckets[static_cast<unsigned>(std::bit_width(cycles | 1)) - 1] += times;
    }

    static Registers answer_current(std::uint32_t leaf, std::uint32_t subleaf) {
        return current_->answer(leaf, subleaf);
    }

    Registers answer(std::uint32_t leaf, Exit exit) {
        meanwhile();
        // A query's exit counts before it is answered, and its time after.
        auto& own = rows_[ledger::cpuid_exit(numbering_)];
        own.count += counts_queries;
        now_ += leaf >= KVM_EXIT_LEDGER_LEAF_FIRST && leaf <= KVM_EXIT_LEDGER_LEAF_LAST ? query_cycles
                                                                                        : cpuid_cycles;
        auto registers = look_up(leaf, exit);
        end(ledger::cpuid_exit(numbering_), 1, 500);
        spoil(leaf, exit, registers);
        return registers;
    }

    Registers look_up(std::uint32_t leaf, Exit exit) {
        const bool own =
            has_own_leaves && leaf >= KVM_EXIT_LEDGER_LEAF_FIRST && leaf < KVM_EXIT_LEDGER_LEAF_TOTAL;
        const bool assigned = leaf >= KVM_EXIT_LEDGER_LEAF_TOTAL && leaf <= KVM_EXIT_LEDGER_LEAF_LAST &&
                              (leaf == layout_->total || leaf == layout_->cycles ||
                               leaf == layout_->exit_count || leaf == layout_->exit_cycles);
        if (!own && !assigned) return ordinary(leaf, exit);
        if (leaf == layout_->total || leaf == layout_->cycles) {
            const auto cycles = leaf == layout_->cycles ? sum(&Row::cycles) : 0;
            return {leaf == layout_->total ? low(sum(&Row::count)) : 0, high(cycles), low(cycles), 0};
        }
        switch (leaf) {
        case KVM_EXIT_LEDGER_LEAF_SIGNATURE:
            return {KVM_EXIT_LEDGER_LEAF_LAST, KVM_EXIT_LEDGER_SIGNATURE_EBX, KVM_EXIT_LEDGER_SIGNATURE_ECX,
                    KVM_EXIT_LEDGER_SIGNATURE_EDX};
        case KVM_EXIT_LEDGER_LEAF_REVISION:
            return {1, static_cast<std::uint32_t>(numbering_), keeps_histograms ? 64u : 0, 0};
        case KVM_EXIT_LEDGER_LEAF_HISTOGRAM: return keeps_histograms ? look_up_bucket(exit) : Registers{};
        default: return look_up_exit(leaf, exit);
        }
    }

    Registers look_up_bucket(std::uint32_t ecx) {
        const Exit exit = ecx & 0xffff;
        if (!edition.defines(numbering_, exit)) return {0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
        const auto bucket = ecx >> KVM_EXIT_LEDGER_BUCKET_SHIFT;
        const auto row = rows_.find(exit);
        if (row == rows_.end() || !row->second.buckets.contains(bucket)) return {};
        return {row->second.buckets.at(bucket), 0, 0, 0};
    }

    Registers look_up_exit(std::uint32_t leaf, Exit exit) {
        if (leaf < KVM_EXIT_LEDGER_LEAF_EXTREMES) return {};
        if (!edition.defines(numbering_, exit)) return {0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
        const auto row = rows_.contains(exit) ? rows_[exit] : Row();
        if (leaf == layout_->exit_count) return {low(row.count), 0, 0, 0};
        if (leaf == layout_->exit_cycles) return {0, high(row.cycles), low(row.cycles), 0};
        if (leaf == KVM_EXIT_LEDGER_LEAF_INSIDE)
            return {low(row.count), high(row.count), low(row.cycles), high(row.cycles)};
        return row.count ? Registers{500, 0, 1000, 0} : Registers{};
    }

    // A small vCPU's ordinary leaves; out of range as get_out_of_range_cpuid_entry() has it.
    Registers ordinary(std::uint32_t leaf, std::uint32_t subleaf) const {
        const bool intel = numbering_ == ledger::Numbering::vmx;
        constexpr std::uint32_t max_basic = 0xd, max_extended = 0x80000004;
        switch (leaf) {
        case 0:
            return intel ? Registers{max_basic, 0x756e6547, 0x6c65746e, 0x49656e69}
                         : Registers{max_basic, 0x68747541, 0x444d4163, 0x69746e65};
        case 0xb: return {subleaf, 1, subleaf & 0xff, 0};
        case 0xd: return {7, 0x340, 0x340, subleaf};
        case 0x40000000: return {0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d};
        case 0x80000000: return {max_extended, 0, 0, 0};
        default: break;
        }
        if (leaf <= max_basic || (leaf > 0x80000000 && leaf <= max_extended)) return {leaf, 1, 2, 3};
        return intel ? ordinary(max_basic, subleaf) : Registers{};
    }

    using Member = std::uint64_t Row::*;

    std::uint64_t sum(Member member) const {
        std::uint64_t total = 0;
        for (const auto& [exit, row] : rows_) total += row.*member;
        return total;
    }

    static std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
    static std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

    static inline FakeHost* current_ = nullptr;
    ledger::Numbering numbering_;
    const ledger::Layout* layout_ = &ledger::default_layout();
    std::map<Exit, Row> rows_;
    std::uint64_t now_ = 0;
};
