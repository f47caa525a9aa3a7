// The report of a boot, as JSON.
#include "boot/boot_report.hpp"

namespace exitaudit {
namespace {

using nlohmann::json;

json exits_of(const ExitRows& rows, bool svm)
{
    auto exits = json::object();
    for (const auto& [exit, row] : rows)
        exits[boot_exit_name(svm, exit)] = {{"count", row.count}, {"cycles", row.cycles}};
    return exits;
}

json or_null(const std::string& text)
{
    return text.empty() ? json() : json(text);
}

json guest_read_of(const BootLog& log, bool svm)
{
    if (log.readings().empty())
        return nullptr;
    json read{{"readings", json::array()}, {"looks", json::array()}};
    for (const auto& reading : log.readings())
        read["readings"].push_back(
            {{"command", reading.command}, {"exit_code", reading.exit_code}, {"ledger", reading.ledger}});
    for (const auto& look : log.looks())
        if (log.sampled())
            read["looks"].push_back({{"t_s", look.seconds}, {"exits", exits_of(look.rows, svm)}});
    return read;
}

} // namespace

std::string boot_document(const BootLog& log, const BootOutcome& outcome, const BootOptions& options)
{
    const auto& circumstances = outcome.circumstances;
    const auto& last = log.samples().back();
    json document{
        {"schema", 1},
        {"kind", "boot"},
        {"verdict", verdict_word(outcome.verdict.code)},
        {"message", outcome.verdict.text},
        {"exit_code", static_cast<int>(outcome.verdict.code)},
        {"lane", circumstances.lane},
        {"kernel", or_null(circumstances.kernel)},
        {"qemu", or_null(circumstances.qemu)},
        {"seconds", circumstances.seconds ? json(*circumstances.seconds) : json()},
        {"environment", nullptr},
        {"findings", json::array()},
        {"guest",
         {{"machine", options.machine},
          {"devices", options.devices},
          {"vcpus", options.vcpus},
          {"nested_paging", !options.no_npt}}},
        {"phases", json::array()},
        {"samples", json::array()},
        {"totals", {{"count", last.total.count}, {"cycles", last.total.cycles}, {"exits", exits_of(last.rows, outcome.svm)}}},
        {"sampling",
         {{"samples", log.samples().size() - 1}, {"exits_while_reading", log.reading()}, {"mark_bytes", log.mark_bytes()}}},
        {"guest_read", guest_read_of(log, outcome.svm)},
        {"host", host_documents(circumstances.host)},
    };
    for (const auto& phase : log.phases())
        document["phases"].push_back({{"name", phase.name},
                                      {"note", or_null(phase.note)},
                                      {"start_s", phase.begin.seconds},
                                      {"end_s", phase.end.seconds},
                                      {"exits", exits_of(phase.rows(), outcome.svm)}});
    for (const auto& sample : log.samples()) {
        auto counts = json::object();
        for (const auto& [exit, row] : sample.rows)
            counts[boot_exit_name(outcome.svm, exit)] = row.count;
        document["samples"].push_back({{"t_s", sample.seconds}, {"counts", counts}});
    }
    return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace exitaudit
