// The report of a boot, as JSON.
#include "exitaudit/boot/report.hpp"

#include "exitaudit/support/json.hpp"

namespace exitaudit {
namespace {

using nlohmann::json;

json exits_of(const ExitRows& rows, bool svm) {
    auto exits = json::object();
    for (const auto& [exit, row] : rows)
        exits[boot_exit_name(svm, exit)] = {{"count", row.count}, {"cycles", row.cycles}};
    return exits;
}

json guest_read_of(const BootLog& log, bool svm) {
    if (log.readings().empty()) return nullptr;
    json read{{"readings", json::array()}, {"looks", json::array()}};
    for (const auto& reading : log.readings())
        read["readings"].push_back(
            {{"command", reading.command}, {"exit_code", reading.exit_code}, {"ledger", reading.ledger}});
    for (const auto& look : log.looks())
        if (log.sampled())
            read["looks"].push_back({{"t_s", look.seconds}, {"exits", exits_of(look.rows, svm)}});
    return read;
}

json file_name(const std::filesystem::path& path) { return or_null(path.filename().string()); }

// The options that affect the counts.
json guest_of(const BootOptions& options) {
    return {{"machine", options.machine},
            {"devices", options.devices},
            {"vcpus", options.vcpus},
            {"memory_mib", options.memory},
            {"nested_paging", !options.no_npt},
            {"kernel_version", options.kernel_image.empty() ? or_null(options.kernel) : json()},
            {"kernel_image", file_name(options.kernel_image)},
            {"initrd", file_name(options.initrd)},
            {"disk", file_name(options.disk)},
            {"append", or_null(options.append)},
            {"work", options.work},
            {"read", options.read},
            {"interval_ms", options.interval.count()},
            {"stop_s", options.stop.count() == 0 ? json() : json(options.stop.count())}};
}

} // namespace

json boot_document(const BootLog& log, const BootOutcome& outcome, const BootOptions& options) {
    const bool svm = outcome.circumstances.svm;
    const auto& last = log.samples().back();
    auto document = document_start("boot", outcome.verdict, outcome.circumstances);
    document.update({
        {"findings", json::array()},
        {"guest", guest_of(options)},
        {"summary", boot_summary(log, svm)},
        {"phases", json::array()},
        {"samples", json::array()},
        {"totals",
         {{"count", last.total.count}, {"cycles", last.total.cycles}, {"exits", exits_of(last.rows, svm)}}},
        {"sampling",
         {{"samples", log.samples().size() - 1},
          {"exits_while_reading", log.reading()},
          {"mark_bytes", log.mark_bytes()}}},
        {"guest_read", guest_read_of(log, svm)},
    });
    for (const auto& phase : log.phases())
        document["phases"].push_back({{"name", phase.name},
                                      {"note", or_null(phase.note)},
                                      {"start_s", phase.begin.seconds},
                                      {"end_s", phase.end.seconds},
                                      {"exits", exits_of(phase.rows(), svm)}});
    for (const auto& sample : log.samples()) {
        auto counts = json::object();
        for (const auto& [exit, row] : sample.rows) counts[boot_exit_name(svm, exit)] = row.count;
        document["samples"].push_back({{"t_s", sample.seconds}, {"counts", counts}});
    }
    return document;
}

} // namespace exitaudit
