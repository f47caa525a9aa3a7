// Writing the serial log.
#include "report/report.hpp"

#include "audit/exceptions.hpp"
#include "ledger/exit_names.hpp"
#include "machine/cpuid.hpp"
#include "report/json.hpp"

namespace report {
namespace {

using audit::Form;
using audit::Measurement;
using audit::Result;
using audit::Verdict;
using triggers::Bound;

std::string_view name_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::not_ok: return "not ok";
    case Verdict::skip: return "skip";
    }
    return "?";
}

std::string_view name_of(Ending ending)
{
    switch (ending) {
    case Ending::pass: return "pass";
    case Ending::fail: return "fail";
    case Ending::usage: return "usage";
    case Ending::died: return "died";
    case Ending::not_patched: return "not-patched";
    case Ending::skipped: return "skipped";
    }
    return "?";
}

std::string_view name_of(Bound bound)
{
    switch (bound) {
    case Bound::at_least: return "at least";
    case Bound::at_most: return "at most";
    default: return "exact";
    }
}

std::string_view plan_words(const boot::LoaderInfo& loader)
{
    return loader.command_line.empty() ? "all" : loader.command_line;
}

void write_spread(JsonObject& record, const audit::Spread& spread)
{
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
void write_names(JsonObject& record, std::string_view name, std::span<const Result> results, Test test)
{
    record.array(name);
    for (std::size_t i = 0; i < results.size(); i++)
        if (test(i))
            record.element(results[i].name);
    record.end_array();
}

void write_raised(JsonObject& record, const machine::ExceptionCounts& raised)
{
    if (std::ranges::all_of(raised, [](auto count) { return count == 0; }))
        return;
    auto object = record.object("raised");
    for (unsigned vector = 0; vector < raised.size(); vector++)
        if (raised[vector])
            object.member(audit::exception_name(vector), std::uint64_t{raised[vector]});
    object.end();
}

void write_host(JsonObject& record, const Measurement::Host& host)
{
    auto object = record.object("host_cycles");
    object.member("mean", host.mean());
    if (host.extremes)
        object.member("min", host.extremes->shortest).member("max", host.extremes->longest);
    if (host.inside)
        object.member("inside", *host.inside / host.exits);
    object.end();
}

}

void Report::begin(const boot::LoaderInfo& loader, const audit::Plan& plan)
{
    if (plan.writes(Form::ktap))
        sink_.write("KTAP version 1\n");
    sink_.format("# Exit Audit, booted by {} on {} ({})\n", loader.protocol, machine::vendor().view(),
                 machine::brand().view());
    sink_.format("# plan: {}\n", plan_words(loader));
}

void Report::announce(const boot::LoaderInfo& loader, const audit::Plan& plan, const ledger::Probe& probe)
{
    plan_ = &plan;
    numbering_ = probe.numbering;
    const auto layout = probe.layout->name;
    if (probe.patched) {
        sink_.format("# ledger: revision {}, layout {}, {} exit numbers, known by {}\n", probe.revision,
                     layout, ledger::numbering_name(probe.numbering), probe.reason);
        if (!probe.edition.is_current())
            sink_.format("# audited by an edition of Intel's manual that ends with exit reason {}{}\n",
                         probe.edition.last, probe.edition.has_pconfig ? "" : " and leaves 65 out");
    }

    sink_.write("#json ");
    JsonObject record(sink_);
    record.member("record", "run").member("schema", std::uint64_t{1}).member("boot", loader.protocol);
    record.member("vendor", machine::vendor().view())
        .member("numbering", ledger::numbering_name(probe.numbering));
    if (probe.patched)
        record.member("ledger", std::uint64_t{probe.revision}).member("layout", layout);
    if (probe.patched && probe.numbering == ledger::Numbering::vmx)
        record.member("sdm", std::uint64_t{probe.edition.last});
    record.member("plan", plan_words(loader)).member("vcpus", std::uint64_t{plan.vcpus()});
    record.member("results", probe.patched ? std::uint64_t{plan.size()} : 0);
    record.end();
    sink_.write("\n");

    if (!writes(Form::ktap))
        return;
    if (probe.patched)
        sink_.format("1..{}\n", plan.size());
    else
        sink_.format("1..0 # SKIP not patched: {}\n", probe.reason);
}

void Report::result(std::size_t number, const Result& result)
{
    switch (result.verdict) {
    case Verdict::ok: passed_++; break;
    case Verdict::not_ok: failed_++; break;
    case Verdict::skip: skipped_++; break;
    }
    if (writes(Form::ktap))
        write_ktap(number, result);
    if (writes(Form::json))
        write_json(number, result);
}

void Report::write_ktap(std::size_t number, const Result& result)
{
    const auto skipped = result.verdict == Verdict::skip;
    sink_.format("{} {} {} # {}{}\n", skipped ? "ok" : name_of(result.verdict), number, result.name,
                 skipped ? "SKIP " : "", result.message.view());
    if (result.verdict != Verdict::not_ok)
        return;
    if (const auto& m = result.measurement) {
        const bool exact = m->bound == Bound::exact || m->bound == Bound::none;
        sink_.format("# expected: {}{}{} exits {:x} {} from {} firings\n", exact ? "" : name_of(m->bound),
                     exact ? "" : " ", m->caused, m->exit, ledger::exit_name(numbering_, m->exit),
                     m->firings);
        sink_.format("# seen: {}{}\n", m->told < 0 ? "-" : "+", m->told < 0 ? -m->told : m->told);
    }
    if (!result.diagnosis.empty())
        sink_.format("# diagnosis: {}\n", result.diagnosis.view());
}

void Report::write_json(std::size_t number, const Result& result)
{
    sink_.write("#json ");
    JsonObject record(sink_);
    record.member("record", "result").member("number", std::uint64_t{number}).member("name", result.name);
    record.member("verdict", name_of(result.verdict)).member("message", result.message.view());
    if (!result.diagnosis.empty())
        record.member("diagnosis", result.diagnosis.view());
    if (const auto& m = result.measurement) {
        record.member("exit", std::uint64_t{m->exit})
            .member("exit_name", ledger::exit_name(numbering_, m->exit));
        if (m->repeats > 1)
            record.member("repeats", std::uint64_t{m->repeats});
        record.member("firings", m->firings).member("caused", m->caused).signed_member("told", m->told);
        record.member("bound", name_of(m->bound));
        write_raised(record, m->raised);
        write_spread(record, m->guest);
        record.member("empty_cycles", m->empty);
        if (m->host)
            write_host(record, *m->host);
    }
    record.end();
    sink_.write("\n");
}

void Report::one_shot(const triggers::Trigger& trigger)
{
    const auto& expectation = trigger.expectation(numbering_);
    sink_.write("#json ");
    JsonObject record(sink_);
    record.member("record", "one-shot").member("name", trigger.name);
    record.member("exit", std::uint64_t{expectation.exit})
        .member("exit_name", ledger::exit_name(numbering_, expectation.exit));
    record.end();
    sink_.format("\n# The guest ends by {}.\n", trigger.what);
}

void Report::table(std::span<const Result> results)
{
    const auto measured = [](const Result& result) {
        return result.measurement && result.verdict != Verdict::skip;
    };
    if (!writes(Form::table) || std::ranges::none_of(results, measured))
        return;
    sink_.write("#\n# Cycles per firing as the guest saw them, and per exit as the host told them:\n");
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

void Report::write_row(const Result& result)
{
    const auto& m = *result.measurement;
    const console::Text<40> exit("{:x} {}", m.exit, ledger::exit_name(numbering_, m.exit));
    sink_.format("# {:-27} {:-24} {:8} {:8} {:9} {:9} {:9} {:9} {:9} {:9} ", result.name, exit.view(),
                 m.caused, m.told, m.guest.min, m.guest.median, m.guest.mean, m.guest.stddev, m.guest.p99,
                 m.guest.max);
    if (!m.host)
        sink_.format("{:9} {:9}\n", "-", "-");
    else if (!m.host->inside)
        sink_.format("{:9} {:9}\n", m.host->mean(), "-");
    else
        sink_.format("{:9} {:9}\n", m.host->mean(), *m.host->inside / m.host->exits);
}

void Report::write_cause(std::string_view kind, const audit::Finding& finding,
                         std::span<const Result> results)
{
    if (writes(Form::json)) {
        sink_.write("#json ");
        JsonObject record(sink_);
        record.member("record", kind).member("id", finding.id);
        if (!finding.or_id.empty())
            record.member("or", finding.or_id);
        record.member("text", finding.text.view());
        write_names(record, "explains", results, [&](std::size_t i) { return finding.explains[i]; });
        record.end();
        sink_.write("\n");
    }
    sink_.format("# {}: {}: {}\n", kind, finding.id, finding.text.view());
}

void Report::findings(const audit::Findings& findings, const std::optional<audit::Finding>& note,
                      std::span<const Result> results)
{
    for (const auto& finding : findings.all())
        write_cause("finding", finding, results);
    if (note)
        write_cause("note", *note, results);
    const auto unexplained = [&](std::size_t i) {
        return results[i].verdict == Verdict::not_ok && !findings.explained(i);
    };
    const auto count = findings.unexplained(results);
    if (count == 0)
        return;
    if (writes(Form::json)) {
        sink_.write("#json ");
        JsonObject record(sink_);
        record.member("record", "unexplained");
        write_names(record, "results", results, unexplained);
        record.end();
        sink_.write("\n");
    }
    constexpr std::size_t most_names = 10;
    sink_.format("# {} failure{} unexplained:", count, count == 1 ? "" : "s");
    std::size_t named = 0;
    for (std::size_t i = 0; i < results.size() && named < most_names; i++)
        if (unexplained(i))
            sink_.format("{} {}", named++ ? "," : "", results[i].name);
    sink_.write(named < count ? " ...\n" : "\n");
}

void Report::end(Ending ending, std::string_view message)
{
    sink_.write("#json ");
    JsonObject record(sink_);
    record.member("record", "end")
        .member("verdict", name_of(ending))
        .member("passed", std::uint64_t{passed_});
    record.member("failed", std::uint64_t{failed_}).member("skipped", std::uint64_t{skipped_});
    if (!message.empty())
        record.member("message", message);
    record.end();
    if (!message.empty() && ending != Ending::fail)
        sink_.format("\n# {}", message);
    sink_.format("\n# verdict: {}: {} passed, {} failed, {} skipped\n", name_of(ending), passed_, failed_,
                 skipped_);
}

}
