// Files and console of the embedded host.
#include "exitaudit/lanes/embedded_host.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "plan/plan.hpp"
#include "exitaudit/log/lines.hpp"
#include "exitaudit/support/take.hpp"
#include "exitaudit/support/words.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t tail_lines = 20;
constexpr std::string_view guest_path = "audit/guest", command_path = "audit/command",
                           noisy_guest_path = "audit/noisy-guest";
constexpr auto perf_data = "/tmp/perf.data";

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code ignored; // no such directory: no names
    for (const auto& entry : fs::directory_iterator(directory, ignored))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

std::string listed(const std::vector<std::string>& names) {
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

fs::path find_modules(const HostSpec& spec, const fs::path& built) {
    if (!spec.modules.empty()) {
        if (!fs::exists(spec.modules / "kvm.ko"))
            throw failure("{} holds no kvm.ko: check --modules", spec.modules.string());
        return spec.modules;
    }
    if (spec.mutant.empty()) return built / "modules";
    const auto mutant = built / "mutants" / spec.mutant;
    if (spec.mutant.find('/') != std::string::npos || !fs::is_directory(mutant))
        throw usage_error("unknown mutant '{}'; built: {}", spec.mutant, listed(names_in(built / "mutants")));
    return mutant;
}

// The text after `prefix`; none if the line does not start with it.
std::optional<std::string_view> after(std::string_view line, std::string_view prefix) {
    return take_prefix(line, prefix) ? std::optional(line) : std::nullopt;
}

bool is_complaint(const std::string& line, bool sanitized) {
    // Soft lockups and the like come from an overloaded machine. The last three begin a sanitizer's report.
    constexpr std::array marks{
        "Oops",     "general protection fault", "Kernel panic", "Out of memory: ", "BUG: ", "UBSAN: ",
        "WARNING: "};
    constexpr std::size_t of_reports = 3;
    return line.find("soft lockup") == std::string::npos &&
           std::ranges::any_of(std::span(marks).first(marks.size() - (sanitized ? of_reports : 0)),
                               [&](auto mark) { return line.find(mark) != std::string::npos; });
}

constexpr int killed = 128; // and the signal, of a process that the shell waited for

bool is_stall(const std::string& line) {
    return line.find("soft lockup") != std::string::npos || line.find("detected stall") != std::string::npos;
}

// The host had begun to load the audited KVM, and ended without reporting why.
bool has_crashed(const Emulator& emulator, const HostConsole& host) {
    return host.ending.exited_with(emulator.success) && !host.kernel.empty() && host.failure.empty() &&
           !host.guest_exited;
}

std::string trouble_of(const Emulator& emulator, const HostConsole& host) {
    const auto& ending = host.ending;
    if (!host.failure.empty()) return "the embedded host failed: " + host.failure;
    if (ending.how == Ending::How::signalled)
        return fmt::format("{} was ended by signal {}", emulator.name, ending.status);
    if (ending.by_us()) return {};
    if (!ending.exited_with(emulator.success))
        return fmt::format("{}, emulating the host, failed", emulator.name);
    if (host.kernel.empty()) return fmt::format("the embedded host did not boot on {}", emulator.name);
    if (host.crashed) return "the embedded host ended before its guest: it crashed";
    if (*host.guest_exited >= killed)
        return fmt::format("the embedded host ended the guest's QEMU by signal {}",
                           *host.guest_exited - killed);
    if (*host.guest_exited == 0) return "the guest reset or powered off (a triple fault?)";
    return *host.guest_exited == 1 ? "the embedded host's QEMU refused to start the guest" : "";
}

// The audited guest and how to start it.
OwnGuest audited_guest(std::string_view emulator, const HostSpec& spec, const Places& places) {
    auto guest = guest_from(spec, Accelerator::kvm, fmt::format("/{}", guest_path));
    guest.plan.push_back(fmt::format("emulator={}", emulator));
    speak_by_virtio(guest);
    auto command = guest_command(guest);
    const std::string scratch = "/tmp";
    if (spec.marks) append(command, Marks::qemu_words(scratch));
    if (spec.perf) command = perf_record(perf_in_overlay(), perf_data, command);
    if (spec.marks) command = Marks::watched(command, "/sys/kernel/tracing/events/kvm", scratch);
    return {command, {{std::string(guest_path), read_file(places.guest(spec.boot, spec.image))}}};
}

} // namespace

EmbeddedHost EmbeddedHost::find(const HostSpec& spec, const Places& places) {
    if (!spec.built.empty()) {
        const auto base = spec.built / "embedded", modules = spec.built / "modules";
        return {base / "vmlinux", base / "initramfs.cpio", modules, modules};
    }
    const auto version = places.kernel(spec.kernel);
    const auto base = places.build / "embedded-host" / version;
    const auto built = places.build / "host" / version;
    EmbeddedHost host{base / "vmlinux", base / "initramfs.cpio", "", built / "modules"};
    if (!fs::exists(host.kernel) || !fs::exists(host.initramfs))
        throw failure("no embedded host with Linux {} is built (built: {}): make one with `make "
                      "embedded-host KERNEL={}`",
                      version, listed(places.kernels()), version);
    host.modules = find_modules(spec, built);
    if (!fs::exists(host.modules / "kvm.ko") && !fs::exists(host.fallback_modules / "kvm.ko"))
        throw failure("{} holds no KVM modules: make them with `make embedded-host KERNEL={}`",
                      host.fallback_modules.string(), version);
    return host;
}

std::string emulator_word(std::string_view name, std::string_view version) {
    return version == "unknown" ? std::string(name) : fmt::format("{}:{}", name, version);
}

std::string host_initramfs(const EmbeddedHost& host, std::string_view emulator, const HostSpec& spec,
                           const Places& places) {
    auto [command, files] = spec.own_guest ? *spec.own_guest : audited_guest(emulator, spec, places);
    files.push_back({std::string(command_path), "exec " + shell_line(command) + "\n"});
    for (const auto* name : kvm_modules) {
        auto path = host.modules / name;
        if (!fs::exists(path)) path = host.fallback_modules / name;
        if (fs::exists(path))
            files.push_back({fmt::format("audit/{}", name), without_ftrace(read_file(path))});
    }
    if (spec.noise) {
        // The same guest image, busy for longer than any audit.
        const Guest noise{.boot = Boot::pvh,
                          .image = fmt::format("/{}", noisy_guest_path),
                          .plan = {"io.*", "cpuid.*", "msr.*", "format=table",
                                   fmt::format("count={}", plan::Plan::max_count)}};
        files.push_back({"audit/noise", "exec " + shell_line(guest_command(noise)) + "\n"});
        files.push_back({std::string(noisy_guest_path), read_file(places.guest(Boot::pvh, {}))});
    }
    if (!spec.sanitizers.empty()) files.push_back({"audit/sanitized", ""});
    if (spec.stress) files.push_back({"audit/stress", read_file(places.build / "stress"), true});
    if (spec.perf) {
        files.push_back(
            {"audit/perf-report", "exec " + shell_line(perf_report(perf_in_overlay(), perf_data)) + "\n"});
        for (auto& file : perf_files()) files.push_back(std::move(file));
    }
    if (!spec.exit_ledger.empty())
        files.push_back({"audit/kvm.parameters", fmt::format("exit_ledger={}\n", spec.exit_ledger)});
    if (spec.costs) files.push_back({"audit/costs", ""});
    if (!spec.prepare.empty()) files.push_back({"audit/prepare", read_file(spec.prepare)});
    if (spec.shadow_paging) {
        files.push_back({"audit/kvm-amd.parameters", "npt=0\n"});
        files.push_back({"audit/kvm-intel.parameters", "ept=0\n"});
    }
    return join_archives(read_file(host.initramfs), make_overlay(files));
}

std::string kernel_words_of(const HostSpec& spec) {
    return host_kernel_words + sanitizer_words(spec.sanitizers);
}

std::string HostConsole::line(const std::string& text) {
    // QEMU lists each CPU feature that TCG lacks.
    if (text.empty() || text.find("warning: TCG doesn't support") != std::string::npos) return {};
    if (const auto testimony = after(text, "embedded-host: witness: ")) {
        witness->line(*testimony);
        return {};
    }
    if (const auto fact = after(text, "embedded-host: environment: ")) {
        facts.line(*fact);
        return {};
    }
    console.push_back(text);
    if (console.size() > tail_lines) console.erase(console.begin());
    if (sanitized) reports.line(text);
    if (!kernel.empty() && complaint.empty() && is_complaint(text, sanitized)) {
        complaint = text;
        place = &complaint_place;
    } else if (!kernel.empty() && is_stall(text)) {
        place = stall.empty() ? &stall_place : nullptr;
        if (stall.empty()) stall = text;
    }
    constexpr std::string_view in_kernel = "RIP: 0010:";
    if (const auto at = text.find(in_kernel); place && at != std::string::npos) {
        *place = text.substr(at + in_kernel.size());
        place = nullptr;
    }
    if (guest_runs && !reports.is_reporting() && !text.starts_with("embedded-host: ")) ++console_lines;
    if (const auto name = after(text, "embedded-host: kernel: ")) {
        const std::string words(*name);
        const auto space = words.find(' ');
        kernel = kernel_name(words.substr(0, space), space == std::string::npos ? "" : words.substr(space));
        return "host has booted, loading KVM";
    }
    if (after(text, "embedded-host: guest: starts")) return guest_runs = true, "KVM is loaded, guest runs";
    if (auto status = after(text, "embedded-host: guest: exited with ")) {
        guest_exited = take_number<int>(*status).value_or(0);
        guest_runs = false;
        return "guest has ended";
    }
    if (const auto why = after(text, "embedded-host: failed: ")) failure = *why;
    return {};
}

Session run_embedded_host(const Emulator& emulator, const HostSpec& spec, const Listener& listener) {
    listener.note(shell_line(emulator.command));
    listener.stage("host boots");

    HostConsole host;
    host.sanitized = !spec.sanitizers.empty();
    if (spec.perf) host.witness->expect_perf();
    if (spec.stress) host.witness->expect_stress();
    const auto hear = by_line([&](const std::string& line) {
        if (const auto stage = host.line(line); !stage.empty()) listener.stage(stage);
        listener.note(line);
    });
    host.ending = run_process(emulator.command, spec.timeout, {listener.guest, hear, listener.tick, {}});
    if (host.sanitized) {
        host.reports.locate(line_finder(spec.built));
        host.sanitizers = host.reports.result();
        if (const auto* report = host.reports.first_of_ledger(); report && host.complaint.empty()) {
            host.complaint = report->title;
            host.complaint_place = report->place;
        }
    }
    host.facts.command_line = emulator.kernel_words;
    host.emulator = fmt::format("{} {}", emulator.name, emulator.version);
    host.stall += host.stall_place.empty() ? "" : ", at " + host.stall_place;
    host.crashed = has_crashed(emulator, host);
    host.trouble = trouble_of(emulator, host);
    if (host.guest_exited && *host.guest_exited < killed)
        host.guest_status = guest_status_from(*host.guest_exited);
    return host;
}

} // namespace exitaudit
