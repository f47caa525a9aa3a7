// Putting together what the guest reported and what the host saw.
#include "exitaudit/witness/diagnose.hpp"

#include "audit/exceptions.hpp"
#include "diagnosis/diagnosis.hpp"
#include "diagnosis/evidence.hpp"
#include "exitaudit/log/log.hpp"
#include "exitaudit/support/json.hpp"
#include "ledger/exit_names.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>

namespace exitaudit {
namespace {

using nlohmann::json;

template <typename Number> Number number_of(const json& object, std::string_view name) {
    return static_cast<Number>(number_member(object, name));
}

// "mark" of "zeros", "mark", "other": its position; 0 for anything else.
template <typename Enum>
Enum choice_of(const json& object, std::string_view name, std::initializer_list<std::string_view> names) {
    const auto found = std::find(names.begin(), names.end(), text_member(object, name));
    return static_cast<Enum>(found == names.end() ? 0 : found - names.begin());
}

const ledger::Layout& layout_named(const std::string& name) {
    const auto known = ledger::layouts();
    const auto found = std::ranges::find(known, name, &ledger::Layout::name);
    return found == known.end() ? known.front() : *found;
}

audit::Measurement measurement_of(const json& record) {
    audit::Measurement m{};
    m.exit = number_of<ledger::ExitNumber>(record, "exit");
    const auto bound = text_member(record, "bound");
    m.bound = bound == "at least"  ? triggers::Bound::at_least
              : bound == "at most" ? triggers::Bound::at_most
                                   : triggers::Bound::exact;
    m.firings = number_of<std::uint64_t>(record, "firings");
    m.caused = number_of<std::uint64_t>(record, "caused");
    m.counted = number_of<std::int64_t>(record, "told");
    m.queries = number_of<std::int64_t>(record, "queries");
    m.uncounted = number_of<std::int64_t>(record, "uncounted");
    for (const auto& [flag, name] : {std::pair{&audit::Measurement::fastpath, "fastpath"},
                                     {&audit::Measurement::nested, "nested"},
                                     {&audit::Measurement::unhandled, "unhandled"},
                                     {&audit::Measurement::by_total, "by_total"}})
        m.*flag = number_member(record, name) != 0;
    for (const auto& stray : array_member(record, "strays")) {
        const bool whole = stray.is_array() && stray.size() == 5 &&
                           std::ranges::all_of(stray, [](const json& n) { return n.is_number_integer(); });
        if (whole && m.stray_count < m.stray_rows.size())
            m.stray_rows[m.stray_count++] = {stray[0].get<ledger::ExitNumber>(), stray[1].get<std::int64_t>(),
                                             stray[2].get<std::int64_t>(), stray[3].get<std::int64_t>(),
                                             stray[4].get<int>() != 0};
    }
    const auto& raised = object_member(record, "raised");
    for (unsigned vector = 0; vector < m.raised.size(); vector++)
        m.raised[vector] = number_of<std::uint32_t>(raised, audit::exception_name(vector));
    if (const auto& host = object_member(record, "host_cycles"); !host.empty()) {
        m.host.emplace(audit::Measurement::Host{1, number_of<std::uint64_t>(host, "mean"), {}, {}});
        if (host.contains("max"))
            m.host->extremes = {number_of<std::uint64_t>(host, "min"), number_of<std::uint64_t>(host, "max")};
    }
    return m;
}

// The names must outlive it.
template <typename Any> audit::Result result_of(const Any& result) {
    audit::Result copy;
    copy.name = result.name;
    copy.outcome = result.outcome == Outcome::ok     ? audit::Outcome::ok
                   : result.outcome == Outcome::skip ? audit::Outcome::skip
                                                     : audit::Outcome::not_ok;
    copy.message.write(result.message);
    return copy;
}

audit::Result result_of_record(const Result& result) {
    auto copy = result_of(result);
    for (const auto& name : array_member(result.record, "symptoms"))
        for (unsigned i = 0; i < static_cast<unsigned>(audit::Symptom::end); i++)
            if (name == audit::symptom_name(static_cast<audit::Symptom>(i)))
                copy.show(static_cast<audit::Symptom>(i));
    if (result.record.contains("caused")) copy.measurement = measurement_of(result.record);
    return copy;
}

// By the kernel's own words.
diagnosis::Complaint classify(const HostState& state) {
    const auto mentions = [](const std::string& text, std::string_view what) {
        return text.find(what) != text.npos;
    };
    if (state.complaint.empty()) return diagnosis::Complaint::none;
    if (mentions(state.complaint, "out-of-bounds") && !mentions(state.complaint, "KASAN"))
        return diagnosis::Complaint::index_out_of_bounds;
    const bool fault =
        mentions(state.complaint, "unable to handle") || mentions(state.complaint, "general protection");
    const bool in_ledger = mentions(state.place, "cpuid") || mentions(state.place, "ledger");
    return fault && in_ledger ? diagnosis::Complaint::fault_in_ledger : diagnosis::Complaint::other;
}

// Exits that come after the guest's last reading, while it writes the end of its log and powers off.
bool comes_after(ledger::Numbering numbering, std::uint64_t exit) {
    constexpr std::uint64_t vmx[] = {EXIT_REASON_EXCEPTION_NMI,    EXIT_REASON_EXTERNAL_INTERRUPT,
                                     EXIT_REASON_INTERRUPT_WINDOW, EXIT_REASON_HLT,
                                     EXIT_REASON_IO_INSTRUCTION,   EXIT_REASON_MSR_WRITE,
                                     EXIT_REASON_APIC_ACCESS,      EXIT_REASON_EPT_VIOLATION,
                                     EXIT_REASON_EPT_MISCONFIG,    EXIT_REASON_PREEMPTION_TIMER};
    constexpr std::uint64_t svm[] = {SVM_EXIT_INTR,  SVM_EXIT_NMI,      SVM_EXIT_SMI,
                                     SVM_EXIT_VINTR, SVM_EXIT_HLT,      SVM_EXIT_IOIO,
                                     SVM_EXIT_MSR,   SVM_EXIT_SHUTDOWN, SVM_EXIT_NPF};
    return numbering == ledger::Numbering::vmx ? std::ranges::find(vmx, exit) != std::end(vmx)
                                               : std::ranges::find(svm, exit) != std::end(svm);
}

// Did the guest read in each row what the host has there, but for what came after its last reading? Then its
// leaves report the ledger, and what holds of the ledger holds of them.
bool read_what_is_kept(const Log& log, const HostState& state, ledger::Numbering numbering) {
    if (log.rows.is_null()) return false;
    std::map<std::uint64_t, std::uint64_t> read;
    for (const auto& row : array_member(log.rows, "counts")) {
        if (!row.is_array() || row.size() != 2 || !row[0].is_number_unsigned() ||
            !row[1].is_number_unsigned())
            return false;
        read[row[0].get<std::uint64_t>()] = row[1].get<std::uint64_t>();
    }
    const std::uint64_t queries = ledger::exit_number_end; // of that reading, at most
    std::uint64_t after = 0;
    for (const auto& row : state.ledger) {
        if (row.count < read[row.exit]) return false;
        const auto later = row.count - read[row.exit];
        const auto most = row.exit == ledger::cpuid_exit(numbering) ? queries : 0;
        if (!comes_after(numbering, row.exit) && later > most) return false;
        after += later;
    }
    return after <= state.ledger_total - number_of<std::uint32_t>(log.rows, "total") + queries;
}

// What only the host sees. The texts must outlive it.
struct Seen {
    std::vector<diagnosis::RowDifference> differences;
    std::string log;
    diagnosis::HostObservations observations;
};

Seen see(const Log& log, const std::vector<HostResult>& host, const HostState& state) {
    constexpr std::uint64_t flood = 1000;
    Seen seen;
    auto& o = seen.observations;
    for (const auto& result : host) {
        const bool failed = result.outcome == Outcome::not_ok;
        if (failed && result.name == "host.log") seen.log = result.message;
        o.mixes_vms = o.mixes_vms || (failed && result.name == "host.isolation" && result.mixes_vms);
        if (result.name != "host.tracepoint") continue;
        o.tracepoint_agrees =
            result.outcome == Outcome::ok &&
            read_what_is_kept(log, state, result.svm ? ledger::Numbering::svm : ledger::Numbering::vmx);
        for (const auto& difference : result.differences)
            if (!difference.exit)
                o.total_lacks = o.total_lacks || difference.told < difference.seen;
            else
                seen.differences.push_back(
                    {static_cast<ledger::ExitNumber>(*difference.exit), difference.told, difference.seen});
    }
    if (seen.log.empty() && state.console_lines >= flood)
        seen.log = fmt::format("the host's kernel wrote {} lines on its console while the guest ran",
                               state.console_lines);
    o.complaint = classify(state);
    o.complaint_text = state.complaint;
    o.place = state.place;
    o.crash = state.crash;
    o.hang = state.hang;
    o.stall = state.stall;
    o.last_line = log.last_line;
    o.unanswered = state.unanswered;
    return seen;
}

Finding finding_of(const diagnosis::Finding& found, const std::vector<audit::Result>& results,
                   const Log& log) {
    const auto known = [&](const Finding& of_guest) { return of_guest.id == found.id; };
    const bool of_guest = std::ranges::any_of(log.findings, known) || std::ranges::any_of(log.notes, known);
    Finding finding{std::string(found.id),
                    std::string(found.text.view()),
                    std::string(found.or_id),
                    {},
                    of_guest ? "guest" : "host"};
    for (std::size_t i = 0; i < results.size(); i++)
        if (found.explains_any(i)) finding.explains.emplace_back(results[i].name);
    return finding;
}

// The guest's own findings, where its log has no records that they could be found by again.
void add_of_guest(const Log& log, Diagnosed& diagnosed) {
    auto findings = log.findings;
    for (auto& finding : findings) finding.source = "guest";
    for (const auto& of_host : diagnosed.findings) {
        const auto same = std::ranges::find(findings, of_host.id, &Finding::id);
        if (same == findings.end())
            findings.push_back(of_host);
        else
            same->explains.insert(same->explains.end(), of_host.explains.begin(), of_host.explains.end());
    }
    diagnosed.findings = findings;
    diagnosed.notes = log.notes;
    // Only records say which results a finding explains; without them, the guest's own list stands for
    // nothing.
    const auto explains_any = [](const Finding& finding) { return !finding.explains.empty(); };
    if (!log.findings.empty() && std::ranges::none_of(log.findings, explains_any)) return;
    for (const auto& result : log.results) {
        const auto explains = [&](const Finding& finding) {
            return std::ranges::count(finding.explains, result.name) != 0;
        };
        if (result.outcome == Outcome::not_ok && std::ranges::none_of(findings, explains))
            diagnosed.unexplained.push_back(result.name);
    }
}

} // namespace

ledger::Profile profile_of(const Log& log) {
    const auto& record = log.profile;
    ledger::Profile profile;
    profile.patched = true;
    profile.numbering =
        text_member(log.run, "numbering") == "svm" ? ledger::Numbering::svm : ledger::Numbering::vmx;
    profile.revision = number_of<std::uint32_t>(log.run, "ledger");
    profile.detected = layout_named(text_member(record, "detected_layout"));
    const auto& leaves = array_member(record, "leaves");
    profile.layout = layout_named(text_member(log.run, "layout")).without_missing([&](std::uint32_t leaf) {
        return std::ranges::count(leaves, json(leaf)) != 0;
    });
    profile.missing = number_of<unsigned>(record, "missing_leaves");
    profile.edition.last = number_of<ledger::ExitNumber>(log.run, "sdm");
    profile.detected_edition.last = number_of<ledger::ExitNumber>(record, "detected_sdm");
    if (profile.edition.last == 0) // AMD's editions are not told apart
        profile.edition = profile.detected_edition;
    profile.undefined = choice_of<ledger::Answer>(record, "undefined", {"zeros", "mark", "other"});
    profile.not_enabled = choice_of<ledger::Answer>(record, "not_enabled", {"zeros", "mark", "other"});
    profile.scope = choice_of<ledger::Scope>(record, "scope", {"unknown", "vm", "host"});
    profile.grows = number_of<unsigned>(record, "grows") != 0;
    profile.self_count = number_of<unsigned>(record, "self_count");
    profile.total_count = number_of<unsigned>(record, "total_count");
    profile.words_swapped = number_of<unsigned>(record, "words_swapped") != 0;
    for (const auto& exit : array_member(record, "moving"))
        if (exit.is_number_unsigned()) profile.moving.add(exit.get<ledger::ExitNumber>());
    profile.cost = {number_of<std::uint64_t>(record, "cpuid_cycles"),
                    number_of<std::uint64_t>(record, "query_cycles")};
    return profile;
}

Diagnosed diagnose(const Log& log, const std::vector<HostResult>& host, const HostState& state) {
    const auto has_record = [](const Result& result) { return result.record.is_object(); };
    // The record of a result follows its line: a log that was cut off may lack the last one.
    const bool cut_off = log.end.is_null() && !log.results.empty() && !has_record(log.results.back());
    const std::span whole(log.results.data(), log.results.size() - cut_off);
    const bool recorded = !log.profile.is_null() && std::ranges::all_of(whole, has_record);
    std::vector<audit::Result> results;
    if (recorded)
        for (const auto& result : whole) results.push_back(result_of_record(result));
    for (const auto& result : host) results.push_back(result_of(result));
    results.resize(std::min(results.size(), diagnosis::max_results));

    auto seen = see(log, host, state);
    seen.observations.differences = seen.differences;
    seen.observations.log = seen.log;
    auto profile = recorded ? profile_of(log) : ledger::Profile{.numbering = ledger::Numbering::vmx};
    if (!recorded && std::ranges::any_of(host, &HostResult::svm)) profile.numbering = ledger::Numbering::svm;
    const auto found = std::make_unique<diagnosis::Diagnosis>();
    found->find(
        {results, profile, std::max(1u, number_of<unsigned>(log.run, "vcpus")), {}, &seen.observations});

    Diagnosed diagnosed;
    for (const auto& finding : found->findings())
        diagnosed.findings.push_back(finding_of(finding, results, log));
    // The complaint is the first of the reports.
    constexpr std::string_view reports = "host.sanitizers";
    const auto complaint = std::ranges::find(diagnosed.findings, "host-complaint", &Finding::id);
    const auto reported = [&](const auto& r) { return r.name == reports && diagnosis::Evidence::failed(r); };
    if (complaint != diagnosed.findings.end() && std::ranges::any_of(results, reported))
        complaint->explains.emplace_back(reports);
    for (const auto& note : found->notes()) diagnosed.notes.push_back(finding_of(note, results, log));
    for (std::size_t i = 0; i < results.size(); i++)
        if (diagnosis::Evidence::failed(results[i]) && results[i].name != reports &&
            (!found->explains(results[i], i) ||
             (results[i].name == "host.tracepoint" && !found->explains_differences(seen.observations))))
            diagnosed.unexplained.emplace_back(results[i].name);
    if (!recorded) add_of_guest(log, diagnosed);
    return diagnosed;
}

} // namespace exitaudit
