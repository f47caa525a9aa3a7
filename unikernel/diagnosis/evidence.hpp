// What causes are found by: the results of a run, asked by row.
#pragma once

#include "diagnosis/finding.hpp"
#include "diagnosis/observations.hpp"
#include "ledger/exit_set.hpp"

#include <algorithm>

namespace diagnosis {

using audit::Measurement;
using audit::Result;
using audit::Symptom;
using ledger::ExitNumber;
using ledger::ExitSet;
using ledger::Numbering;
using triggers::Bound;

/// How a row of a failed result grew.
struct Row {
    const Result& result;
    ExitNumber exit;
    std::int64_t counted, low, high; ///< growth, the queries' own exits left out; what it may be
    bool own;                        ///< the trigger's, not a stray one
    bool never_counted;

    bool lacks() const { return counted < low; }
    bool exceeds() const { return counted > high; }
    const Measurement& measurement() const { return *result.measurement; }
};

/// The observations as one cause may use them: failures that a cause of higher rank explains are left out.
class Evidence {
public:
    explicit Evidence(const Observations& observations) : observations_(observations) {}

    /// What this finding explains is no evidence.
    void leave_out(const Finding& finding) {
        outranked_ = true;
        for (std::size_t i = 0; i < left_out_.size(); i++) left_out_[i] |= finding.explains[i];
        for (std::size_t i = 0; i < differences_left_out_.size(); i++)
            differences_left_out_[i] = differences_left_out_[i] || finding.explains_difference[i];
    }

    /// Does one table count the exits of all VMs, on a host without our own leaves, which promise a VM's own?
    bool allows_one_table() const {
        return profile().scope == ledger::Scope::host && profile().revision == 0;
    }

    /// Was a cause of higher rank found? Then the host's state speaks of that.
    bool outranked() const { return outranked_; }

    std::span<const Result> results() const { return observations_.results; }
    const ledger::Profile& profile() const { return observations_.profile; }
    const Observations& observations() const { return observations_; }
    const HostObservations& host() const { return observations_.host ? *observations_.host : no_host_; }
    Numbering numbering() const { return profile().numbering; }
    bool is_vmx() const { return numbering() == Numbering::vmx; }
    ExitNumber cpuid() const { return ledger::cpuid_exit(numbering()); }
    unsigned vcpus() const { return observations_.vcpus; }

    static bool failed(const Result& r) { return r.outcome == audit::Outcome::not_ok; }

    /// Is it a trigger that must cause exits, and was it judged?
    static bool fires(const Result& r);

    /// Did its own row grow as it must?
    static bool right(const Result& r);

    /// Is its own row's count short?
    static bool is_short(const Result& r) {
        return fires(r) && r.measurement->counted < static_cast<std::int64_t>(r.measurement->caused);
    }

    /// Did its own row not grow at all, not even by what queries cause in it?
    bool absent(const Result& r) const;

    /// Does this hold for some result, or for some failure that is evidence?
    template <typename Test> bool any(Test test) const { return std::ranges::any_of(results(), test); }
    template <typename Test> bool any_failed(Test test) const {
        for (std::size_t i = 0; i < results().size(); i++)
            if (open(i) && test(results()[i])) return true;
        return false;
    }

    template <typename... Symptoms> bool shown(Symptoms... symptoms) const {
        return any_failed([&](const Result& r) { return r.shows_any(symptoms...); });
    }

    /// Calls `visit(const Row&)` for each row that is wrong and evidence.
    template <typename Visit> void for_each_row(Visit visit) const {
        for (std::size_t i = 0; i < results().size(); i++)
            visit_rows(results()[i], [&](const Row& row, unsigned bit) {
                if (open(i) & bit) visit(row);
            });
    }
    template <typename Test> std::size_t count_rows(Test test) const {
        std::size_t count = 0;
        for_each_row([&](const Row& row) { count += test(row); });
        return count;
    }

    /// Makes the finding explain all wrong rows for which this holds, and with them what is wrong with their
    /// time: an exit that is counted elsewhere, or again, takes its time there, or none.
    /// \return whether one of the rows is evidence
    template <typename Test> bool explain_rows(Finding& finding, Test test) const {
        bool own = false;
        for (std::size_t i = 0; i < results().size(); i++)
            visit_rows(results()[i], [&](const Row& row, unsigned bit) {
                if (!test(row)) return;
                finding.explains[i] |=
                    static_cast<std::uint8_t>(bit | (only_time(row.result) ? other_aspect : 0));
                own = own || (open(i) & bit);
            });
        return own;
    }

    /// All of the failures for which this holds.
    template <typename Test> bool explain(Finding& finding, Test test) const {
        bool own = false;
        for (std::size_t i = 0; i < results().size(); i++)
            if (failed(results()[i]) && test(results()[i])) {
                finding.explains[i] |= static_cast<std::uint8_t>(aspects(results()[i]));
                own = own || open(i);
            }
        return own;
    }

    /// What is wrong beside rows, by symptoms.
    template <typename... Symptoms> bool explain_shown(Finding& finding, Symptoms... symptoms) const {
        return explain_others(finding, [&](const Result& r) { return r.shows_any(symptoms...); });
    }
    template <typename Test> bool explain_others(Finding& finding, Test test) const {
        bool own = false;
        for (std::size_t i = 0; i < results().size(); i++)
            if ((aspects(results()[i]) & other_aspect) && test(results()[i])) {
                finding.explains[i] |= other_aspect;
                own = own || (open(i) & other_aspect);
            }
        return own;
    }

    /// Rows in which the host's tracepoint differs from the ledger, and which are evidence.
    template <typename Test> std::size_t count_differences(Test test) const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < differences().size(); i++)
            count += !differences_left_out_[i] && test(differences()[i]);
        return count;
    }

    /// Makes the finding explain such rows, and with them the host's comparisons of counts.
    template <typename Test> bool explain_differences(Finding& finding, Test test) const {
        bool own = false;
        for (std::size_t i = 0; i < differences().size(); i++)
            if (test(differences()[i])) {
                finding.explains_difference[i] = true;
                own = own || !differences_left_out_[i];
            }
        explain(finding, [](const Result& r) { return compares_counts(r); });
        return own;
    }
    void explain_differences(Finding& finding) const {
        explain_differences(finding, [](const RowDifference&) { return true; });
    }

    std::span<const RowDifference> differences() const {
        return host().differences.first(std::min(host().differences.size(), max_differences));
    }

    /// Is it the host's comparison of the ledger with another of its counters?
    static bool compares_counts(const Result& r) {
        return r.name == "host.tracepoint" || r.name == "host.stats" || r.name == "host.perf";
    }

    /// What is wrong with a result: bits of Aspect.
    static unsigned aspects(const Result& r);
private:
    // What of a failure is evidence: not explained by a cause of higher rank.
    unsigned open(std::size_t i) const { return aspects(results()[i]) & ~unsigned{left_out_[i]}; }

    template <typename Visit> static void visit_rows(const Result& r, Visit visit) {
        const auto wrong = aspects(r);
        if (wrong & own_row) visit(own_row_of(r), own_row);
        if (r.measurement && failed(r))
            for (std::size_t i = 0; i < r.measurement->stray_count; i++) {
                const auto& s = r.measurement->strays()[i];
                visit(Row{r, s.exit, s.counted, s.low, s.high, false, s.never_counted},
                      unsigned{first_stray} << i);
            }
    }

    static Row own_row_of(const Result& r);

    // Is nothing wrong beside rows but the time of their exits?
    static bool only_time(const Result& r) {
        auto rest = r.symptoms;
        for (const auto symptom : {Symptom::untimed, Symptom::partly_untimed, Symptom::impossible})
            rest &= ~Result::bit(symptom);
        return rest == 0;
    }

    static constexpr HostObservations no_host_{};
    const Observations& observations_;
    bool outranked_ = false;
    std::array<std::uint8_t, max_results> left_out_{};
    std::array<bool, max_differences> differences_left_out_{};
};

/// Symptoms of a ledger that counts wrongly, beside the triggers'.
inline bool miscounts(const Result& r) {
    return r.shows_any(Symptom::self_count_none, Symptom::self_count_twice, Symptom::self_count_lost,
                       Symptom::count_unsteady, Symptom::rows_over_total, Symptom::total_over_rows,
                       Symptom::total_twice, Symptom::soak_lost);
}

/// Of the two vendors' functions, the one that this host runs.
inline std::string_view by_vendor(const Evidence& e, std::string_view vmx, std::string_view svm) {
    return e.is_vmx() ? vmx : svm;
}

}
