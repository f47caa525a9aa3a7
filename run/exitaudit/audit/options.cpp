// The command line, by CLI11.
#include "exitaudit/audit/options.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "machine/this_cpu.hpp"
#include "exitaudit/read/options.hpp"
#include "exitaudit/support/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

namespace exitaudit {
namespace {

constexpr auto examples = R"(
Examples:
  exitaudit run                          everything, on the best lane there is
  exitaudit run --lane svm 'io.*' hlt.timer:count=100
  exitaudit list 'msr.*' -v              what these triggers cause, and why
  exitaudit grade alice.patch bob.patch  somebody's KVM: what is wrong with it

Exit codes: 0 every audit passed; 1 an audit failed, or the host crashed; 2 usage;
3 could not run, or all was skipped; 4 the host is not patched.)";

constexpr auto run_text = R"(
PLAN is of names and globs, each with :count=N or not, and of
  all                          but for fatal.triple-fault, which runs if it alone is named
  count=N repeat=R vcpus=M     firings; readings of so many; vCPUs that fire (default: --vcpus)
  format=ktap,table,json       what the log has
  layout=NAME sdm=LAST         what the host is made for, where it is not to be found out
  apic=xapic|x2apic seed=N

Examples:
  exitaudit run                          everything, on the best lane there is
  exitaudit run --lane svm 'io.*' hlt.timer:count=100
  exitaudit run --lane vmx --vcpus 4 'msr.*' smp.soak:count=100000 --timeout 300

Exit codes: 0 every audit passed; 1 an audit failed, or the host crashed; 2 usage;
3 could not run, or all was skipped; 4 the host is not patched.)";

constexpr auto judge_text = R"(
Examples:
  exitaudit judge serial.log --junit results.xml
  qemu-system-x86_64 ... | exitaudit judge -v -

Exit codes: 0 every audit passed; 1 an audit failed; 2 usage, or the log's plan was refused;
3 the log cannot be read or is cut off; 4 the host was not patched.)";

constexpr auto list_text = R"(
Examples:
  exitaudit list                         a line for each
  exitaudit list 'msr.*' -v              what these triggers cause, and why

Exit codes: 0 listed; 2 usage.)";

constexpr auto report_text = R"(
Examples:
  exitaudit report before.json after.json boot.json -o report.html

Exit codes: 0 written; 2 usage; 3 a document cannot be read, or the page not written.)";

constexpr auto compare_text = R"(
Examples:
  exitaudit compare before.json after.json
  exitaudit compare before.json after.json --max-regression 5

Exit codes: 0 compared; 1 a trigger became slower by more than --max-regression; 2 usage;
3 the documents cannot be compared.)";

void add_judge(CLI::App& app, JudgeOptions& options)
{
    app.footer(judge_text);
    app.add_option("LOG", options.log, "serial log of the guest; - for standard input")->required();
    app.add_option("--json", options.json, "write the verdict and all results to FILE")->type_name("FILE");
    app.add_option("--junit", options.junit, "the same as JUnit's XML, for CI systems")->type_name("FILE");
    app.add_flag("-v,--verbose", options.verbose, "show the log as well");
}

void add_report(CLI::App& app, ReportOptions& options)
{
    app.footer(report_text);
    app.add_option("DOCUMENT", options.documents, "what --json wrote; - for standard input")->required();
    app.add_option("-o,--output", options.output, "write the page to FILE")->type_name("FILE")->required();
}

void add_compare(CLI::App& app, CompareOptions& options)
{
    app.footer(compare_text);
    app.add_option("BEFORE", options.before, "what run --json wrote before the change; or boot --json")
        ->required();
    app.add_option("AFTER", options.after, "and after it; of boots, another to stand beside the first")
        ->required();
    app.add_option("MORE", options.more, "more boots");
    app.add_option("--max-regression", options.max_regression,
                   "exit with 1 if a trigger became slower by more, beyond chance")
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("PERCENT");
    app.add_option("--json", options.json, "write the comparison to FILE")->type_name("FILE");
}

void add_list(CLI::App& app, ListOptions& options)
{
    app.footer(list_text);
    auto* json = app.add_flag_callback(
        "--json", [&] { options.form = ListForm::json; }, "list as a JSON document, with all details");
    app.add_flag_callback(
           "--markdown", [&] { options.form = ListForm::markdown; }, "list as the page docs/catalogue.md")
        ->excludes(json);
    app.add_flag("-v,--verbose", options.verbose, "say with each expectation where it comes from");
    app.add_option("NAME", options.names, "triggers and audits, by name or glob (default: all)");
}

void add_run(CLI::App& app, RunOptions& options)
{
    app.footer(run_text);
    static const std::map<std::string, Boot> boots{
        {"kernel", Boot::kernel}, {"pvh", Boot::pvh}, {"iso", Boot::iso}};
    app.add_option("--lane", options.lane, "host to audit: " + lane_names())
        ->type_name("LANE")
        ->capture_default_str();
    app.add_option("--kernel", options.kernel,
                   "Linux of the embedded host (default: the oldest that is built)")
        ->type_name("VERSION");
    app.add_option("--vcpus", options.vcpus, "vCPUs of the guest, which all fire at once")
        ->check(CLI::Range(1U, machine::max_processors).description(""))
        ->type_name("N")
        ->capture_default_str();
    const auto choose = [&](const std::string& name) { options.boot = boots.at(name); };
    app.add_option_function<std::string>("--boot", choose,
                                         "pvh (default), kernel (Multiboot 1) or iso (GRUB)")
        ->check(CLI::IsMember({"pvh", "kernel", "iso"}).description(""))
        ->type_name("HOW");
    app.add_option("--machine", options.machine,
                   "guest's machine: microvm (default), pc (with --boot iso default) or q35")
        ->check(CLI::IsMember({"microvm", "pc", "q35"}).description(""))
        ->type_name("NAME");
    app.add_option("--timeout", options.timeout,
                   "give up after this long (default 120, and 30 for each further vCPU)")
        ->type_name("SECONDS");
    auto* modules = app.add_option("--modules", options.modules, "KVM modules to load instead of the built")
                        ->type_name("DIR");
    app.add_option("--mutant", options.mutant, "load this host of host-kvm-patch/mutants, broken on purpose")
        ->type_name("NAME")
        ->excludes(modules);
    app.add_flag("--no-ept", options.no_ept, "load kvm-intel with ept=0: shadow paging (vmx lane)");
    app.add_option("--guest", options.guest, "boot this image instead of the built one")->type_name("FILE");
    app.add_option("--build", options.build, "where the built files are (default: exitaudit's own directory)")
        ->envname("EXITAUDIT_BUILD")
        ->type_name("DIR");
    app.add_option("--json", options.json, "write the verdict and all results to FILE")->type_name("FILE");
    app.add_option("--junit", options.junit, "the same as JUnit's XML, for CI systems")->type_name("FILE");
    app.add_option("--log", options.log, "keep the guest's serial log in FILE")->type_name("FILE");
    app.add_flag("--noise", options.noise,
                 "run a second, busy VM beside the guest: their exits must not mix");
    app.add_flag("--perf", options.perf,
                 "let perf kvm stat count the exits, too, and compare (needs linux-perf)");
    app.add_flag("-n,--dry-run", options.dry_run, "check the options and the plan, and boot nothing");
    app.add_flag("-v,--verbose", options.verbose, "show JSON lines, commands and the host's console too");
    app.add_option("PLAN", options.plan, "triggers and audits, by name or glob (default: the guest's)");
}

// A lane's name and a time limit are checked here: whatever boots comes later.
void check_run(const RunOptions& options)
{
    check_lane_name(options.lane);
    if (options.time_limit().count() <= 0)
        throw Error("--timeout needs at least 1 second", ExitCode::usage);
    if (options.boot == Boot::iso && options.machine == "microvm")
        throw Error("a microvm has no CD drive: use --machine pc or q35 with --boot iso", ExitCode::usage);
}

template <typename Options>
void accept(const Options&)
{
}

// A subcommand whose options, once read and checked, are the task.
template <typename Options>
void offer(CLI::App& app, Task& task, const char* name, const char* what, void (*add)(CLI::App&, Options&),
           void (*check)(const Options&) = accept<Options>)
{
    auto* subcommand = app.add_subcommand(name, what);
    const auto options = std::make_shared<Options>();
    add(*subcommand, *options);
    subcommand->callback([&task, options, check] {
        check(*options);
        task = *options;
    });
}

std::vector<std::string> subcommand_names(const CLI::App& app)
{
    std::vector<std::string> names;
    for (const auto* subcommand : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(subcommand->get_name());
    return names;
}

} // namespace

Task parse_options(int argc, char** argv)
{
    CLI::App app{"Audits the VM exit ledger that a patched KVM keeps.", "exitaudit"};
    app.set_version_flag("--version", std::string("exitaudit ") + version);
    app.footer(examples);
    app.require_subcommand(1);
    Task task;
    offer(app, task, "run", "boot the auditing guest on a host and judge what it reports", add_run,
          check_run);
    offer(app, task, "boot", "boot Linux on a host and tell of all its exits, by phase and over time",
          add_boot, check_boot);
    offer(app, task, "grade", "compile somebody's patches in a sandbox, audit them, tell a row for each",
          add_grade);
    offer(app, task, "judge", "judge a serial log captured elsewhere", add_judge);
    offer(app, task, "list", "list the triggers and audits, and what exits they cause", add_list);
    offer(app, task, "report", "make one HTML page of what --json wrote", add_report);
    offer(app, task, "compare",
          "compare what exits cost in two documents of run --json, or the exits of boots", add_compare);
    offer(app, task, "read", "inside a Linux guest: read the ledger of its VM once", add_read);
    offer(app, task, "top", "inside a Linux guest: watch which exits its VM takes", add_top);

    const auto names = subcommand_names(app);
    if (argc > 1 && argv[1][0] != '-' && std::find(names.begin(), names.end(), argv[1]) == names.end()) {
        fmt::print(stderr, "exitaudit: no subcommand '{}': there are {}; see exitaudit --help\n", argv[1],
                   fmt::join(names, ", "));
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
    return task;
}

} // namespace exitaudit
