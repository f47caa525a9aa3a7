// The command line, by CLI11.
#include "options.hpp"

#include "exit_code.hpp"
#include "lane.hpp"
#include "machine/this_cpu.hpp"
#include "read/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <map>

#ifndef EXITAUDIT_VERSION
#define EXITAUDIT_VERSION "development"
#endif

namespace exitaudit {
namespace {

constexpr auto examples = R"(
Examples:
  exitaudit run                          everything, on the best lane there is
  exitaudit run --lane svm 'io.*' hlt.timer:count=100
  exitaudit list 'msr.*' -v              what these triggers cause, and why
  exitaudit grade alice.patch bob.patch  somebody's KVM: what is wrong with it

Exit codes: 0 every audit passed; 1 an audit failed; 2 usage; 3 could not run;
4 the host is not patched.)";

void add_judge(CLI::App& app, JudgeOptions& options)
{
    app.add_option("LOG", options.log, "serial log of the guest; - for standard input")->required();
    app.add_option("--json", options.json, "write the verdict and all results to FILE")->type_name("FILE");
    app.add_option("--junit", options.junit, "the same as JUnit's XML, for CI systems")->type_name("FILE");
    app.add_flag("-v,--verbose", options.verbose, "show the log as well");
}

void add_report(CLI::App& app, ReportOptions& options)
{
    app.add_option("DOCUMENT", options.documents, "what --json wrote; - for standard input")->required();
    app.add_option("-o,--output", options.output, "write the page to FILE")->type_name("FILE")->required();
}

void add_compare(CLI::App& app, CompareOptions& options)
{
    app.add_option("BEFORE", options.before, "what run --json wrote before the change; or boot --json")->required();
    app.add_option("AFTER", options.after, "and after it; of boots, another to stand beside the first")->required();
    app.add_option("MORE", options.more, "more boots");
    app.add_option("--max-regression", options.max_regression, "exit with 1 if a trigger became slower by more, beyond chance")
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("PERCENT");
    app.add_option("--json", options.json, "write the comparison to FILE")->type_name("FILE");
}

void add_list(CLI::App& app, ListOptions& options)
{
    auto* json = app.add_flag_callback("--json", [&] { options.form = ListForm::json; }, "as a JSON document, with all details");
    app.add_flag_callback("--markdown", [&] { options.form = ListForm::markdown; }, "as the page docs/catalogue.md")->excludes(json);
    app.add_flag("-v,--verbose", options.verbose, "say with each expectation where it comes from");
    app.add_option("NAME", options.names, "triggers and audits, by name or glob (default: all)");
}

void add_run(CLI::App& app, RunOptions& options)
{
    static const std::map<std::string, Boot> boots{{"kernel", Boot::kernel}, {"pvh", Boot::pvh}, {"iso", Boot::iso}};
    app.add_option("--lane", options.lane, "host to audit: " + lane_names())->type_name("LANE")->capture_default_str();
    app.add_option("--kernel", options.kernel, "Linux of the embedded host (default " + std::string(default_kernel) + ")")
        ->type_name("VERSION");
    app.add_option("--vcpus", options.vcpus, "vCPUs of the guest, which all fire at once")
        ->check(CLI::Range(1U, machine::max_processors).description(""))
        ->type_name("N")
        ->capture_default_str();
    const auto choose = [&](const std::string& name) { options.boot = boots.at(name); };
    app.add_option_function<std::string>("--boot", choose, "pvh (default), kernel (Multiboot 1) or iso (GRUB)")
        ->check(CLI::IsMember({"pvh", "kernel", "iso"}).description(""))
        ->type_name("HOW");
    app.add_option("--machine", options.machine, "guest's machine: microvm, pc or q35")
        ->check(CLI::IsMember({"microvm", "pc", "q35"}).description(""))
        ->type_name("NAME");
    app.add_option("--timeout", options.timeout, "give up after this long (default 120)")->type_name("SECONDS");
    auto* modules = app.add_option("--modules", options.modules, "KVM modules to load instead of the built")->type_name("DIR");
    app.add_option("--mutant", options.mutant, "load this deliberately broken host")->type_name("NAME")->excludes(modules);
    app.add_flag("--no-ept", options.no_ept, "load kvm-intel with ept=0: shadow paging (vmx lane)");
    app.add_option("--guest", options.guest, "boot this image instead of the built one")->type_name("FILE");
    app.add_option("--build", options.build, "where the built files are (default: exitaudit's own directory)")
        ->envname("EXITAUDIT_BUILD")
        ->type_name("DIR");
    app.add_option("--json", options.json, "write the verdict and all results to FILE")->type_name("FILE");
    app.add_option("--junit", options.junit, "the same as JUnit's XML, for CI systems")->type_name("FILE");
    app.add_option("--log", options.log, "keep the guest's serial log in FILE")->type_name("FILE");
    app.add_flag("--noise", options.noise, "run a second, busy VM beside the guest: their exits must not mix");
    app.add_flag("--perf", options.perf, "let perf kvm stat count the exits, too, and compare (needs linux-perf)");
    app.add_flag("-n,--dry-run", options.dry_run, "check the options and the plan, and boot nothing");
    app.add_flag("-v,--verbose", options.verbose, "show JSON lines, commands and the host's console too");
    app.add_option("PLAN", options.plan, "triggers and audits, by name or glob (default: the guest's)");
}

} // namespace

Task parse_options(int argc, char** argv)
{
    RunOptions run;
    JudgeOptions judge;
    ListOptions list;
    ReadOptions read;
    TopOptions top;
    ReportOptions report;
    CompareOptions compare;
    GradeOptions grade;
    BootOptions boot;
    CLI::App app{"Audits the VM exit ledger that a patched KVM keeps.", "exitaudit"};
    app.set_version_flag("--version", "exitaudit " EXITAUDIT_VERSION);
    app.footer(examples);
    app.require_subcommand(1);
    auto* run_app = app.add_subcommand("run", "boot the auditing guest on a host and judge what it reports");
    auto* boot_app = app.add_subcommand("boot", "boot Linux on a host and tell of all its exits, by phase and over time");
    auto* grade_app = app.add_subcommand("grade", "compile somebody's patches in a sandbox, audit them, tell a row for each");
    auto* judge_app = app.add_subcommand("judge", "judge a serial log captured elsewhere");
    auto* list_app = app.add_subcommand("list", "list the triggers and audits, and what exits they cause");
    auto* report_app = app.add_subcommand("report", "make one HTML page of what --json wrote");
    auto* compare_app = app.add_subcommand("compare", "compare what exits cost in two documents of run --json, or the exits of boots");
    auto* read_app = app.add_subcommand("read", "inside a Linux guest: read the ledger of its VM once");
    auto* top_app = app.add_subcommand("top", "inside a Linux guest: watch which exits its VM takes");
    add_run(*run_app, run);
    add_judge(*judge_app, judge);
    add_list(*list_app, list);
    add_read(*read_app, read);
    add_top(*top_app, top);
    add_report(*report_app, report);
    add_compare(*compare_app, compare);
    add_grade(*grade_app, grade);
    add_boot(*boot_app, boot);
    boot_app->callback([&boot] { check_boot(boot); });
    // A lane's name and a time limit are checked here: whatever boots comes later.
    run_app->callback([&run] {
        check_lane_name(run.lane);
        if (run.timeout.count() <= 0)
            throw Error("--timeout needs at least 1 second", ExitCode::usage);
        if (run.boot == Boot::iso && run.machine == "microvm")
            throw Error("a microvm has no CD drive: use --machine pc or q35 with --boot iso", ExitCode::usage);
    });

    const auto is_named = [&](const CLI::App* subcommand) { return subcommand->get_name() == argv[1]; };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_named).empty()) {
        fmt::print(stderr, "exitaudit: no subcommand '{}': run, boot, grade, judge, list, report, compare, read and top are; see exitaudit --help\n", argv[1]);
        return Answered{static_cast<int>(ExitCode::usage)};
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& answer) { // help or version
        return Answered{app.exit(answer)};
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "exitaudit: {}; see exitaudit --help\n", error.what());
        return Answered{static_cast<int>(ExitCode::usage)};
    }
    if (run_app->parsed())
        return run;
    if (list_app->parsed())
        return list;
    if (read_app->parsed())
        return read;
    if (top_app->parsed())
        return top;
    if (report_app->parsed())
        return report;
    if (compare_app->parsed())
        return compare;
    if (grade_app->parsed())
        return grade;
    if (boot_app->parsed())
        return boot;
    return judge;
}

} // namespace exitaudit
