// The table of lanes, and which of them `auto` means.
#include "exitaudit/lanes/lane.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace exitaudit {
namespace {

constexpr std::array lanes{&svm_lane, &vmx_lane, &svm_bochs_lane, &svm_icount_lane, &native_lane, &tcg_lane};

constexpr auto ledger_parameter = "/sys/module/kvm/parameters/exit_ledger";

// Why this machine's own KVM cannot be audited, or used if no ledger is needed; empty if it can.
std::string native_obstacle(bool ledger) {
    if (access("/dev/kvm", F_OK) != 0) return "there is no /dev/kvm";
    if (access("/dev/kvm", R_OK | W_OK) != 0) return "no permission for /dev/kvm";
    return ledger ? ledger_obstacle() : "";
}

} // namespace

std::vector<std::string> lane_words(bool (*fits)(const Lane&)) {
    std::vector<std::string> names{"auto"};
    for (const auto* lane : lanes)
        if (fits(*lane)) names.emplace_back(lane->name);
    return names;
}

std::string lane_names(bool (*fits)(const Lane&)) {
    auto names = lane_words(fits);
    const auto last = names.back();
    names.pop_back();
    return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

const Lane* find_lane(std::string_view name) {
    if (name == "auto") return nullptr;
    for (const auto* lane : lanes)
        if (lane->name == name) return lane;
    throw usage_error("unknown lane '{}': it is {}", name, lane_names());
}

const Lane& lane_of(Vendor vendor) {
    return **std::ranges::find_if(lanes, [&](const Lane* lane) { return lane->vendor == vendor; });
}

Choice choose_lane(std::string_view name, const LaneNeeds& needs) {
    Choice choice{find_lane(name), ""};
    if (!choice.lane) {
        const auto obstacle = native_obstacle(needs.ledger);
        choice = !obstacle.empty() ? Choice{&svm_lane, obstacle}
                 : needs.embedded.empty()
                     ? Choice{&native_lane,
                              needs.ledger ? "this machine's KVM is patched" : "no patched KVM is needed"}
                     : Choice{&svm_lane, fmt::format("{} needs an embedded host", needs.embedded)};
    }
    const auto refuse = [&](std::string_view option, std::string_view what, std::string_view lanes_with_it) {
        throw usage_error("{} needs {}, which the {} lane lacks: use --lane {}", option, what,
                          choice.lane->name, lanes_with_it);
    };
    if (!needs.intel.empty() && choice.lane->vendor != Vendor::intel)
        refuse(needs.intel, "an emulated CPU with VT-x", "vmx");
    if (!needs.kvm.empty() && !choice.lane->kvm) refuse(needs.kvm, "a KVM", "svm");
    if (!needs.embedded.empty() && !choice.lane->embedded)
        refuse(needs.embedded, "an embedded host", "svm or vmx");
    return choice;
}

std::string ledger_obstacle() {
    std::string value;
    if (!(std::ifstream(ledger_parameter) >> value)) return "this machine's KVM is not patched";
    return value == "N" || value == "0" ? "this machine's KVM has its exit_ledger switched off" : "";
}

std::optional<int> guest_status_from(int qemu_status) {
    if (qemu_status < 3 || qemu_status % 2 == 0) return std::nullopt;
    return (qemu_status - 1) / 2;
}

Circumstances circumstances_of(const Lane& lane, const Session& session, double seconds,
                               std::vector<HostResult> host) {
    const bool interrupted = session.ending.how == Ending::How::interrupted;
    // Do not delay the end after ^C by asking QEMU for its version.
    Circumstances circumstances{std::string(lane.name), session.kernel, interrupted ? "" : qemu_version(),
                                seconds, std::move(host)};
    circumstances.emulator = session.emulator;
    circumstances.facts = session.facts;
    circumstances.machine = facts_of_machine();
    circumstances.machine_kernel = running_kernel();
    if (session.witness) {
        circumstances.exits = session.witness->exits();
        circumstances.svm = session.witness->is_svm();
    }
    circumstances.timed_out = session.ending.how == Ending::How::timed_out;
    circumstances.crashed = session.crashed;
    circumstances.trouble = session.trouble;
    circumstances.complaint = session.complaint;
    circumstances.console = session.console;
    return circumstances;
}

} // namespace exitaudit
