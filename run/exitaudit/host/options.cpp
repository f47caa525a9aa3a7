// The command line of `exitaudit host`, and what it starts.
#include "exitaudit/host/options.hpp"

#include "exitaudit/host/vms.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/say.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace exitaudit::host {
namespace {

namespace fs = std::filesystem;

constexpr auto top_footer = R"(
Needs root, because only root reads debugfs. A VM that starts or ends is no obstacle.

Examples:
  exitaudit host top -s cycles           which vCPUs' exits take most of the time
  exitaudit host top --once --csv        the rates of one interval

Exit codes: 0 ended; 2 usage; 3 not root, no debugfs, or no VM with --once; 4 this KVM
is not patched, or its ledger is off.)";

constexpr auto host_footer = R"(
  status    show this machine's KVM, and what `install` would do (the default)
  install   build the patched KVM by DKMS, load it, audit it, and keep it if it passes
  remove    go back to the distribution's KVM
  top       watch which exits the vCPUs of all VMs take: see host top --help

`install` and `remove` need root and no running VM. If a step of `install` fails, the
distribution's modules are loaded again, and nothing stays behind.

Examples:
  exitaudit host
  sudo exitaudit host install
  exitaudit run --lane native            audit it in full

Exit codes: 0 done; 1 the patched KVM failed its audit; 2 usage; 3 it could not be done;
6 refused, because of what `status` shows. The machine is as before, but with 0.)";

struct HostOptions {
    std::string action = "status";
    fs::path json;
};

// A failure here is an obstacle, too.
std::string obstacle_of_sources(const std::string& release) {
    fs::path script;
    try {
        script = shared_file("host-kvm-patch/dkms-build");
    } catch (const Error& missing) {
        return missing.what();
    }
    const auto answer = output_of({script.string(), "--check", release});
    if (answer.ending.exited_with(0)) return "";
    const auto colon = answer.err.find(": ");
    const auto start = colon == std::string::npos ? 0 : colon + 2;
    return answer.err.substr(start, answer.err.find('\n', start) - start);
}

Error refusal(const std::string& why) { return Error(why, ExitCode::refused); }

void refuse_for(const std::vector<std::string>& why) {
    if (why.empty()) return;
    for (std::size_t i = 0; i + 1 < why.size(); ++i) say("exitaudit: {}\n", why[i]);
    throw refusal(why.back());
}

// Becomes the script, so that a signal to it ends nothing half-way.
int become(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments.front(), arguments.data());
    throw failure("cannot run {}: {}", words.front(), std::strerror(errno));
}

int change(const Machine& machine, bool install) {
    const bool patched = machine.ledger != Ledger::absent;
    if (install && patched && machine.installed()) {
        fmt::print("nothing to do: the patched KVM is installed and loaded\n");
        return static_cast<int>(ExitCode::pass);
    }
    if (!install && !patched && !machine.installed() && !machine.known) {
        fmt::print("nothing to do: this machine has only the distribution's KVM\n");
        return static_cast<int>(ExitCode::pass);
    }
    auto why = install ? obstacles(machine) : patched ? uses_of(machine) : std::vector<std::string>{};
    if (geteuid() != 0)
        why.push_back(fmt::format("root changes the host's KVM: sudo exitaudit host {}",
                                  install ? "install" : "remove"));
    refuse_for(why);
    const auto script = shared_file("host-kvm-patch/install").string();
    if (!install) return become({script, "--remove"});
    return become({script, "--program", fs::read_symlink("/proc/self/exe").string()});
}

int perform(const HostOptions& options) {
    auto machine = look_at("/");
    if (options.action != "remove") machine.sources = obstacle_of_sources(machine.release);
    if (options.action != "status") return change(machine, options.action == "install");
    fmt::print("{}", status_text(machine));
    if (!options.json.empty()) write_file(options.json, document_text(status_document(machine)));
    return static_cast<int>(ExitCode::pass);
}

int show_top_of_host(const TopOptions& options) {
    const auto machine = look_at("/");
    require_ledger(machine, "/");
    const auto take = [&] { return take_sample(machine, "/"); };
    if (options.once && take().rows.empty())
        throw failure("no VM runs whose vCPUs show a ledger: start one, or leave --once out to wait for one");
    return show_top(take, options);
}

void check(const HostOptions& options) {
    if (!options.json.empty() && options.action != "status")
        throw usage_error("--json writes what `host status` shows");
    require_directories_of({options.json});
}

} // namespace

void add_host(CLI::App& app, Task& task) {
    auto [command, options] =
        add_command(app, task, "host", "put the patched KVM into this machine, and take it out", host_footer,
                    perform, check);
    auto* action = command.add_option("ACTION", options.action, "status, install or remove")
                       ->check(one_of({"status", "install", "remove"}));
    add(command, "--json", options.json, "FILE", "write what status shows as a JSON document");
    auto [top, top_options] = add_command(command, task, "top", "watch which exits the vCPUs of all VMs take",
                                          top_footer, show_top_of_host, check_top);
    top.excludes(action);
    add_top_options(top, top_options);
}

} // namespace exitaudit::host
