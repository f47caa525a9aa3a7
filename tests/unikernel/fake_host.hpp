// A host made up for tests: a ledger in memory that answers CPUID as the rules
// say, with one thing wrong where a test wants it.
#pragma once

#include "ledger/leaves.hpp"
#include "ledger/probe.hpp"

#include <cstdint>
#include <functional>
#include <map>

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

    /// The hardware exited `times` times, each taking `cycles`.
    void cause(Exit exit, std::uint32_t times, std::uint64_t cycles = 1000)
    {
        rows_[exit].count += times;
        rows_[exit].cycles += times * cycles;
    }

    static ledger::CpuidFunction cpuid() { return answer_current; }
    ledger::Leaves leaves() { return {answer_current, numbering_}; }

    /// Probed by a vCPU of the host's own vendor.
    ledger::Probe probe()
    {
        return ledger::probe(answer_current, numbering_ == ledger::Numbering::vmx ? "GenuineIntel" : "AuthenticAMD");
    }

    ledger::Numbering numbering() const { return numbering_; }

private:
    struct Row {
        std::uint64_t count = 0, cycles = 0;
    };

    static Registers answer_current(std::uint32_t leaf, std::uint32_t subleaf) { return current_->answer(leaf, subleaf); }

    Registers answer(std::uint32_t leaf, Exit exit)
    {
        meanwhile();
        // A query's exit counts before it is answered, and its time after.
        auto& own = rows_[ledger::cpuid_exit(numbering_)];
        own.count += counts_queries;
        auto registers = look_up(leaf, exit);
        own.cycles += 500;
        spoil(leaf, exit, registers);
        return registers;
    }

    Registers look_up(std::uint32_t leaf, Exit exit)
    {
        switch (static_cast<ledger::Leaf>(leaf)) {
        case ledger::Leaf::signature:
            if (!has_own_leaves)
                return {};
            return {KVM_EXIT_LEDGER_LEAF_LAST, KVM_EXIT_LEDGER_SIGNATURE_EBX, KVM_EXIT_LEDGER_SIGNATURE_ECX,
                    KVM_EXIT_LEDGER_SIGNATURE_EDX};
        case ledger::Leaf::revision: return {has_own_leaves ? 1u : 0u, static_cast<std::uint32_t>(numbering_), 0, 0};
        case ledger::Leaf::total:    return {low(sum(&Row::count)), 0, 0, 0};
        case ledger::Leaf::cycles:   return {0, high(sum(&Row::cycles)), low(sum(&Row::cycles)), 0};
        default:                     return look_up_exit(static_cast<ledger::Leaf>(leaf), exit);
        }
    }

    Registers look_up_exit(ledger::Leaf leaf, Exit exit)
    {
        const bool own_leaf = leaf == ledger::Leaf::inside || leaf == ledger::Leaf::extremes;
        const bool assignment_leaf = leaf == ledger::Leaf::exit_count || leaf == ledger::Leaf::exit_cycles;
        if (!assignment_leaf && !(own_leaf && has_own_leaves))
            return {};
        if (!ledger::is_defined(numbering_, exit))
            return {0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
        const auto row = rows_.contains(exit) ? rows_[exit] : Row();
        switch (leaf) {
        case ledger::Leaf::exit_count:  return {low(row.count), 0, 0, 0};
        case ledger::Leaf::exit_cycles: return {0, high(row.cycles), low(row.cycles), 0};
        case ledger::Leaf::inside:      return {low(row.count), high(row.count), low(row.cycles), high(row.cycles)};
        default:                        return row.count ? Registers{500, 0, 1000, 0} : Registers{};
        }
    }

    std::uint64_t sum(std::uint64_t Row::*member) const
    {
        std::uint64_t total = 0;
        for (const auto& [exit, row] : rows_)
            total += row.*member;
        return total;
    }

    static std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
    static std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

    static inline FakeHost* current_ = nullptr;
    ledger::Numbering numbering_;
    std::map<Exit, Row> rows_;
};
