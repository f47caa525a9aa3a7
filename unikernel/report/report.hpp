// The serial log: KTAP lines, the table, JSON records. docs/serial-log.md describes it.
#pragma once

#include "plan/plan.hpp"
#include "report/ending.hpp"
#include "audit/result.hpp"
#include "audit/run/run.hpp"
#include "boot/loader.hpp"
#include "console/format.hpp"
#include "diagnosis/diagnosis.hpp"
#include "ledger/profile.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace report {

class JsonObject;

class Report {
public:
    constexpr explicit Report(console::Sink& sink) : sink_(sink) {}

    /// The first lines: the processor, the loader, the plan's words.
    void begin(const boot::LoaderInfo& loader, const plan::Plan& plan);

    /// The ledger that was found, and how many results will follow.
    void announce(const boot::LoaderInfo& loader, const plan::Plan& plan, const ledger::Profile& profile);

    void result(std::size_t number, const audit::Result& result);

    /// The trigger that ends the guest, and the exit that the host must report.
    void one_shot(const triggers::Trigger& trigger);

    /// What the guest sees of its host, by CPUID.
    void platform();

    /// The table of what each trigger costs, by family, if the plan asks for it.
    void costs(std::span<const audit::Result> results);

    /// The table of all measurements, if the plan asks for it.
    void table(std::span<const audit::Result> results);

    /// A line that the user should see before the results.
    void warn(std::string_view text);

    /// The ledger's counts after the last audit.
    void rows(const audit::Run::Rows& rows);

    /// The causes of the failures, and the failures that none of them explains.
    void findings(const diagnosis::Diagnosis& found, std::span<const audit::Result> results);

    /// The last record and line.
    /// \param message why, unless the run passed
    void end(Ending ending, std::string_view message);
private:
    bool writes(plan::Form form) const { return plan_ && plan_->writes(form); }
    void write_ktap(std::size_t number, const audit::Result& result);
    void write_json(std::size_t number, const audit::Result& result);
    void write_finding(std::string_view kind, const diagnosis::Finding& finding,
                       std::span<const audit::Result> results);
    void write_measurement(JsonObject& record, const audit::Measurement& measurement);
    void write_counts(JsonObject& record, const audit::Measurement& measurement);
    void write_profile(const ledger::Profile& profile);
    void write_row(const audit::Result& result);

    console::Sink& sink_;
    const plan::Plan* plan_ = nullptr; // none before announce()
    ledger::Numbering numbering_{};
    std::size_t passed_ = 0, failed_ = 0, skipped_ = 0;
};

}
