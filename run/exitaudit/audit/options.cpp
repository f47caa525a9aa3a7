// The command lines of `exitaudit run` and `exitaudit judge`.
#include "exitaudit/audit/options.hpp"

#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/lanes/tree.hpp"
#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "machine/this_cpu.hpp"

namespace exitaudit {
namespace {

constexpr auto run_footer = R"(
PLAN has names and globs, which may end in :count=N, and these words:
  all                          except fatal.triple-fault, which only runs alone
  costs                        measure, and judge no counts: --costs
  marks=yes                    with costs, let QEMU stop the guest around firings: --witness-only
  after=NAME                   only what comes later
  count=N repeat=R vcpus=M     firings; repetitions; vCPUs that fire (default: --vcpus)
  format=ktap,table,json       what the log contains
  layout=NAME sdm=LAST         the host's layout and edition (default: detected)
  budget=SECONDS              for all queries of the ledger, where these are slow (60)
  apic=xapic|x2apic seed=N

Examples:
  exitaudit run                          everything, on the best lane there is
  exitaudit run --lane svm 'io.*' hlt.timer:count=100
  exitaudit run --lane vmx --vcpus 4 'msr.*' smp.soak:count=100000 --timeout 300
  git bisect run exitaudit run --tree . 'msr.*'
  exitaudit run --costs --json costs.json   what exits cost on this machine's KVM, patched or not
  exitaudit run --witness-only              do this machine's tracepoint and KVM's statistics count right?

Exit codes: 0 every audit passed; 1 an audit failed, or the host crashed; 2 usage;
3 could not run, or all was skipped; 4 the host is not patched; 5 no series applies to
the tree; 125 the tree does not compile. Under git bisect, 125 for 3 to 5, too, and
128 for 2.)";

constexpr auto judge_footer = R"(
Examples:
  exitaudit judge serial.log --junit results.xml
  qemu-system-x86_64 ... | exitaudit judge -v -

Exit codes: 0 every audit passed; 1 an audit failed; 2 usage, or the log's plan was refused;
3 the log cannot be read or is cut off; 4 the host was not patched.)";

// Checked before the plan, and before built files are looked for.
void check_run(const RunOptions& options) {
    find_lane(options.lane);
    if (!options.tree.empty()) require_tree(options.tree);
    if (options.time_limit().count() <= 0) throw usage_error("--timeout needs at least 1 second");
    if (options.host.boot == Boot::iso && options.host.machine == "microvm")
        throw usage_error("a microvm has no CD drive: use --machine pc or q35 with --boot iso");
    if (options.exact && options.lane != "auto" && options.lane != "svm" && options.lane != svm_icount)
        throw usage_error("--exact counts instructions on the {} lane: leave --lane out", svm_icount);
    if ((options.costs || options.witness_only) && options.host.vcpus != 1)
        throw usage_error("{} fires on one vCPU: leave --vcpus out",
                          options.costs ? "--costs" : "--witness-only");
    if (options.witness_only && options.host.noise)
        throw usage_error("--witness-only needs the host for itself: leave --noise out");
}

} // namespace

void add_run(CLI::App& app, Task& task) {
    auto [command, options] =
        add_command(app, task, "run", "boot the auditing guest on a host and judge what it reports",
                    run_footer, run_audit, check_run);
    auto& host = options.host;
    static const std::map<std::string, Boot> boots{
        {"kernel", Boot::kernel}, {"pvh", Boot::pvh}, {"iso", Boot::iso}};
    add(command, "--lane", options.lane, "LANE", "host to audit: " + lane_names())
        ->check(completed_by(lane_words()))
        ->capture_default_str();
    auto* kernel = add(command, "--kernel", host.kernel, "VERSION",
                       "Linux of the embedded host (default: the oldest that is built)")
                       ->check(completed_by(series_names()));
    auto* tree = add(command, "--tree", options.tree, "DIR",
                     "build the embedded host from this kernel source, which is not written to")
                     ->excludes(kernel);
    command
        .add_option_function<std::string>(
            "--sanitize", [&host](const std::string& list) { host.sanitizers = sanitizers_of(list); },
            "compile these into its kernel: kasan or kcsan, ubsan, lockdep, kmemleak")
        ->needs(tree)
        ->check(completed_by({"kasan,ubsan,lockdep,kmemleak", "kcsan"}))
        ->type_name("LIST");
    add(command, "--patch", options.patch, "FILE", "apply this to the tree's copy, after the series")
        ->needs(tree)
        ->check(CLI::ExistingFile.description(""));
    add(command, "--vcpus", host.vcpus, "N", "vCPUs of the guest, which all fire at once")
        ->check(CLI::Range(1U, machine::max_processors).description(""))
        ->capture_default_str();
    const auto choose = [&boot = host.boot](const std::string& name) { boot = boots.at(name); };
    command
        .add_option_function<std::string>("--boot", choose,
                                          "pvh (default), kernel (Multiboot 1) or iso (GRUB)")
        ->check(one_of({"pvh", "kernel", "iso"}))
        ->type_name("HOW");
    add(command, "--machine", host.machine, "NAME",
        "guest's machine: microvm (default), pc (with --boot iso default) or q35")
        ->check(one_of({"microvm", "pc", "q35"}));
    add(command, "--timeout", options.timeout, "SECONDS",
        "give up after this long (default 120, and 30 for each further vCPU; more with --sanitize and "
        "--stress)");
    auto* modules =
        add(command, "--modules", host.modules, "DIR", "KVM modules to load instead of the built ones")
            ->check(CLI::ExistingDirectory.description(""));
    auto* mutant = add(command, "--mutant", host.mutant, "NAME",
                       "load this host of host-kvm-patch/mutants, broken on purpose")
                       ->excludes(modules);
    tree->excludes(modules)->excludes(mutant);
    command.add_flag("--no-ept", host.shadow_paging, "load kvm-intel with ept=0: shadow paging (vmx lane)");
    auto* no_ledger = command.add_flag_callback(
        "--no-ledger", [&host] { host.exit_ledger = "0"; }, "load kvm with exit_ledger=0 (embedded hosts)");
    command
        .add_flag_callback(
            "--histograms", [&host] { host.exit_ledger = "histograms"; },
            "load kvm with exit_ledger=histograms: how many exits took how long (embedded hosts)")
        ->excludes(no_ledger);
    add(command, "--prepare", host.prepare, "FILE",
        "a shell script that the embedded host runs before the guest")
        ->check(CLI::ExistingFile.description(""));
    add(command, "--guest", host.image, "FILE", "boot this image instead of the built one");
    add_build(command, options.build);
    add(command, "--json", options.json, "FILE", "write the verdict and all results to FILE");
    add_junit(command, options.junit);
    add(command, "--log", options.log, "FILE", "keep the guest's serial log in FILE");
    add_budget(command, options.budget);
    auto* costs =
        command.add_flag("--costs", options.costs,
                         "measure what each trigger costs, on any host, patched or not; judge no counts");
    command
        .add_flag("--witness-only", options.witness_only,
                  "judge the host's own instruments (kvm_exit, KVM's statistics) at each trigger; no ledger "
                  "is needed")
        ->excludes(costs);
    command.add_flag("--exact", options.exact,
                     "embedded host whose clock counts instructions (lane svm-icount): costs repeat");
    command.add_flag("--noise", host.noise,
                     "run a second, busy VM beside the guest: their exits must not mix");
    command.add_flag("--stress", host.stress,
                     "then load and unload KVM, make and destroy VMs, and look for leaks (embedded hosts)");
    command.add_flag("--perf", host.perf,
                     "let perf kvm stat count the exits, too, and compare (needs linux-perf)");
    command.add_flag("-n,--dry-run", options.dry_run, "check the options and the plan, and boot nothing");
    command.add_flag("-v,--verbose", options.verbose, "show JSON lines, commands and the host's console too");
    command.add_option("PLAN", host.plan, "triggers and audits, by name or glob (default: the guest's)")
        ->check(completed_by(audit_names()));
}

void add_judge(CLI::App& app, Task& task) {
    auto [command, options] =
        add_command(app, task, "judge", "judge a serial log captured elsewhere", judge_footer, judge_log);
    command.add_option("LOG", options.log, "serial log of the guest; - for standard input")->required();
    add(command, "--json", options.json, "FILE", "write the verdict and all results to FILE");
    add_junit(command, options.junit);
    command.add_flag("-v,--verbose", options.verbose, "show the log as well");
}

} // namespace exitaudit
