// Recognising causes by the host's own instruments.
#include "exitaudit/witness/findings.hpp"

#include "audit/shortcuts.hpp"
#include "ledger/exit_names.hpp"
#include "exitaudit/log/log.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

namespace exitaudit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;
using Difference = HostResult::Difference;

bool failed(const HostResult& result) { return result.outcome == Outcome::not_ok; }

Finding* find(std::vector<Finding>& findings, std::string_view id)
{
    const auto found =
        std::find_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.id == id; });
    return found == findings.end() ? nullptr : &*found;
}

// A finding of the host's; where the guest has it already, what the host saw confirms it.
void add(std::vector<Finding>& findings, std::string id, std::string text, std::vector<std::string> explains,
         std::string or_id = {})
{
    if (auto* known = find(findings, id)) {
        known->explains.insert(known->explains.end(), explains.begin(), explains.end());
        return;
    }
    findings.push_back({std::move(id), std::move(text), std::move(or_id), std::move(explains), "host"});
}

std::string row_name(Numbering numbering, std::uint64_t exit)
{
    return fmt::format("{} ({:#x})", ledger::exit_name(numbering, static_cast<ExitNumber>(exit)), exit);
}

// The rows of a comparison by what is wrong with them.
struct Rows {
    std::vector<Difference> lost, surplus;
    std::uint64_t missing = 0, seen = 0;
    Numbering numbering;

    explicit Rows(const HostResult& result) : numbering(result.svm ? Numbering::svm : Numbering::vmx)
    {
        for (const auto& difference : result.differences) {
            if (!difference.exit)
                continue;
            (difference.told < difference.seen ? lost : surplus).push_back(difference);
            if (difference.told < difference.seen) {
                missing += difference.seen - difference.told;
                seen += difference.seen;
            }
        }
    }

    template <typename Test>
    bool all_lost(Test test) const
    {
        return !lost.empty() && surplus.empty() && std::all_of(lost.begin(), lost.end(), test);
    }

    std::string names(const std::vector<Difference>& rows) const
    {
        constexpr std::size_t listed = 6;
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < std::min(listed, rows.size()); ++i)
            texts.push_back(row_name(numbering, *rows[i].exit));
        return fmt::format("{}{}", fmt::join(texts, ", "),
                           rows.size() > listed ? fmt::format(" and {} more", rows.size() - listed) : "");
    }
};

bool is_shortcut(const Rows& rows, const Difference& d)
{
    return audit::is_shortcut(rows.numbering, static_cast<ExitNumber>(*d.exit));
}

bool has_fastpath(const Rows& rows, const Difference& d)
{
    return audit::has_fastpath(rows.numbering, static_cast<ExitNumber>(*d.exit));
}

// A counter that comes too late may also come after KVM has passed a nested guest's exits,
// of whatever number, on to its hypervisor.
bool misses_passed_on(const Finding& finding)
{
    return std::any_of(finding.explains.begin(), finding.explains.end(),
                       [](const std::string& name) { return name.starts_with("nested."); });
}

// Can what the guest has found be why the ledger differs from the tracepoint so?
bool agrees(const Finding& finding, const Rows& rows)
{
    const auto& id = finding.id;
    if (id == "retpoline-shortcut")
        return rows.all_lost(
            [&](const Difference& d) { return is_shortcut(rows, d) || misses_passed_on(finding); });
    if (id == "lost-fastpath")
        return rows.all_lost(
            [&](const Difference& d) { return has_fastpath(rows, d) || misses_passed_on(finding); });
    constexpr std::array others{"lost-exits",        "racing-counters",   "counted-twice",
                                "self-count",        "shared-slot",       "host-wide",
                                "exit-in-two-slots", "stale-exit-reason", "vendor-not-patched",
                                "out-of-bounds",     "counts-go-back"};
    return std::find(others.begin(), others.end(), id) != others.end();
}

void name_rows(std::vector<Finding>& findings, const Rows& rows, const std::string& name)
{
    const auto moved = [&](const Difference& d) {
        return std::any_of(rows.surplus.begin(), rows.surplus.end(),
                           [&](const Difference& s) { return s.told - s.seen == d.seen - d.told; });
    };
    if (rows.all_lost([&](const Difference& d) { return d.told == 0 && is_shortcut(rows, d); })) {
        add(findings, "retpoline-shortcut",
            fmt::format("{} exits are not in the ledger, though the kvm_exit tracepoint saw {}: the counter "
                        "sits behind the retpoline "
                        "shortcut of {}; count where trace_kvm_exit() stands",
                        rows.names(rows.lost), rows.missing, audit::shortcut_function(rows.numbering)),
            {name});
    } else if (rows.lost.empty() && !rows.surplus.empty() &&
               std::all_of(rows.surplus.begin(), rows.surplus.end(),
                           [](const Difference& d) { return d.told == 2 * d.seen; })) {
        add(findings, "counted-twice",
            fmt::format("{} exits are in the ledger twice as often as the kvm_exit tracepoint saw them: two "
                        "places on the exit path record "
                        "the same exit",
                        rows.names(rows.surplus)),
            {name});
    } else if (!rows.lost.empty() && std::all_of(rows.lost.begin(), rows.lost.end(), moved)) {
        add(findings, "shared-slot",
            fmt::format(
                "{} exits are counted in row {} instead of their own: two exit numbers get the same index",
                rows.names(rows.lost), rows.names(rows.surplus)),
            {name});
    } else if (!rows.lost.empty() && rows.surplus.empty()) {
        add(findings, "lost-exits",
            fmt::format("the ledger lacks {} of {} exits that the kvm_exit tracepoint saw, in {}: a path of "
                        "theirs leaves before the "
                        "counter, or updates of shared counters race",
                        rows.missing, rows.seen, rows.names(rows.lost)),
            {name}, "racing-counters");
    } else if (rows.lost.empty() && rows.surplus.empty()) {
        add(findings, "lost-exits",
            "the ledger's total differs from the exits that the kvm_exit tracepoint saw, though every row "
            "agrees",
            {name});
    }
}

bool explains(const Finding& finding, std::string_view name)
{
    return std::find(finding.explains.begin(), finding.explains.end(), name) != finding.explains.end();
}

// The tracepoint's rows, by the guest's finding if one agrees; and the other instruments,
// which tell no rows, by what explains the tracepoint's.
void compare_counts(std::vector<Finding>& findings, const std::vector<HostResult>& host)
{
    for (const auto& result : host) {
        if (!failed(result) ||
            (result.name != "host.tracepoint" && result.name != "host.stats" && result.name != "host.perf"))
            continue;
        const Rows rows(result);
        const auto known = std::find_if(findings.begin(), findings.end(), [&](const Finding& f) {
            return agrees(f, rows) || (result.differences.empty() && explains(f, "host.tracepoint"));
        });
        if (known != findings.end())
            known->explains.push_back(result.name);
        else if (!result.differences.empty())
            name_rows(findings, rows, result.name);
    }
}

void compare_isolation(std::vector<Finding>& findings, const std::vector<HostResult>& host)
{
    for (const auto& result : host)
        if (failed(result) && result.name == "host.isolation" && result.mixes_vms)
            add(findings, "host-wide",
                "the noisy VM's exits are in the guest's ledger: the counters are the host's; keep them in "
                "struct kvm_vcpu",
                {result.name});
}

void judge_kernel_log(std::vector<Finding>& findings, const std::vector<HostResult>& host,
                      const HostState& state)
{
    constexpr std::uint64_t flood = 1000;
    for (const auto& result : host)
        if (failed(result) && result.name == "host.log") {
            add(findings, "slow-query",
                result.message + ": the host logs a line (printk) for each query or each exit: leave it out",
                {result.name});
            return;
        }
    if (!state.hang.empty() && state.console_lines >= flood)
        add(findings, "slow-query",
            fmt::format("the host's kernel wrote {} lines on its console while the guest ran: it logs a line "
                        "(printk) for each query or each "
                        "exit",
                        state.console_lines),
            {});
}

bool mentions(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

void judge_state(std::vector<Finding>& findings, const Log& log, const HostState& state)
{
    const auto last =
        log.last_line.empty() ? "" : fmt::format("; the guest's last line: \"{}\"", log.last_line);
    const auto where = state.place.empty() ? "" : fmt::format(", at {}", state.place);
    if (!state.complaint.empty()) {
        const bool index = mentions(state.complaint, "array-index-out-of-bounds") ||
                           mentions(state.complaint, "out-of-bounds");
        const bool fault =
            mentions(state.complaint, "unable to handle") || mentions(state.complaint, "general protection");
        const bool in_ledger = mentions(state.place, "cpuid") || mentions(state.place, "ledger");
        if (index || (fault && in_ledger))
            add(findings, "out-of-bounds",
                fmt::format("the host's kernel caught an index out of bounds: \"{}\"{}: an exit number is "
                            "used as an index before it is tested",
                            state.complaint, where),
                {}, index ? "" : "host-complaint");
        else
            add(findings, "host-complaint",
                fmt::format("the host's kernel complained: \"{}\"{}", state.complaint, where), {});
    }
    // What comes after the kernel's complaint comes of it.
    const bool flooded = find(findings, "slow-query");
    if (!state.crash.empty() && state.complaint.empty())
        add(findings, "host-crashed", fmt::format("{}{}", state.crash, last), {});
    if (!state.hang.empty() && state.complaint.empty() && !flooded)
        add(findings, "hang",
            state.hang +
                (state.stall.empty() ? last : fmt::format("; the host's kernel: \"{}\"", state.stall)),
            {});
    if (state.unanswered)
        add(findings, "answer-overwritten",
            "the host keeps a ledger of this guest, as its debugfs shows, but the leaves answer as on an "
            "unpatched host: they do not reach the "
            "ledger, or the ordinary CPUID path overwrites its answer",
            {});
}

} // namespace

std::vector<Finding> find_causes(const Log& log, const std::vector<HostResult>& host, const HostState& state)
{
    std::vector<Finding> findings;
    for (const auto& cause : log.findings)
        findings.push_back({cause.id, cause.text, cause.or_id, cause.explains, "guest"});
    // What the guest reads wrongly says nothing of the host.
    if (!find(findings, "wrong-layout"))
        compare_isolation(findings, host);
    compare_counts(findings, host);
    judge_kernel_log(findings, host, state);
    judge_state(findings, log, state);
    return findings;
}

std::vector<std::string> unexplained(const Log& log, const std::vector<HostResult>& host,
                                     const std::vector<Finding>& findings)
{
    const auto explained = [&](const std::string& name) {
        return std::any_of(findings.begin(), findings.end(),
                           [&](const Finding& finding) { return explains(finding, name); });
    };
    // Only records tell which results a finding explains; without them, the guest's own list stands for
    // nothing.
    const bool told =
        log.findings.empty() || std::any_of(log.findings.begin(), log.findings.end(),
                                            [](const Finding& cause) { return !cause.explains.empty(); });
    std::vector<std::string> names;
    if (told)
        for (const auto& result : log.results)
            if (result.outcome == Outcome::not_ok && !explained(result.name))
                names.push_back(result.name);
    for (const auto& result : host)
        if (failed(result) && !explained(result.name))
            names.push_back(result.name);
    return names;
}

} // namespace exitaudit
