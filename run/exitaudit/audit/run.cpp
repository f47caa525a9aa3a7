// `exitaudit run` and `exitaudit judge`: what they show and write.
#include "exitaudit/audit/options.hpp"

#include "exitaudit/audit/audit.hpp"
#include "exitaudit/audit/costs.hpp"
#include "exitaudit/audit/screen.hpp"
#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/documents/budget.hpp"
#include "exitaudit/lanes/tree.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"

#include <csignal>
#include <cstdio>

namespace exitaudit {
namespace {

// No trigger's firings take so long on a host that does not hang.
constexpr auto longest_firings = std::chrono::seconds(20);

// The first option that needs a host that exitaudit boots itself.
std::string_view needs_embedded_host(const RunOptions& options) {
    const auto& host = options.host;
    return host.kernel                 ? "--kernel"
           : !options.tree.empty()     ? "--tree"
           : !host.modules.empty()     ? "--modules"
           : !host.mutant.empty()      ? "--mutant"
           : host.exit_ledger == "0"   ? "--no-ledger"
           : !host.exit_ledger.empty() ? "--histograms"
           : !host.prepare.empty()     ? "--prepare"
           : host.noise                ? "--noise"
           : host.stress               ? "--stress"
                                       : "";
}

void show_verdict(const AuditReport& report) {
    for (const auto& line : failure_lines(report.log)) say("exitaudit: {}\n", line);
    say("exitaudit: {}\n", verdict_line(report.verdict, report.circumstances));
    for (const auto& line : finding_lines(report.circumstances)) say("exitaudit: {}\n", line);
}

void show_console(const std::vector<std::string>& console) {
    if (!console.empty()) say("exitaudit: the last lines of its console:\n");
    for (const auto& line : console) say("  {}\n", line);
}

AuditReport audit_on_screen(const Lane& lane, const RunOptions& options) {
    auto host = options.host;
    host.timeout = options.time_limit();
    const auto places = Places::find(options.build);
    places.guest(host.boot, host.image); // before minutes of building
    if (!options.tree.empty())
        host.built = build_tree(options.tree, places, {host.sanitizers, options.patch});
    Screen screen(options.verbose, audits_of(host.plan));
    const Listener listener{
        [&](std::string_view bytes) { screen.guest(bytes); },
        [&](std::string_view what) { screen.stage(fmt::format("{} lane: {}", lane.name, what)); },
        [&](std::string_view text) { screen.note(text); },
        [&] { screen.tick(); },
    };
    auto report = audit(lane, host, places, listener);
    screen.finish();
    return report;
}

AuditReport measure_on_screen(const Lane& lane, RunOptions options) {
    CostsInParts parts;
    for (;;) {
        const auto report = audit_on_screen(lane, options);
        const auto amid = report.amid;
        parts.add(report);
        auto& plan = options.host.plan;
        std::erase_if(plan, [](const std::string& word) { return word.starts_with("after="); });
        plan.push_back("after=" + amid);
        if (report.verdict.complete || report.signal || amid.empty() || check_plan(plan)) break;
        say("exitaudit: {}: {}: going on after it\n", amid, ended_by(report));
    }
    if (parts.was_cut()) fmt::print("{}", parts.table());
    return parts.report();
}

} // namespace

int run_audit(const RunOptions& given) {
    auto options = given;
    auto& host = options.host;
    if (options.costs || options.witness_only) host.plan.insert(host.plan.begin(), "costs");
    if (options.witness_only) host.plan.insert(host.plan.begin(), {"marks=yes", "format=ktap,json"});
    host.marks = options.witness_only;
    const bool costs = measures_costs(host.plan);
    host.costs = costs && !host.marks;
    if (costs) host.silence = longest_firings;
    if (const auto error = check_plan(host.plan)) {
        if (options.witness_only && audits_of(host.plan).empty() && !check_plan(given.host.plan))
            throw usage_error("--witness-only fires triggers, and the plan names none");
        throw usage_error("{}", *error);
    }
    require_directories_of({options.json, options.junit, options.log});
    if (options.exact) options.lane = svm_icount;
    const auto choice = choose_lane(options.lane, {.embedded = needs_embedded_host(options),
                                                   .kvm = host.marks  ? "--witness-only"
                                                          : host.perf ? "--perf"
                                                                      : "",
                                                   .intel = host.shadow_paging ? "--no-ept" : "",
                                                   .ledger = !costs});
    const auto budget = read_budget(options.budget, "run", choice.lane->name); // before minutes of running
    if (options.dry_run) return static_cast<int>(ExitCode::pass);
    if (!choice.why.empty()) say("exitaudit: {} lane: {}\n", choice.lane->name, choice.why);

    auto report =
        host.costs ? measure_on_screen(*choice.lane, options) : audit_on_screen(*choice.lane, options);
    auto& [serial_log, log, verdict, circumstances, amid, signal, took] = report;
    if (signal) std::signal(SIGPIPE, SIG_IGN); // it may have ended whoever reads the verdict
    const auto document = with_budget(budget, verdict, circumstances,
                                      [&] { return run_document(log, verdict, circumstances); });
    // Without a ledger, or without the guest's end, the instruments have nothing to compare.
    if (verdict.code == ExitCode::pass || verdict.code == ExitCode::audit_failed)
        for (const auto& line : host_lines(circumstances.host)) fmt::print("{}\n", line);
    std::fflush(stdout);
    if (!verdict.complete && !signal && log.contradiction.empty()) show_console(circumstances.console);
    show_verdict(report);
    // After the verdict, which must not be lost if a file cannot be written.
    if (!options.log.empty()) write_file(options.log, serial_log);
    write_documents(options.json, options.junit, document);
    return signal ? 128 + *signal : static_cast<int>(verdict.code);
}

int judge_log(const JudgeOptions& options) {
    const auto bytes = read_file(options.log == "-" ? "/dev/stdin" : options.log);
    const auto report = audit_of_log(bytes, [&](std::string_view line) {
        if (options.verbose) fmt::print("{}\n", line);
    });
    show_verdict(report);
    write_documents(options.json, options.junit,
                    run_document(report.log, report.verdict, report.circumstances));
    return static_cast<int>(report.verdict.code);
}

} // namespace exitaudit
