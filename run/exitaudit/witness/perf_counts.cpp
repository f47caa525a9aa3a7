// Reads perf's table, and allows for the one exit of each vCPU that perf cannot count.
#include "exitaudit/witness/witness.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace exitaudit {
namespace {

// decode_str_len in tools/perf/arch/x86/util/kvm-stat.c, less the final NUL.
constexpr std::size_t name_length = 19;
constexpr auto unknown = "UNKNOWN";

// The exits by which the guest ends: its OUT to isa-debug-exit; or, where QEMU 10 stops the vCPU a little
// later, the interrupt that does so, or what machine::end_run() does meanwhile: it looks for the ACPI tables,
// in pages that the guest has not touched before, and ends in a triple fault (SDM vol. 3, "VMX Basic Exit
// Reasons"; APM vol. 2, "SVM Intercept Exit Codes").
constexpr std::uint64_t vmx_last[] = {30, 1, 48, 2}, svm_last[] = {0x7b, 0x60, 0x400, 0x7f};

std::string perf_name(std::uint64_t exit, bool svm) {
    const auto name = exit_name(svm, exit);
    return name == "-" ? unknown : std::string(name.substr(0, name_length));
}

} // namespace

// "   io      15038    47.43%    78.25% ..."
void PerfCounts::line(std::string_view text) {
    if (text.find_first_not_of(' ') == std::string_view::npos) return;
    last_line_ = text;
    // SVM's names of exceptions are two words: "UD excp".
    static const Pattern row(" *([^ ]+( [^ ]+)*) +([0-9]+) +[0-9.]+% .*");
    if (const auto lost = text.find(" and lost "); lost != std::string_view::npos)
        lost_ = text.substr(lost + std::string_view(" and ").size()); // "lost 3 chunks!", "lost 1.25%!"
    else if (const auto found = row.match(text))
        counts_[found->at(1)] += std::stoull(found->at(3));
}

std::string PerfCounts::obstacle(std::size_t threads) const {
    if (!lost_.empty()) return "perf " + lost_;
    if (counts_.empty()) return "perf kvm stat reported nothing: " + last_line_;
    return threads == 0 ? "it is not known how many vCPUs ran" : "";
}

HostResult PerfCounts::compare(const std::map<std::uint64_t, std::uint64_t>& ledger, std::uint64_t undefined,
                               std::size_t threads, bool svm, std::string_view what) const {
    if (const auto why = obstacle(threads); !why.empty()) return {"host.perf", Outcome::skip, why};

    struct Both {
        std::int64_t counted = 0, seen = 0;
    };
    std::map<std::string, Both> rows;
    for (const auto& [exit, count] : ledger)
        rows[perf_name(exit, svm)].counted += static_cast<std::int64_t>(count);
    if (undefined != 0) rows[unknown].counted += static_cast<std::int64_t>(undefined);
    for (const auto& [name, count] : counts_) rows[name].seen += static_cast<std::int64_t>(count);

    const auto may_be_last = [svm](std::string_view name) {
        return std::ranges::any_of(svm ? svm_last : vmx_last,
                                   [&](std::uint64_t exit) { return perf_name(exit, svm) == name; });
    };
    const auto last_exits = fmt::format("the last exit of {} vCPU{}", threads, threads == 1 ? "" : "s");
    HostResult result{
        "host.perf",
        Outcome::not_ok,
        fmt::format("the {}'s final counts differ from perf kvm stat's by other than {}", what, last_exits),
        {fmt::format("{:<20} {:>12} {:>12} {:>12}", "exit", what, "perf", "difference")}};
    std::int64_t missed = 0, seen = 0;
    bool possible = true, ends = false;
    for (const auto& [name, row] : rows) {
        const auto difference = row.counted - row.seen;
        missed += difference;
        seen += row.seen;
        possible &= difference >= 0;
        ends |= difference >= 1 && may_be_last(name);
        if (difference != 0)
            result.table.push_back(
                fmt::format("{:<20} {:>12} {:>12} {:>+12}", name, row.counted, row.seen, difference));
    }
    if (possible && ends && missed == static_cast<std::int64_t>(threads))
        return {"host.perf", Outcome::ok,
                fmt::format("{} exits agree in {} kinds; perf never counts {}", seen, counts_.size(),
                            last_exits)};
    return result;
}

} // namespace exitaudit
