// The sweep, and the rule for any pair of leaf and ECX.
#include "audit/rules/rules.hpp"

#include "audit/rules/answer.hpp"

namespace audit {
namespace {

using ledger::CpuidRegisters;
using ledger::ExitNumber;
using ledger::Layout;
using ledger::Leaf;

constexpr ExitNumber sweep_end = 0x2000; // where ECX is a number; totals must not depend on it
constexpr ExitNumber short_sweep_end =
    ledger::exit_number_end + 0xfc; // every exit code, and aliases of 8 bits

constexpr ExitNumber brief_sweep_end = 0xa8; // what is defined below AMD's gap

constexpr std::uint32_t first_leaf = KVM_EXIT_LEDGER_LEAF_FIRST, last_leaf = KVM_EXIT_LEDGER_LEAF_LAST;

// Marsaglia's xorshift with 64 bits of state; any seed but 0 will do.
class Random {
public:
    explicit Random(std::uint32_t seed) : state_(seed + 0x9e3779b97f4a7c15) {}

    std::uint32_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<std::uint32_t>(state_ >> 32);
    }
private:
    std::uint64_t state_;
};

class Sweep {
public:
    Sweep(const Bench& bench, Result& result)
        : leaves_(bench.leaves), profile_(bench.profile), result_(result) {}

    std::uint64_t answers() const { return answers_; }

    /// Is the leaf the ledger's? The others answer as on an unpatched host.
    bool covers(std::uint32_t leaf) const {
        return profile_.revision != 0 || ledger::value_registers(leaves_.layout(), leaf) != zeros;
    }

    bool takes_exit(std::uint32_t leaf) const {
        const auto& layout = leaves_.layout();
        return leaf == layout.exit_count || leaf == layout.exit_cycles ||
               leaf == layout.number(Leaf::inside) || leaf == layout.number(Leaf::extremes);
    }

    bool has_buckets(std::uint32_t leaf) const {
        return leaf == KVM_EXIT_LEDGER_LEAF_HISTOGRAM && profile_.histograms;
    }

    bool reports_total(std::uint32_t leaf) const {
        return leaf == leaves_.layout().total || leaf == leaves_.layout().cycles;
    }

    /// Is it one of the assignment's two for an exit number?
    bool is_common(std::uint32_t leaf) const {
        return leaf == leaves_.layout().exit_count || leaf == leaves_.layout().exit_cycles;
    }

    void ask(std::uint32_t leaf, ExitNumber exit) {
        if (!covers(leaf)) return;
        answers_++;
        const auto seen = leaves_.query(leaf, exit);
        if (has_buckets(leaf))
            judge_bucket(exit, seen);
        else if (takes_exit(leaf))
            judge_exit(leaf, exit, seen);
        else if (reports_total(leaf))
            judge_registers(leaves_.layout(), leaf, exit, seen, result_);
        else
            judge_answer(leaf, exit, fixed(leaf), seen, result_);
    }

    void ask_range(std::uint32_t leaf, ExitNumber end) {
        for (ExitNumber exit = 0; exit < end; exit++) ask(leaf, exit);
    }

    void ask_powers_of_two(std::uint32_t leaf) {
        for (unsigned bit = 0; bit < 32; bit++)
            for (const auto exit : {(1u << bit) - 1, 1u << bit, (1u << bit) + 1}) ask(leaf, exit);
        ask(leaf, ~0u);
    }
private:
    void judge_exit(std::uint32_t leaf, ExitNumber exit, const CpuidRegisters& seen) {
        if (!leaves_.defines(exit)) {
            if (!judge_answer(leaf, exit, undefined_mark, seen, result_)) {
                result_.show(symptom_of(seen));
                result_.diagnose(
                    "the rule for undefined exit numbers (EDX all ones, the rest 0) is not kept: "
                    "ECX is cut to fewer bits, or its bound is not tested rightly on this leaf");
            }
            return;
        }
        if (judge_hole(leaf, exit, seen, result_) && ledger::value_registers(leaves_.layout(), leaf) != zeros)
            judge_registers(leaves_.layout(), leaf, exit, seen, result_);
    }

    // ECX has a bucket in its upper half.
    void judge_bucket(std::uint32_t ecx, const CpuidRegisters& seen) {
        const auto exit = ecx & ((1u << KVM_EXIT_LEDGER_BUCKET_SHIFT) - 1);
        auto expected = zeros;
        if (!leaves_.defines(exit))
            expected = undefined_mark;
        else if (ecx >> KVM_EXIT_LEDGER_BUCKET_SHIFT < KVM_EXIT_LEDGER_BUCKETS)
            expected = {seen.eax, seen.ebx, 0, 0};
        judge_answer(KVM_EXIT_LEDGER_LEAF_HISTOGRAM, ecx, expected, seen, result_);
    }

    // Of an undefined number's answer, which is wrong.
    static Symptom symptom_of(const CpuidRegisters& seen) {
        if (seen == zeros) return Symptom::undefined_as_not_enabled;
        if (seen.edx == undefined_mark.edx) return Symptom::leftovers;
        return seen == CpuidRegisters{0, 0, 0, seen.edx} ? Symptom::undefined_wrong_mark
                                                         : Symptom::undefined_garbage;
    }

    // The leaves that answer the same whatever ECX is.
    CpuidRegisters fixed(std::uint32_t leaf) const {
        switch (leaf) {
        case KVM_EXIT_LEDGER_LEAF_SIGNATURE: return ledger::signature;
        case KVM_EXIT_LEDGER_LEAF_REVISION: return profile_.revision_answer();
        default: return zeros;
        }
    }

    ledger::Leaves& leaves_;
    const ledger::Profile& profile_;
    Result& result_;
    std::uint64_t answers_ = 0;
};

}

void judge_sweep(const Bench& bench, Result& result) {
    Sweep sweep(bench, result);
    const auto long_end = bench.thorough ? sweep_end : brief_sweep_end;
    const auto short_end = bench.thorough ? short_sweep_end : brief_sweep_end;
    for (auto leaf = first_leaf; leaf <= last_leaf; leaf++) {
        if (sweep.is_common(leaf))
            sweep.ask_range(leaf, long_end);
        else if (sweep.takes_exit(leaf) || sweep.reports_total(leaf))
            sweep.ask_range(leaf, short_end);
        if (sweep.takes_exit(leaf) || sweep.reports_total(leaf) || sweep.has_buckets(leaf) ||
            leaf <= KVM_EXIT_LEDGER_LEAF_REVISION)
            sweep.ask_powers_of_two(leaf);
        else
            for (const ExitNumber exit : {0u, 1u, 35u, 0x72u, 0xffffu, 0x10000u, 0x80000000u, ~0u})
                sweep.ask(leaf, exit);
    }
    Random random(bench.seed);
    const auto pairs = bench.repetitions(bench.amount.count);
    for (std::uint32_t i = 0; i < pairs; i++) {
        const auto leaf = first_leaf + random.next() % (last_leaf - first_leaf + 1);
        const auto exit = random.next();
        sweep.ask(leaf, i % 2 ? exit : exit % sweep_end);
    }
    if (result.outcome == Outcome::ok)
        result.message.format("{} answers keep the rules; {} pairs at random, seed={}", sweep.answers(),
                              pairs, bench.seed);
    else
        result.diagnose("this leaf must give the same answer for any ECX");
}

}
