// Hammering the ledger from several vCPUs.
#include "audit/rules/rules.hpp"

#include "machine/this_cpu.hpp"
#include "machine/tsc.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <array>
#include <iterator>
#include <numeric>
#include <optional>

namespace audit {
namespace {

using ledger::CpuidRegisters;
using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Leaves;

// Causes CPUID exits as fast as possible, and returns their number.
std::uint64_t hammer(const Amount& amount, Leaves leaves) {
    const auto start = machine::rdtsc();
    std::uint64_t caused = 0;
    while (amount.seconds ? machine::rdtsc() - start < amount.cycles : caused < amount.count) {
        leaves.query(0, 0);
        caused++;
    }
    return caused;
}

// A query. All vCPUs make different ones at once, so that an answer meant for another vCPU shows.
struct Question {
    enum class Answer { same, count, cycles }; // always the same, or growing in EAX, or in EBX:ECX
    std::string_view what;
    std::uint32_t leaf;
    ExitNumber exit;
    Answer answer;
};

constexpr std::size_t question_count = 6;
using Questions = std::array<Question, question_count>;

Questions questions(const Bench& bench) {
    using Answer = Question::Answer;
    const auto& layout = bench.leaves.layout();
    const auto count = layout.exit_count, cycles = layout.exit_cycles;
    const auto cpuid = ledger::cpuid_exit(bench.numbering());
    // Where a rule is broken, the answer may change by itself.
    const Question leaf_0{"CPUID leaf 0", 0, 0, Answer::same};
    const bool marks = bench.profile.undefined == ledger::Answer::mark;
    const bool zeros = bench.profile.not_enabled == ledger::Answer::all_zeros;
    return {
        {{"the count of CPUID exits", count, cpuid, Answer::count},
         marks ? Question{"an undefined number's mark", count, ledger::never_defined, Answer::same} : leaf_0,
         cycles ? Question{"the cycles of CPUID exits", cycles, cpuid, Answer::cycles}
                : Question{"the count of port I/O exits", count,
                           ledger::exit_of(bench.numbering(), EXIT_REASON_IO_INSTRUCTION, SVM_EXIT_IOIO),
                           Answer::count},
         zeros ? Question{"a number that is not enabled", count, ledger::never_handled(bench.numbering()),
                          Answer::same}
               : leaf_0,
         {"the signature", static_cast<std::uint32_t>(Leaf::signature), 0, Answer::same},
         leaf_0}};
}

// Do the registers hold only a value of the expected kind?
bool is_value(const Question& question, const CpuidRegisters& answer) {
    return question.answer == Question::Answer::count ? !(answer.ebx | answer.ecx | answer.edx)
                                                      : !(answer.eax | answer.edx);
}

// Is the value, which only grows, not less than before?
bool follows(const Question& question, const CpuidRegisters& before, const CpuidRegisters& after) {
    if (!is_value(question, after)) return false;
    if (question.answer == Question::Answer::count)
        return static_cast<std::int32_t>(after.eax - before.eax) >= 0;
    return (std::uint64_t{after.ebx} << 32 | after.ecx) >= (std::uint64_t{before.ebx} << 32 | before.ecx);
}

// Answers that are wrong in one way.
struct Wrong {
    std::uint32_t times = 0;
    std::size_t asked = 0; // of the first one
    CpuidRegisters seen{};

    void add(std::size_t number, const CpuidRegisters& answer) {
        if (times++ == 0) {
            asked = number;
            seen = answer;
        }
    }
};

// One vCPU's queries, and the answers that were another's, or less than before.
class Asker {
public:
    Asker() = default;

    /// \param alone the answers while only one vCPU asked
    Asker(const Questions& questions, const std::array<CpuidRegisters, question_count>& alone)
        : questions_(&questions), last_(alone) {}

    void ask(std::size_t number, Leaves& leaves) {
        const auto& question = (*questions_)[number];
        const auto answer = leaves.query(question.leaf, question.exit);
        if (fits(number, answer))
            last_[number] = answer;
        else if (is_less(number, answer))
            less_.add(number, answer);
        else
            foreign_.add(number, answer);
    }

    const Wrong& foreign() const { return foreign_; }
    const Wrong& less() const { return less_; }

    /// The other question that this answers, if there is one.
    std::optional<std::size_t> meant(std::size_t asked, const CpuidRegisters& answer) const {
        for (std::size_t i = 0; i < question_count; i++)
            if (i != asked && fits(i, answer)) return i;
        return {};
    }
private:
    // A value slightly less than before is not another vCPU's answer, though it may fit another question.
    bool is_less(std::size_t number, const CpuidRegisters& answer) const {
        constexpr std::uint32_t little = 10'000;
        const auto& question = (*questions_)[number];
        if (question.answer == Question::Answer::same || !is_value(question, answer)) return false;
        return !meant(number, answer) ||
               (question.answer == Question::Answer::count && last_[number].eax - answer.eax <= little);
    }

    bool fits(std::size_t number, const CpuidRegisters& answer) const {
        const auto& question = (*questions_)[number];
        // A number that is taken for undefined does not count.
        return answer == last_[number] ||
               (question.answer != Question::Answer::same && follows(question, last_[number], answer));
    }

    const Questions* questions_ = nullptr;
    std::array<CpuidRegisters, question_count> last_{};
    Wrong foreign_, less_;
};

void judge_foreign(unsigned vcpu, const Asker& asker, const Questions& asked, std::uint32_t count,
                   Result& result) {
    const auto& [times, number, r] = asker.foreign();
    const auto meant = asker.meant(number, r);
    result.fail("vCPU {} asked for {}, got {:x} {:x} {:x} {:x}; so {} times of {}", vcpu, asked[number].what,
                r.eax, r.ebx, r.ecx, r.edx, times, count);
    result.show(Symptom::foreign_answer);
    result.diagnosis.format("{}{}: the query passes through storage that the vCPUs share",
                            meant ? "that answers another vCPU's question for " : "no vCPU asked for that",
                            meant ? asked[*meant].what : "");
}

void judge_less(unsigned vcpu, const Asker& asker, const Questions& asked, std::uint32_t count,
                Result& result) {
    const auto& [times, number, r] = asker.less();
    const bool is_count = asked[number].answer == Question::Answer::count;
    result.fail("vCPU {} asked for {}, got {:x} {:x} {:x} {:x}, less than before; so {} times of {}", vcpu,
                asked[number].what, r.eax, r.ebx, r.ecx, r.edx, times, count);
    result.show(is_count ? Symptom::count_unsteady : Symptom::impossible);
    result.diagnose("a counter does not only grow, or sums over vCPUs lose some of them");
}

}

void judge_own_answers(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const auto& crew = bench.crew;
    const auto count = bench.repetitions(bench.amount.count);
    const auto asked = questions(bench);
    std::array<CpuidRegisters, question_count> alone;
    for (std::size_t i = 0; i < question_count; i++) alone[i] = leaves.query(asked[i].leaf, asked[i].exit);

    static constinit std::array<Asker, machine::max_processors> askers{};
    crew.run([&](unsigned vcpu) {
        auto mine = leaves;
        auto& asker = askers[vcpu] = Asker(asked, alone);
        // Each repeats its question for a while, and meets all the others' over time.
        for (std::uint32_t i = 0; i < count; i++)
            asker.ask((vcpu + std::uint64_t{i} * question_count / count) % question_count, mine);
    });

    for (unsigned vcpu = 0; vcpu < crew.vcpus; vcpu++)
        if (askers[vcpu].foreign().times != 0) return judge_foreign(vcpu, askers[vcpu], asked, count, result);
    for (unsigned vcpu = 0; vcpu < crew.vcpus; vcpu++)
        if (askers[vcpu].less().times != 0) return judge_less(vcpu, askers[vcpu], asked, count, result);
    result.message.format("{} x {} queries at once, each got its own answer", crew.vcpus, count);
}

void judge_soak(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const auto& amount = bench.amount;
    const auto& crew = bench.crew;
    static constinit std::array<std::uint64_t, machine::max_processors> each{};
    const auto row = ledger::cpuid_exit(leaves.numbering());
    const auto before = leaves.count(row);
    const auto own_before = leaves.own_exits();
    crew.run([&](unsigned vcpu) { each[vcpu] = hammer(amount, leaves); });
    auto grown = leaves.count(row) - before;
    grown -= static_cast<std::uint32_t>(leaves.own_exits() - own_before);
    const auto caused = std::accumulate(each.begin(), each.begin() + crew.vcpus, std::uint64_t{0});
    // The count is of 32 bits, which a long soak exceeds.
    const auto surplus = static_cast<std::int32_t>(grown - static_cast<std::uint32_t>(caused));
    const auto counted = caused + static_cast<std::uint64_t>(std::int64_t{surplus});
    const auto what =
        amount.seconds ? console::Text<60>("{} vCPUs, {} exits in {} s", crew.vcpus, caused, amount.seconds)
                       : console::Text<60>("{} x {} exits", crew.vcpus, amount.count);
    if (counted == caused) {
        result.message.format("{}, ledger +{}; a loss of 1 in {} is missed with a chance under 1 %",
                              what.view(), counted, noticed_loss(caused));
        return;
    }
    result.fail("{}: expected ledger +{}, seen +{}", what.view(), caused, counted);
    result.show(counted < caused ? Symptom::soak_lost : Symptom::count_unsteady);
    result.diagnose(
        counted < caused
            ? "exits are lost when several vCPUs count at once: their counters are shared, and updates race"
            : "exits of several vCPUs at once are counted more than once");
}

std::uint64_t noticed_loss(std::uint64_t exits) {
    return exits * 10000 / 46052; // ln(100) = 4.60517
}

}
