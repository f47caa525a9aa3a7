// Reads the host's testimony and compares it with the ledger.
#include "exitaudit/witness/witness.hpp"

#include "kvm_exit_ledger.h"
#include "exitaudit/support/take.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

namespace exitaudit {
namespace {

// KVM's statistics that count one kind of exit, and that kind's numbers. Sources: handle_io() and
// io_interception(), __kvm_emulate_halt(), handle_external_interrupt() and intr_interception().
struct Statistic {
    std::string_view name;
    std::uint64_t vmx, svm; // exit numbers
};
constexpr std::array statistics{Statistic{"io_exits", 30, 0x7b}, Statistic{"halt_exits", 12, 0x78},
                                Statistic{"irq_exits", 1, 0x60}};

HostResult skipped(std::string name, std::string why) {
    return {std::move(name), Outcome::skip, std::move(why)};
}

std::uint64_t count_of(const std::map<std::uint64_t, std::uint64_t>& counts, std::uint64_t exit) {
    const auto found = counts.find(exit);
    return found == counts.end() ? 0 : found->second;
}

std::set<std::uint64_t> numbers_of(std::istream& words) {
    return {std::istream_iterator<std::uint64_t>(words), {}};
}

} // namespace

std::vector<std::string_view> statistic_names() {
    std::vector<std::string_view> names{all_exits};
    for (const auto& statistic : statistics) names.push_back(statistic.name);
    return names;
}

void Witness::line(std::string_view text) {
    std::istringstream words{std::string(text)};
    std::string kind, name, ignored;
    std::uint64_t count = 0;
    words >> kind;
    if (kind == "trace") {
        // "{ common_pid: 123, exit_reason: 114 } hitcount: 1000"
        std::uint64_t thread = 0, exit = 0;
        if (words >> ignored >> ignored >> thread >> ignored >> ignored >> exit >> ignored >> ignored >>
            count) {
            const bool of_noise = noise_threads_.contains(thread);
            if (!of_noise && !guest_threads_.empty() && !guest_threads_.contains(thread)) return;
            auto& vm = of_noise ? noise_ : guest_;
            vm.threads.insert(thread);
            vm.trace[exit] += count;
            marks_.trace(exit, count);
        }
    } else if (kind == "histogram") {
        if (words >> name >> count && name == "Dropped:") dropped_ = count;
    } else if (kind == "perf") {
        perf_.line(text.substr(kind.size()));
    } else if (kind == "qmp") {
        marks_.qmp(text.substr(kind.size()));
        for (const auto thread : Marks::threads(text.substr(kind.size()))) guest_threads_.insert(thread);
    } else if (kind == "mark") {
        if (words >> ignored >> ignored >> ignored >> ignored >> count) marks_.mark(count);
    } else if (kind == "threads") {
        guest_threads_ = numbers_of(words);
    } else if (kind == "missing") {
        words >> name >> std::ws;
        std::getline(words, missing_[name]);
    } else if (kind == "stat") {
        if (words >> name >> count) statistics_[name] = count;
    } else if (kind == "earlier-vm") {
        if (words >> name) earlier_vm_counted_ = name == "counted";
    } else if (kind == "stress") {
        stress_line(words);
    } else if (kind == "kmsg") {
        kmsg_line(text);
    } else if (kind == "vendor") {
        svm_ = words >> name && name == "kvm-amd";
    } else if (kind == "ledger") {
        guest_.ledger_line(words);
    } else if (kind == "noise" && words >> name) {
        if (name == "ledger")
            noise_.ledger_line(words);
        else if (name == "threads")
            noise_threads_ = numbers_of(words);
    }
}

// "NAME ok|failed TEXT"
void Witness::stress_line(std::istream& words) {
    std::string name, outcome, text;
    if (!(words >> name >> outcome >> std::ws) || !std::getline(words, text)) return;
    stress_.push_back({"stress." + name, outcome == "ok" ? Outcome::ok : Outcome::not_ok, text});
}

// "kmsg 12,345,6789,-;audit begins"
void Witness::kmsg_line(std::string_view text) {
    const auto comma = text.find(',');
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
    if (const auto sequence = take_number<std::uint64_t>(text))
        (text.ends_with("begins") ? log_begin_ : log_end_) = *sequence;
}

// "NUMBER|total|undefined COUNT ..."
void Witness::Vm::ledger_line(std::istream& words) {
    std::string name;
    ExitRow row;
    if (!(words >> name >> row)) return;
    has_ledger = true;
    std::string_view number = name;
    if (name == "total")
        total = row.count;
    else if (name == "undefined")
        undefined = row.count;
    else if (const auto exit = take_number<std::uint64_t>(number)) {
        row.exit = *exit;
        ledger[row.exit] = row.count;
        rows[row.exit] = row;
    }
}

std::vector<ExitRow> Witness::exits() const {
    auto rows = guest_.rows;
    for (const auto& [exit, count] : guest_.trace) {
        rows[exit].exit = exit;
        rows[exit].traced = count;
    }
    std::vector<ExitRow> exits;
    for (auto& [exit, row] : rows) {
        // Not listed: the tracepoint saw none.
        if (!guest_.trace.empty() && !row.traced) row.traced = 0;
        if (row.count != 0 || row.traced.value_or(0) != 0) exits.push_back(row);
    }
    return exits;
}

std::string Witness::reason_without(const std::string& what, const char* otherwise) const {
    const auto found = missing_.find(what);
    return found == missing_.end() ? otherwise : found->second;
}

std::vector<HostResult> Witness::results() const {
    auto results = compare_counts();
    if (log_begin_ && log_end_) results.push_back(judge_log());
    results.insert(results.end(), stress_.begin(), stress_.end());
    const bool ended = !stress_.empty() &&
                       (stress_.back().name == "stress.slabs" || stress_.back().outcome == Outcome::not_ok);
    if (stress_expected_ && !ended) results.push_back({"stress", Outcome::not_ok, "it came to no end"});
    return results;
}

std::vector<HostResult> Witness::judge_marks(Log& log) const {
    if (marks_.empty())
        return {
            skipped("host.tracepoint", reason_without("trace", "kvm_pio has shown no mark of the guest's"))};
    auto results = marks_.judge(log);
    if (perf_expected_ && missing_.contains("perf"))
        results.push_back(skipped("host.perf", missing_.at("perf")));
    else if (perf_expected_)
        results.push_back(perf_.compare(guest_.trace, 0, guest_.threads.size(), svm_, "kvm_exit"));
    return results;
}

std::optional<HostResult> Witness::earlier_vm() const {
    if (!earlier_vm_counted_) return std::nullopt;
    if (*earlier_vm_counted_)
        return HostResult{
            earlier_vm_audit, Outcome::ok, "the leaves count for a VM that reads no leaf of our own", {}};
    return HostResult{earlier_vm_audit,
                      Outcome::not_ok,
                      "a VM that ran before the guest, and read no leaf of our own, saw nothing grow",
                      {}};
}

std::vector<HostResult> Witness::compare_counts() const {
    if (!guest_.has_ledger) {
        const auto why = reason_without(
            "ledger", statistics_.empty() ? "the run ended before the host's instruments were read"
                                          : "the host shows no ledger of its own in debugfs");
        std::vector<HostResult> results{skipped("host.tracepoint", why), skipped("host.stats", why)};
        if (!statistics_.empty() && guest_.trace.empty())
            results.front() = {"host.tracepoint",
                               Outcome::not_ok,
                               "the kvm_exit tracepoint has recorded nothing: this KVM does not call it",
                               {}};
        if (perf_expected_) results.push_back(skipped("host.perf", why));
        return results;
    }
    std::vector<HostResult> results{compare_tracepoint(guest_), compare_statistics()};
    if (perf_expected_) results.push_back(compare_perf());
    if (!noise_threads_.empty()) results.push_back(compare_isolation());
    return results;
}

HostResult Witness::last_exit(const std::string& name, std::uint64_t exit) const {
    if (!guest_.has_ledger || guest_.trace.empty())
        return skipped(name, "the host has no ledger in debugfs, or no histogram of the kvm_exit tracepoint");
    const auto counted = count_of(guest_.ledger, exit), seen = count_of(guest_.trace, exit);
    if (counted == 0 && seen == 0)
        return skipped(name, fmt::format("the guest did not end by exit {:#x}", exit));
    const auto outcome = counted == seen ? Outcome::ok : Outcome::not_ok;
    return {name, outcome,
            fmt::format("exit {:#x} ended the guest: the ledger has {}, the kvm_exit tracepoint {}", exit,
                        counted, seen)};
}

// KVM may log some warnings, but not one for every tenth exit.
HostResult Witness::judge_log() const {
    constexpr std::uint64_t few = 100, exits_per_line = 10;
    const auto lines = *log_end_ > *log_begin_ ? *log_end_ - *log_begin_ - 1 : 0;
    std::uint64_t exits = 0;
    for (const auto& [exit, count] : guest_.trace) exits += count;
    const bool flood = lines >= few && lines * exits_per_line >= exits;
    return {"host.log", flood ? Outcome::not_ok : Outcome::ok,
            fmt::format("the kernel logged {} lines while the guest took {} exits", lines, exits)};
}

// Is at least half of the noisy VM's count in the guest's ledger, beyond the guest's own exits?
bool Witness::mixes_vms() const {
    std::uint64_t noise = 0, mixed = 0;
    for (const auto& [exit, count] : noise_.trace) {
        const auto own = count_of(guest_.trace, exit), counted = count_of(guest_.ledger, exit);
        noise += count;
        mixed += counted > own ? std::min(counted - own, count) : 0;
    }
    return noise != 0 && 2 * mixed >= noise;
}

HostResult Witness::compare_isolation() const {
    const auto guest = compare_tracepoint(guest_), noise = compare_tracepoint(noise_);
    if (guest.outcome == Outcome::ok && noise.outcome == Outcome::ok && noise_.total != 0)
        return {"host.isolation", Outcome::ok,
                fmt::format("none of the noisy VM's {} exits is in the guest's ledger, and its own is exact",
                            noise_.total)};
    return {.name = "host.isolation",
            .outcome = Outcome::not_ok,
            .message = "exits of two VMs are not kept apart, or the noisy VM's are not counted exactly",
            .table = noise.table,
            .mixes_vms = mixes_vms()};
}

HostResult Witness::compare_tracepoint(const Vm& vm) const {
    if (vm.trace.empty())
        return skipped("host.tracepoint",
                       reason_without("trace", "the host has no histogram of the kvm_exit tracepoint"));
    if (dropped_ != 0)
        return skipped("host.tracepoint",
                       fmt::format("its histogram had no room for {} exits: stop other VMs", dropped_));

    // Numbers that no manual defines share one line of the ledger.
    const auto numbering = svm_ ? KVM_EXIT_LEDGER_NUMBERING_SVM : KVM_EXIT_LEDGER_NUMBERING_VMX;
    std::uint64_t trace_total = 0, trace_undefined = 0;
    std::set<std::uint64_t> exits;
    for (const auto& [exit, count] : vm.trace) {
        trace_total += count;
        if (kvm_exit_ledger_defined(numbering, static_cast<unsigned>(exit)))
            exits.insert(exit);
        else
            trace_undefined += count;
    }
    for (const auto& [exit, count] : vm.ledger) exits.insert(exit);

    HostResult result{
        "host.tracepoint",
        Outcome::not_ok,
        "the ledger's final counts differ from the kvm_exit tracepoint's",
        {fmt::format("{:<10} {:>12} {:>12} {:>12}", "exit", "ledger", "tracepoint", "difference")}};
    result.svm = svm_;
    const auto compare = [&](const std::string& what, std::uint64_t counted, std::uint64_t seen,
                             std::optional<std::uint64_t> exit = {}) {
        if (counted == seen) return;
        result.differences.push_back({exit, counted, seen});
        result.table.push_back(
            fmt::format("{:<10} {:>12} {:>12} {:>+12}", what, counted, seen,
                        static_cast<std::int64_t>(counted) - static_cast<std::int64_t>(seen)));
    };
    for (const auto exit : exits)
        compare(fmt::format("{:#x}", exit), count_of(vm.ledger, exit), count_of(vm.trace, exit), exit);
    compare("undefined", vm.undefined, trace_undefined);
    compare("total", vm.total, trace_total);

    if (!result.differences.empty()) return result;
    return {.name = result.name,
            .message =
                fmt::format("{} exit numbers and their total of {} exits agree", exits.size(), trace_total),
            .svm = svm_};
}

HostResult Witness::compare_perf() const {
    if (missing_.contains("perf")) return skipped("host.perf", missing_.at("perf"));
    return perf_.compare(guest_.ledger, guest_.undefined, guest_.threads.size(), svm_);
}

HostResult Witness::compare_statistics() const {
    HostResult result{"host.stats", Outcome::not_ok,
                      "the ledger's final counts differ from KVM's statistics"};
    unsigned compared = 0;
    const auto compare = [&](std::string_view name, std::uint64_t counted) {
        const auto found = statistics_.find(name);
        if (found == statistics_.end()) return;
        compared++;
        if (found->second != counted)
            result.table.push_back(
                fmt::format("{:<10} ledger {}, statistics {}", name, counted, found->second));
    };
    compare(all_exits, guest_.total);
    for (const auto& statistic : statistics)
        compare(statistic.name, count_of(guest_.ledger, svm_ ? statistic.svm : statistic.vmx));

    if (compared == 0) return skipped("host.stats", "the host shows none of KVM's statistics");
    if (!result.table.empty()) return result;
    return {result.name, Outcome::ok, fmt::format("{} of KVM's statistics agree", compared)};
}

} // namespace exitaudit
