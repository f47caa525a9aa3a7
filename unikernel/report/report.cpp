// Writing the serial log.
#include "report/report.hpp"

#include "audit/exceptions.hpp"
#include "ledger/exit_names.hpp"
#include "machine/cpuid.hpp"
#include "report/json.hpp"

namespace report {
namespace {

using audit::Measurement;
using audit::Outcome;
using audit::Result;
using plan::Form;
using triggers::Bound;

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::not_ok: return "not ok";
    case Outcome::skip: return "skip";
    }
    return "?";
}

std::string_view name_of(Bound bound) {
    switch (bound) {
    case Bound::at_least: return "at least";
    case Bound::at_most: return "at most";
    default: return "exact";
    }
}

std::string_view plan_words(const boot::LoaderInfo& loader) {
    return loader.command_line.empty() ? "all" : loader.command_line;
}

void write_spread(JsonObject& record, const audit::Spread& spread) {
    record.object("guest_cycles")
        .member("min", spread.min)
        .member("p25", spread.p25)
        .member("median", spread.median)
        .member("p75", spread.p75)
        .member("mean", spread.mean)
        .member("stddev", spread.stddev)
        .member("p99", spread.p99)
        .member("max", spread.max)
        .end();
}

template <typename Test>
void write_names(JsonObject& record, std::string_view name, std::span<const Result> results, Test test) {
    record.array(name);
    for (std::size_t i = 0; i < results.size(); i++)
        if (test(i)) record.element(results[i].name);
    record.end_array();
}

void write_raised(JsonObject& record, const machine::ExceptionCounts& raised) {
    if (std::ranges::all_of(raised, [](auto count) { return count == 0; })) return;
    auto object = record.object("raised");
    for (unsigned vector = 0; vector < raised.size(); vector++)
        if (raised[vector]) object.member(audit::exception_name(vector), raised[vector]);
    object.end();
}

void write_host(JsonObject& record, const Measurement::Host& host) {
    auto object = record.object("host_cycles");
    object.member("mean", host.mean());
    if (host.extremes) object.member("min", host.extremes->shortest).member("max", host.extremes->longest);
    if (host.inside) object.member("inside", *host.inside / host.exits);
    object.end();
}

}

void Report::begin(const boot::LoaderInfo& loader, const plan::Plan& plan) {
    if (plan.writes(Form::ktap)) sink_.write("KTAP version 1\n");
    sink_.format("# Exit Audit, booted by {} on {} ({})\n", loader.protocol, machine::vendor().view(),
                 machine::brand().view());
    sink_.format("# plan: {}\n", plan_words(loader));
}

void Report::announce(const boot::LoaderInfo& loader, const plan::Plan& plan,
                      const ledger::Profile& profile) {
    plan_ = &plan;
    numbering_ = profile.numbering;
    const auto results = profile.patched || plan.costs() ? plan.size() : 0;
    const auto layout = profile.layout.name;
    if (profile.patched) {
        sink_.format("# ledger: revision {}, layout {}, {} exit numbers, known by {}\n", profile.revision,
                     layout, ledger::numbering_name(profile.numbering), profile.reason);
        if (!profile.edition.is_current())
            sink_.format("# audited by an edition of Intel's manual that ends with exit reason {}{}\n",
                         profile.edition.last, profile.edition.has_pconfig ? "" : " and leaves 65 out");
    }

    if (profile.patched) write_profile(profile);
    {
        JsonRecord record(sink_, "run");
        record.member("schema", 1).member("boot", loader.protocol);
        record.member("vendor", machine::vendor().view());
        record.member("numbering", ledger::numbering_name(profile.numbering));
        if (profile.patched) record.member("ledger", profile.revision).member("layout", layout);
        if (profile.patched && profile.numbering == ledger::Numbering::vmx)
            record.member("sdm", profile.edition.last);
        record.member("plan", plan_words(loader)).member("vcpus", plan.vcpus());
        if (plan.costs()) record.member("costs", 1);
        record.member("results", results);
    }
    if (!writes(Form::ktap)) return;
    if (results != 0)
        sink_.format("1..{}\n", results);
    else
        sink_.format("1..0 # SKIP not patched: {}\n", profile.reason);
}

void Report::result(std::size_t number, const Result& result) {
    switch (result.outcome) {
    case Outcome::ok: passed_++; break;
    case Outcome::not_ok: failed_++; break;
    case Outcome::skip: skipped_++; break;
    }
    if (writes(Form::ktap)) write_ktap(number, result);
    if (writes(Form::json)) write_json(number, result);
}

void Report::write_ktap(std::size_t number, const Result& result) {
    const auto skipped = result.outcome == Outcome::skip;
    sink_.format("{} {} {} # {}{}\n", skipped ? "ok" : name_of(result.outcome), number, result.name,
                 skipped ? "SKIP " : "", result.message.view());
    if (result.outcome != Outcome::not_ok) return;
    if (const auto& m = result.measurement) {
        const bool exact = m->bound == Bound::exact || m->bound == Bound::none;
        sink_.format("# expected: {}{}{} exits {:x} {} from {} firings\n", exact ? "" : name_of(m->bound),
                     exact ? "" : " ", m->caused, m->exit, ledger::exit_name(numbering_, m->exit),
                     m->firings);
        sink_.format("# seen: {}{}\n", m->counted < 0 ? "-" : "+", m->counted < 0 ? -m->counted : m->counted);
    }
    if (!result.diagnosis.empty()) sink_.format("# diagnosis: {}\n", result.diagnosis.view());
}

void Report::write_json(std::size_t number, const Result& result) {
    JsonRecord record(sink_, "result");
    record.member("number", number).member("name", result.name);
    record.member("verdict", name_of(result.outcome)).member("message", result.message.view());
    if (!result.diagnosis.empty()) record.member("diagnosis", result.diagnosis.view());
    if (result.symptoms != 0) {
        record.array("symptoms");
        for (unsigned i = 0; i < static_cast<unsigned>(audit::Symptom::end); i++)
            if (result.shows(static_cast<audit::Symptom>(i)))
                record.element(audit::symptom_name(static_cast<audit::Symptom>(i)));
        record.end_array();
    }
    if (result.measurement) write_measurement(record, *result.measurement);
}

void Report::write_measurement(JsonObject& record, const Measurement& m) {
    record.member("exit", m.exit).member("exit_name", ledger::exit_name(numbering_, m.exit));
    if (m.repeats > 1) record.member("repeats", m.repeats);
    record.member("firings", m.firings);
    if (!m.costs_alone) write_counts(record, m);
    if (m.deviation) record.member("deviation", m.deviation);
    write_raised(record, m.raised);
    write_spread(record, m.guest);
    record.member("empty_cycles", m.empty);
    if (m.host) write_host(record, *m.host);
}

void Report::write_counts(JsonObject& record, const Measurement& m) {
    record.member("caused", m.caused).member("told", m.counted);
    record.member("bound", name_of(m.bound)).member("queries", m.queries);
    const std::pair<bool, std::string_view> flags[] = {
        {m.fastpath, "fastpath"}, {m.nested, "nested"}, {m.unhandled, "unhandled"}, {m.by_total, "by_total"}};
    for (const auto& [is_set, name] : flags)
        if (is_set) record.member(name, 1);
    if (m.uncounted != 0) record.member("uncounted", m.uncounted);
    if (m.stray_count != 0) {
        record.array("strays");
        for (const auto& s : m.strays()) {
            record.nested_array();
            record.element(s.exit);
            for (const auto value : {s.counted, s.low, s.high, std::int64_t{s.never_counted}})
                record.element(value);
            record.end_array();
        }
        record.end_array();
    }
}

// The part of the profile that finding causes needs.
void Report::write_profile(const ledger::Profile& profile) {
    constexpr std::string_view answers[] = {"zeros", "mark", "other"}, scopes[] = {"unknown", "vm", "host"};
    JsonRecord record(sink_, "profile");
    record.member("detected_layout", profile.detected.name).member("missing_leaves", profile.missing);
    record.array("leaves");
    for (const auto leaf : ledger::assigned_leaves)
        if (profile.layout.has(leaf)) record.element(profile.layout.number(leaf));
    record.end_array();
    record.member("detected_sdm", profile.detected_edition.last);
    record.member("registers", profile.registers.is_clean() ? "clean" : "left");
    record.member("undefined", answers[static_cast<unsigned>(profile.undefined)]);
    record.member("not_enabled", answers[static_cast<unsigned>(profile.not_enabled)]);
    record.member("grows", profile.grows).member("self_count", profile.self_count);
    record.member("total_count", profile.total_count).member("words_swapped", profile.words_swapped);
    record.array("moving");
    for (const auto exit : profile.moving.all()) record.element(exit);
    record.end_array();
    record.member("scope", scopes[static_cast<unsigned>(profile.scope)]);
    record.member("query_cycles", profile.cost.query).member("cpuid_cycles", profile.cost.ordinary);
}

void Report::warn(std::string_view text) { sink_.format("# {}\n", text); }

void Report::rows(const audit::Run::Rows& rows) {
    if (!writes(Form::json)) return;
    JsonRecord record(sink_, "rows");
    record.member("total", rows.total);
    record.array("counts");
    for (std::size_t exit = 0; exit < rows.counts.size(); exit++)
        if (rows.counts[exit] != 0) {
            record.nested_array();
            record.element(exit);
            record.element(rows.counts[exit]);
            record.end_array();
        }
    record.end_array();
}

void Report::one_shot(const triggers::Trigger& trigger) {
    const auto& expectation = trigger.expectation(numbering_);
    JsonRecord(sink_, "one-shot")
        .member("name", trigger.name)
        .member("exit", expectation.exit)
        .member("exit_name", ledger::exit_name(numbering_, expectation.exit));
    sink_.format("# The guest ends by {}.\n", trigger.what);
}

void Report::table(std::span<const Result> results) {
    const auto measured = [](const Result& result) {
        return result.measurement && result.outcome != Outcome::skip;
    };
    if (!writes(Form::table) || std::ranges::none_of(results, measured)) return;
    sink_.write("#\n# Cycles per firing as the guest saw them, and per exit as the host reported them:\n");
    sink_.format("# {:-27} {:-24} {:8} {:8} {:9} {:9} {:9} {:9} {:9} {:9} {:9} {:9}\n", "trigger", "exit",
                 "caused", "told", "min", "median", "mean", "stddev", "p99", "max", "host mean", "in KVM");
    std::uint64_t empty = 0;
    for (const auto& result : results)
        if (measured(result)) {
            write_row(result);
            empty = result.measurement->empty;
        }
    sink_.format("# An empty firing costs {} cycles; they are not subtracted.\n#\n", empty);
}

void Report::write_row(const Result& result) {
    const auto& m = *result.measurement;
    const console::Text<40> exit("{:x} {}", m.exit, ledger::exit_name(numbering_, m.exit));
    sink_.format("# {:-27} {:-24} {:8} {:8} {:9} {:9} {:9} {:9} {:9} {:9} ", result.name, exit.view(),
                 m.caused, m.counted, m.guest.min, m.guest.median, m.guest.mean, m.guest.stddev, m.guest.p99,
                 m.guest.max);
    if (!m.host)
        sink_.format("{:9} {:9}\n", "-", "-");
    else if (!m.host->inside)
        sink_.format("{:9} {:9}\n", m.host->mean(), "-");
    else
        sink_.format("{:9} {:9}\n", m.host->mean(), *m.host->inside / m.host->exits);
}

void Report::write_finding(std::string_view kind, const diagnosis::Finding& finding,
                           std::span<const Result> results) {
    if (writes(Form::json)) {
        JsonRecord record(sink_, kind);
        record.member("id", finding.id);
        if (!finding.or_id.empty()) record.member("or", finding.or_id);
        record.member("text", finding.text.view());
        write_names(record, "explains", results, [&](std::size_t i) { return finding.explains_any(i); });
    }
    sink_.format("# {}: {}: {}\n", kind, finding.id, finding.text.view());
}

void Report::findings(const diagnosis::Diagnosis& found, std::span<const Result> results) {
    for (const auto& finding : found.findings()) write_finding("finding", finding, results);
    for (const auto& note : found.notes()) write_finding("note", note, results);
    const auto unexplained = [&](std::size_t i) {
        return results[i].outcome == Outcome::not_ok && !found.explains(results[i], i);
    };
    std::size_t count = 0;
    for (std::size_t i = 0; i < results.size(); i++) count += unexplained(i);
    if (count == 0) return;
    if (writes(Form::json)) {
        JsonRecord record(sink_, "unexplained");
        write_names(record, "results", results, unexplained);
    }
    constexpr std::size_t most_names = 10;
    sink_.format("# {} failure{} unexplained:", count, count == 1 ? "" : "s");
    std::size_t named = 0;
    for (std::size_t i = 0; i < results.size() && named < most_names; i++)
        if (unexplained(i)) sink_.format("{} {}", named++ ? "," : "", results[i].name);
    sink_.write(named < count ? " ...\n" : "\n");
}

void Report::end(Ending ending, std::string_view message) {
    {
        JsonRecord record(sink_, "end");
        record.member("verdict", name_of(ending)).member("passed", passed_);
        record.member("failed", failed_).member("skipped", skipped_);
        if (!message.empty()) record.member("message", message);
    }
    if (!message.empty() && ending != Ending::fail) sink_.format("# {}\n", message);
    sink_.format("# verdict: {}: {} passed, {} failed, {} skipped\n", name_of(ending), passed_, failed_,
                 skipped_);
}

}
