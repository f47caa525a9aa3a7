// The command line of `exitaudit boot`.
#include "exitaudit/boot/options.hpp"

#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/lanes/tree.hpp"
#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"

namespace exitaudit {
namespace {

constexpr auto boot_footer = R"(
Examples:
  exitaudit boot --lane svm --json boot.json
  exitaudit boot --lane svm --vcpus 4 --machine pc
  exitaudit boot --lane native --kernel-image bzImage --initrd initrd.img --stop 60

Exit codes: 0 counts agree with the tracepoint's and KVM's own; 1 they do not, or a limit
of the budget is exceeded; 2 usage; 3 could not run; 4 the host is not patched; 5 and 125
see run --help.)";

void check_boot(const BootOptions& options) {
    if (const auto* lane = find_lane(options.lane); lane && !lane->kvm)
        throw usage_error("without KVM there are no exits to count: use another lane than tcg");
    if (!options.tree.empty()) require_tree(options.tree);
    if (options.devices == "emulated" && options.machine != "pc")
        throw usage_error("a microvm has no emulated disk: use --machine pc with --devices emulated");
    if (options.read && !(options.kernel_image.empty() && options.initrd.empty()))
        throw usage_error("--read needs our own guest: run `exitaudit read` in yours");
    if (options.memory == 0 || options.interval.count() <= 0 || options.timeout.count() <= 0 ||
        options.stop.count() < 0)
        throw usage_error("--memory, --interval and --timeout need a number above 0, --stop no negative one");
}

} // namespace

void add_boot(CLI::App& app, Task& task) {
    auto [command, options] = add_command(
        app, task, "boot", "boot Linux on a host and report all its exits, by phase and over time",
        boot_footer, run_boot, check_boot);
    add(command, "--lane", options.lane, "LANE",
        "host: " + lane_names([](const Lane& lane) { return lane.kvm; }))
        ->check(completed_by(lane_words([](const Lane& lane) { return lane.kvm; })))
        ->capture_default_str();
    add(command, "--kernel", options.kernel, "VERSION",
        "Linux of host and guest (default: the oldest that is built)")
        ->check(completed_by(series_names()));
    auto* tree = add(command, "--tree", options.tree, "DIR",
                     "build the embedded host from this kernel source; --kernel is the guest's then");
    add(command, "--vcpus", options.vcpus, "N", "vCPUs of the guest")
        ->check(CLI::Range(1U, 64U).description(""))
        ->capture_default_str();
    add(command, "--memory", options.memory, "MIB",
        fmt::format("of the guest (default 128; embedded hosts have 512 for all, at most {} for it)",
                    most_memory));
    add(command, "--machine", options.machine, "NAME", "guest's machine: microvm (default) or pc")
        ->check(one_of({"microvm", "pc"}));
    add(command, "--devices", options.devices, "KIND",
        "virtio (default) or emulated: an NVMe disk, no network; needs --machine pc")
        ->check(one_of({"virtio", "emulated"}));
    command.add_flag("--no-npt,--no-ept", options.no_npt, "shadow paging: KVM loaded with npt=0 or ept=0");
    command.add_flag("--histograms", options.histograms,
                     "load kvm with exit_ledger=histograms; with --read our guest shows them (see -v)");
    add(command, "--kernel-image", options.kernel_image, "FILE",
        "boot this kernel instead of the distribution's");
    add(command, "--initrd", options.initrd, "FILE",
        "with this initramfs instead of ours, which works through phases");
    add(command, "--append", options.append, "WORDS", "more words for the guest's kernel");
    add(command, "--disk", options.disk, "FILE",
        "a raw image as the guest's disk; what it writes is lost (default: an empty one)");
    add(command, "--work", options.work, "N",
        "how much each of our guest's phases does (default: 2, on Bochs 1)");
    command.add_flag("--read", options.read,
                     "have our guest run `exitaudit read` in the end, and compare it with the host's ledger");
    add(command, "--interval", options.interval, "MS", "time between two looks at the ledger (default 500)");
    add(command, "--stop", options.stop, "SECONDS", "end the guest after this long");
    add(command, "--timeout", options.timeout, "SECONDS",
        "give up after this long, host's boot and all (default 600)");
    add(command, "--modules", options.modules, "DIR", "KVM modules to load instead of the built ones")
        ->excludes(tree);
    add_build(command, options.build);
    add(command, "--json", options.json, "FILE", "write phases and samples to FILE");
    add(command, "--junit", options.junit, "FILE",
        "a testcase for each result of `host` in --json as JUnit's XML, for CI systems");
    add_budget(command, options.budget);
    command.add_flag("-v,--verbose", options.verbose, "show the guest's console and the host's, too");
}

} // namespace exitaudit
