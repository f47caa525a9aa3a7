// Takes reports out of a kernel's console.
#include "exitaudit/witness/kernel_reports.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace exitaudit {
namespace {

constexpr std::size_t longest_report = 300, longest_table = 80; // lines

// "[   12.345678] text"
std::string_view without_clock(std::string_view text) {
    if (!text.starts_with('[')) return text;
    const auto end = text.find("] ");
    return end == text.npos ? text : text.substr(end + 2);
}

// A fault ends the host (oops=panic), and stalls come from an overloaded machine: neither is a sanitizer's.
bool is_title(std::string_view text) {
    constexpr std::array starts{"BUG: ", "UBSAN: ", "WARNING: ", "INFO: trying to register ",
                                "unreferenced object "};
    constexpr std::array others{"BUG: unable to handle", "BUG: kernel NULL", "BUG: stack guard"};
    const auto begins = [&](std::string_view start) { return text.starts_with(start); };
    return std::ranges::any_of(starts, begins) && std::ranges::none_of(others, begins);
}

bool is_end(std::string_view text) {
    return text.starts_with("======") || text.starts_with("---[ end trace") ||
           text.starts_with("embedded-host: ");
}

bool is_interrupt(std::string_view line) {
    return line.find("asm_sysvec_") != line.npos || line.find("asm_common_interrupt") != line.npos;
}

// The names of the ledger's functions and files in our series.
std::string of_ledger(const std::string& text) {
    static const Pattern name("kvm_exit_ledger[a-z_]*|exit_ledger[.][ch](:[0-9]+)?");
    const auto found = name.search(text);
    return found ? found->front() : "";
}

// Reports that differ in addresses and processes only are one.
std::string kind_of(const std::string& title) {
    static const Pattern number("0x[0-9a-f]+|[0-9]+");
    std::string kind;
    std::string_view rest = title;
    for (auto found = number.search(rest); found; found = number.search(rest)) {
        const auto at = rest.find(found->front());
        kind += rest.substr(0, at);
        rest.remove_prefix(at + found->front().size());
    }
    return kind.append(rest);
}

std::string counted(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

} // namespace

void KernelReports::line(std::string_view text) {
    text = without_clock(text);
    if (is_title(text)) {
        reports_.push_back({std::string(text), {}, {}});
        open_ = true;
    } else if (is_end(text)) {
        open_ = false;
    }
    if (open_ && reports_.back().lines.size() < longest_report)
        reports_.back().lines.emplace_back(text);
    else
        open_ = false;
}

void KernelReports::locate(const Find& find) {
    static const Pattern frame("([A-Za-z0-9_.]+[+]0x[0-9a-f]+/0x[0-9a-f]+) [[](kvm[a-z_]*)");
    for (auto& report : reports_) {
        bool interrupted = false; // these calls were, and did nothing
        for (auto& line : report.lines) {
            interrupted = line.starts_with(' ') && (interrupted || is_interrupt(line));
            const auto in_module = frame.search(line);
            const auto places =
                in_module ? find(in_module->at(2), in_module->at(1)) : std::vector<std::string>{};
            if (!places.empty()) line += fmt::format(" ({})", fmt::join(places, ", in "));
            // "? f+0x1/0x2": what is left on the stack of an earlier call.
            if (report.place.empty() && !interrupted && !line.starts_with(" ? "))
                report.place = of_ledger(line);
        }
    }
}

const KernelReport* KernelReports::first_of_ledger() const {
    const auto found = std::ranges::find_if(reports_, [](const auto& r) { return !r.place.empty(); });
    return found == reports_.end() ? nullptr : &*found;
}

HostResult KernelReports::result() const {
    HostResult result{"host.sanitizers", Outcome::ok, {}};
    std::map<std::string, std::pair<std::string, std::size_t>> others;
    std::size_t ours = 0, other = 0;
    for (const auto& report : reports_)
        if (!report.place.empty()) {
            ++ours;
        } else {
            ++other;
            ++others.try_emplace(kind_of(report.title), report.title, 0).first->second.second;
        }
    const auto* first = first_of_ledger();
    result.outcome = first ? Outcome::not_ok : Outcome::ok;
    result.message = first ? fmt::format("{} about the ledger, and {}: {}", counted(ours, "report"),
                                         counted(other, "other"), first->title)
                           : fmt::format("no report about the ledger, and {}", counted(other, "other"));
    if (first)
        result.table.assign(first->lines.begin(),
                            first->lines.begin() +
                                static_cast<std::ptrdiff_t>(std::min(first->lines.size(), longest_table)));
    for (const auto& [kind, report] : others)
        result.table.push_back(
            fmt::format("not about the ledger, {}: {}", counted(report.second, "time"), report.first));
    return result;
}

} // namespace exitaudit
