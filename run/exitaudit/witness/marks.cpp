// Stops the guest at its marks, and takes down what the host's instruments counted.
#include "exitaudit/witness/marks.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

namespace exitaudit {
namespace {

// $1: events, $2: scratch, the rest: QEMU's command. BusyBox's `read` polls first, for which a histogram
// makes it wait for the next event (event_hist_poll()): so a sed. KVM's histograms are read and cleared at
// each stop. The port of marks is pvpanic's own.
constexpr auto watcher = R"(
events=$1 scratch=$2
shift 2
exit_keys=hist:keys=common_pid,exit_reason mark_keys=hist:keys=port,val mark_port='if port==0x505'
mkfifo "$scratch/qmp.in" "$scratch/qmp.out"
tell() { echo "{\"execute\":\"$1\",\"id\":\"$2\"${3:+,\"arguments\":$3}}" >&9; }
lines() { sed -n "s/^{/$1 {/p" "$events/$2/hist"; }
exec 9<>"$scratch/qmp.in"
echo "$mark_keys $mark_port" >"$events/kvm_pio/trigger"
tell qmp_capabilities
tell query-cpus-fast
while read -r answer; do
    case $answer in
    *'"STOP"'*) tell query-stats stats "{\"target\":\"vcpu\",\"providers\":[{\"provider\":\"kvm\",\"names\":[$statistics]}]}" ;;
    *'"id": "stats"'*)
        lines trace kvm_exit
        echo "qmp $answer"
        lines mark kvm_pio
        echo "$exit_keys:clear" >>"$events/kvm_exit/trigger"
        echo "$mark_keys:clear $mark_port" >>"$events/kvm_pio/trigger"
        tell cont
        ;;
    *'"thread-id"'*) echo "qmp $answer" ;;
    esac
done <"$scratch/qmp.out" >"$scratch/marks" &
exec "$@"
)";

} // namespace

std::vector<std::string> Marks::qemu_words(const std::string& scratch) {
    return {"-device",  "pvpanic",
            "-action",  "panic=pause",
            "-chardev", fmt::format("pipe,id=qmp,path={}/qmp", scratch),
            "-mon",     "chardev=qmp,mode=control"};
}

std::vector<std::string> Marks::watched(const std::vector<std::string>& command, const std::string& events,
                                        const std::string& scratch) {
    std::string names;
    for (const auto& statistic : marked_statistics)
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", statistic.name);
    std::vector<std::string> words{"sh", "-c",   fmt::format("statistics='{}'\n{}", names, watcher),
                                   "sh", events, scratch};
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

// {"return": [{"thread-id": 42, ...}]}
std::vector<std::uint64_t> Marks::threads(std::string_view answer) {
    const auto json = nlohmann::json::parse(answer, nullptr, false);
    std::vector<std::uint64_t> threads;
    for (const auto& vcpu : array_member(json, "return"))
        if (vcpu.contains("thread-id"))
            threads.push_back(static_cast<std::uint64_t>(number_member(vcpu, "thread-id")));
    return threads;
}

// {"return": [{"provider": "kvm", "stats": [{"name": "exits", "value": 42}, ...]}]}
void Marks::qmp(std::string_view answer) {
    const auto json = nlohmann::json::parse(answer, nullptr, false);
    for (const auto& vcpu : array_member(json, "return"))
        for (const auto& statistic : array_member(vcpu, "stats"))
            now_.statistics[text_member(statistic, "name")] =
                static_cast<std::uint64_t>(number_member(statistic, "value"));
}

// The trigger's number, and in the lowest byte 1 before its firings, 3 after them.
void Marks::mark(std::uint64_t value) {
    constexpr unsigned number_shift = 8;
    constexpr std::uint64_t end_bit = 2;
    if (value & end_bit) {
        auto& growth = seen_[value >> number_shift] = now_;
        std::erase_if(growth.statistics, [&](const auto& each) { return !at_begin_.contains(each.first); });
        for (auto& [name, count] : growth.statistics) count -= at_begin_[name];
    } else {
        at_begin_ = now_.statistics;
    }
    now_ = {};
}

} // namespace exitaudit
