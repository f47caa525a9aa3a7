// Compares what the guest read with two looks of the host.
#include "exitaudit/boot/report.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr auto result_name = "guest.read";

// A number that the guest read between two looks of the host.
struct Figure {
    std::string name;
    std::uint64_t before, read, after;

    bool stood() const { return before == after; }
    bool fits() const { return before <= read && read <= after; }
};

std::uint64_t number(const json& object, const char* name) { return object.value(name, std::uint64_t{0}); }

class Comparison {
public:
    Comparison(const BootSample& before, const BootSample& after) : before_(before), after_(after) {}

    void add(const json& ledger) {
        for (const auto& row : array_member(ledger, "exits")) {
            const auto exit = number(row, "exit");
            const auto name = fmt::format("{:#x} {}", exit, text_member(row, "exit_name"));
            add(name, row_of(before_.rows, exit), row, row_of(after_.rows, exit));
        }
        // The leaf has only 32 bits of the total.
        auto before = before_.total, after = after_.total;
        before.count &= UINT32_MAX;
        after.count &= UINT32_MAX;
        const auto& total = object_member(ledger, "total");
        if (before.count <= after.count) add("total", before, total, after);
        own_ += number(total, "own");
    }

    HostResult result() const {
        HostResult result{result_name, Outcome::ok, {}};
        std::size_t moved = 0;
        for (const auto& figure : figures_) {
            const auto& [name, before, read, after] = figure;
            if (!figure.fits())
                result.table.push_back(fmt::format("{}: the guest read {}, the host {} before and {} after",
                                                   name, read, before, after));
            else if (!figure.stood())
                ++moved;
        }
        if (result.table.empty())
            result.message = fmt::format(
                "of {} figures that the guest read, {} are exactly the host's, and {} that grew meanwhile "
                "lie "
                "between what the host saw before and after; {} of {} exits meanwhile were the reading's own",
                figures_.size(), figures_.size() - moved, moved, own_,
                after_.total.count - before_.total.count);
        else
            result.message = fmt::format("{} of {} figures that the guest read are not the host's",
                                         result.table.size(), figures_.size());
        result.outcome = result.table.empty() ? Outcome::ok : Outcome::not_ok;
        return result;
    }
private:
    void add(const std::string& name, const LedgerRow& before, const json& read, const LedgerRow& after) {
        figures_.push_back({name, before.count, number(read, "count"), after.count});
        if (read.contains("cycles"))
            figures_.push_back({name + " cycles", before.cycles, number(read, "cycles"), after.cycles});
    }

    const BootSample &before_, &after_;
    std::vector<Figure> figures_;
    std::uint64_t own_ = 0; // CPUIDs of all readings
};

} // namespace

HostResult judge_guest_read(const BootLog& log) {
    const auto looks = log.looks();
    const auto expected = log.sampled() ? ExitCode::pass : ExitCode::not_patched;
    for (const auto& [command, code, ledger] : log.readings())
        if (code != static_cast<int>(expected))
            return {result_name, Outcome::not_ok,
                    fmt::format("`{}` in the guest ended with {} instead of {}: {}", command, code,
                                static_cast<int>(expected),
                                text_member(ledger, "reason", "it said nothing"))};
    if (!log.sampled())
        return {result_name, Outcome::ok,
                fmt::format("`exitaudit read` in the guest says so, too, with exit code {}: {}",
                            static_cast<int>(expected),
                            text_member(log.readings().front().ledger, "reason"))};
    if (looks.size() != 2) return {result_name, Outcome::not_ok, "the host has not looked before and after"};
    Comparison comparison(looks.front(), looks.back());
    for (const auto& reading : log.readings()) comparison.add(reading.ledger);
    return comparison.result();
}

} // namespace exitaudit
