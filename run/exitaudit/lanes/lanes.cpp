// The table of lanes, and which of them `auto` means.
#include "exitaudit/lanes/lane.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace exitaudit {
namespace {

constexpr std::array lanes{&svm_lane, &vmx_lane, &svm_bochs_lane, &native_lane, &tcg_lane};

constexpr auto ledger_parameter = "/sys/module/kvm/parameters/exit_ledger";

// Why this machine's own KVM cannot be audited; empty if it can.
std::string native_obstacle()
{
    if (access("/dev/kvm", F_OK) != 0)
        return "there is no /dev/kvm";
    if (access("/dev/kvm", R_OK | W_OK) != 0)
        return "no permission for /dev/kvm";
    return ledger_obstacle();
}

} // namespace

std::string lane_names(const Lane* without)
{
    std::vector<std::string_view> names{"auto"};
    for (const auto* lane : lanes)
        if (lane != without)
            names.push_back(lane->name);
    const auto last = names.back();
    names.pop_back();
    return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

void check_lane_name(const std::string& name)
{
    if (name == "auto")
        return;
    for (const auto* lane : lanes)
        if (lane->name == name)
            return;
    throw Error(fmt::format("unknown lane '{}': it is {}", name, lane_names()), ExitCode::usage);
}

Choice choose_lane(const RunOptions& options)
{
    if (options.no_ept && options.lane != vmx_lane.name)
        throw Error("--no-ept is about VT-x: use --lane vmx", ExitCode::usage);
    if (options.perf && options.lane == tcg_lane.name)
        throw Error("--perf watches a KVM, which the tcg lane lacks: use --lane svm", ExitCode::usage);
    if (options.lane == "auto") {
        if (const auto obstacle = native_obstacle(); !obstacle.empty())
            return {&svm_lane, obstacle};
        if (options.wants_embedded_host())
            return {&svm_lane, "--kernel, --modules, --mutant or --noise asks for an embedded host"};
        return {&native_lane, "this machine's KVM is patched"};
    }
    for (const auto* lane : lanes) {
        if (lane->name != options.lane)
            continue;
        if (!lane->embedded && options.wants_embedded_host())
            throw Error(fmt::format("--kernel, --modules, --mutant and --noise need an embedded host, which "
                                    "the {} lane lacks: "
                                    "use --lane svm or vmx",
                                    lane->name),
                        ExitCode::usage);
        return {lane, ""};
    }
    throw Error("unknown lane", ExitCode::usage);
}

std::string ledger_obstacle()
{
    std::string value;
    if (!(std::ifstream(ledger_parameter) >> value))
        return "this machine's KVM is not patched";
    return value == "N" || value == "0" ? "this machine's KVM has its exit_ledger switched off" : "";
}

std::optional<int> guest_status_from(int qemu_status)
{
    if (qemu_status < 3 || qemu_status % 2 == 0)
        return std::nullopt;
    return (qemu_status - 1) / 2;
}

} // namespace exitaudit
