// What recognisers of causes go by: the results of a run, asked by row.
#pragma once

#include "audit/findings.hpp"

#include <algorithm>

namespace audit {

/// A few exit numbers, in the order in which they came.
class ExitSet {
public:
    void add(ledger::ExitNumber exit)
    {
        if (!contains(exit) && size_ < exits_.size())
            exits_[size_++] = exit;
    }

    bool contains(ledger::ExitNumber exit) const { return std::ranges::find(all(), exit) != all().end(); }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::span<const ledger::ExitNumber> all() const { return std::span(exits_).first(size_); }

    /// "HLT (0xc), MSR_WRITE (0x20) and 3 more"
    void write(console::Sink& text, ledger::Numbering numbering) const;

private:
    std::array<ledger::ExitNumber, 64> exits_{};
    std::size_t size_ = 0;
};

/// Of the two vendors' functions, the one that this host runs.
constexpr std::string_view by_vendor(ledger::Numbering numbering, std::string_view vmx, std::string_view svm)
{
    return numbering == ledger::Numbering::vmx ? vmx : svm;
}

struct Evidence {
    std::span<const Result> results;
    const ledger::Probe& probe;
    unsigned vcpus;

    ledger::Numbering numbering() const { return probe.numbering; }
    ledger::ExitNumber cpuid() const { return ledger::cpuid_exit(probe.numbering); }

    static bool failed(const Result& r) { return r.verdict == Verdict::not_ok; }

    /// Is it a trigger that must cause exits, and was it judged?
    static bool fires(const Result& r);

    /// Did its own row grow as it must?
    static bool right(const Result& r);

    /// Is its own row's count short, and by how much?
    static bool is_short(const Result& r)
    {
        return fires(r) && r.measurement->told < static_cast<std::int64_t>(r.measurement->caused);
    }

    /// Did its own row not grow at all, not even by what queries cause in it?
    bool absent(const Result& r) const;

    /// Did CPUID's row not grow by what queries cause in it?
    bool queries_absent(const Result& r) const;

    /// Is there a failure, or any result, for which this holds?
    template <typename Test>
    bool any_failed(Test test) const
    {
        return std::ranges::any_of(results, [&](const Result& r) { return failed(r) && test(r); });
    }
    template <typename Test>
    std::size_t count_failed(Test test) const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(results, [&](const Result& r) { return failed(r) && test(r); }));
    }
    template <typename Test>
    bool any(Test test) const
    {
        return std::ranges::any_of(results, test);
    }

    template <typename... Symptoms>
    bool shown(Symptoms... symptoms) const
    {
        return any_failed([&](const Result& r) { return r.shows_any(symptoms...); });
    }

    /// How many failures, for which this holds, no finding explains yet.
    template <typename Test>
    std::size_t count_unexplained(const Findings& findings, Test test) const
    {
        std::size_t count = 0;
        for (std::size_t i = 0; i < results.size(); i++)
            count += failed(results[i]) && !findings.explained(i) && test(results[i]);
        return count;
    }

    /// Do vCPUs get each other's answers? Then counts that they read at the same time say nothing.
    bool answers_mix() const
    {
        return shown(Symptom::foreign_answer) &&
               !shown(Symptom::leftovers, Symptom::halves_swapped, Symptom::high_word_lost,
                      Symptom::ordinary_data, Symptom::defined_as_undefined);
    }

    /// Has the finding explain all failures for which this holds.
    template <typename Test>
    void explain(Finding& finding, Test test) const
    {
        for (std::size_t i = 0; i < results.size(); i++)
            if (failed(results[i]) && test(results[i]))
                finding.explains[i] = true;
    }

    /// The same by symptoms.
    template <typename... Symptoms>
    void explain_shown(Finding& finding, Symptoms... symptoms) const
    {
        explain(finding, [&](const Result& r) { return r.shows_any(symptoms...); });
    }
};

/// Symptoms of a ledger that counts wrongly, beside the triggers'.
inline bool miscounts(const Result& r)
{
    return r.shows_any(Symptom::self_count_none, Symptom::self_count_twice, Symptom::self_count_lost,
                       Symptom::count_unsteady, Symptom::rows_over_total, Symptom::total_over_rows,
                       Symptom::soak_lost);
}

/// Does nothing about this result go against the ledger but that exits of these kinds are missing?
template <typename Kinds>
bool lacks_only(const Result& r, Kinds kinds)
{
    if (!r.measurement)
        return false;
    const auto& m = *r.measurement;
    const bool own = Evidence::is_short(r) && kinds(m.exit);
    if (!own && Evidence::fires(r) && !Evidence::right(r))
        return false;
    const auto lacks = [&](const auto& s) { return s.told < s.low && kinds(s.exit); };
    return (own || std::ranges::any_of(m.strays(), lacks)) &&
           std::ranges::all_of(m.strays(), [&](const auto& s) { return s.never_counted || lacks(s); });
}

/// Adds its finding if the evidence speaks for its cause.
using Recogniser = void (*)(const Evidence& evidence, Findings& findings);

/// In this order: a later one may ask what an earlier one has found.
std::span<const Recogniser> answer_recognisers();
std::span<const Recogniser> step_recognisers();
std::span<const Recogniser> count_recognisers();
std::span<const Recogniser> loss_recognisers();
std::span<const Recogniser> late_answer_recognisers(); ///< of what wrong counts explain too
std::span<const Recogniser> time_recognisers();

}
