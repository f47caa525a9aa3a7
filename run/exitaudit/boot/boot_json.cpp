// The report of a boot, as JSON.
#include "boot/boot_report.hpp"

#include "document.hpp"

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

} // namespace

json boot_document(const BootLog& log, const BootOutcome& outcome, const BootOptions& options)
{
    const bool svm = outcome.circumstances.svm;
    const auto& last = log.samples().back();
    auto document = document_start("boot", outcome.verdict, outcome.circumstances);
    document.update({
        {"findings", json::array()},
        {"guest",
         {{"machine", options.machine},
          {"devices", options.devices},
          {"vcpus", options.vcpus},
          {"nested_paging", !options.no_npt}}},
        {"phases", json::array()},
        {"samples", json::array()},
        {"totals", {{"count", last.total.count}, {"cycles", last.total.cycles}, {"exits", exits_of(last.rows, svm)}}},
        {"sampling",
         {{"samples", log.samples().size() - 1}, {"exits_while_reading", log.reading()}, {"mark_bytes", log.mark_bytes()}}},
    });
    for (const auto& phase : log.phases())
        document["phases"].push_back({{"name", phase.name},
                                      {"note", or_null(phase.note)},
                                      {"start_s", phase.begin.seconds},
                                      {"end_s", phase.end.seconds},
                                      {"exits", exits_of(phase.rows(), svm)}});
    for (const auto& sample : log.samples()) {
        auto counts = json::object();
        for (const auto& [exit, row] : sample.rows)
            counts[boot_exit_name(svm, exit)] = row.count;
        document["samples"].push_back({{"t_s", sample.seconds}, {"counts", counts}});
    }
    return document;
}

} // namespace exitaudit
