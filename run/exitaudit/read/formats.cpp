// A line for each exit. No name of an exit needs escaping.
#include "exitaudit/read/formats.hpp"

#include "ledger/exit_names.hpp"

namespace exitaudit {
namespace {

using Figure = std::optional<std::uint64_t>;

std::string field(const Figure& figure) { return figure ? fmt::format("{}", *figure) : ""; }

// "VM,NAME,VCPU,"; nothing in a guest.
std::string field(const std::optional<Vcpu>& vcpu) {
    return vcpu ? fmt::format("{},{},{},", vcpu->vm, vcpu->name, vcpu->number) : "";
}

std::string labels_of(const Row& row, ledger::Numbering numbering) {
    const auto& vcpu = row.vcpu;
    return (vcpu ? fmt::format("vm=\"{}\",vm_name=\"{}\",vcpu=\"{}\",", vcpu->vm, vcpu->name, vcpu->number)
                 : "") +
           fmt::format("exit=\"{:#x}\",name=\"{}\"", row.exit, ledger::exit_name(numbering, row.exit));
}

// A family of which no exit has a figure is left out.
std::string family_of(std::string_view name, std::string_view help, const std::vector<Row>& rows,
                      ledger::Numbering numbering, Figure (*figure)(const Row&)) {
    std::string samples;
    for (const auto& row : rows)
        if (const auto value = figure(row); value && row.count)
            samples += fmt::format("{}_total{{{}}} {}\n", name, labels_of(row, numbering), *value);
    if (samples.empty()) return {};
    return fmt::format("# TYPE {} counter\n# HELP {} {}\n{}", name, name, help, samples);
}

// All buckets of all exits, so that they may be summed up. The last one's end is +Inf's. The exits of the
// buckets have ended; the exit's count may have more.
std::string histograms_of(const std::vector<Row>& rows, ledger::Numbering numbering) {
    constexpr std::string_view name = "exitaudit_exit_duration_cycles";
    std::string samples;
    for (const auto& row : rows) {
        if (row.buckets.empty() || row.count == 0) continue;
        const auto labels = labels_of(row, numbering);
        std::uint64_t exits = 0;
        for (std::size_t k = 0; k + 1 < row.buckets.size(); ++k)
            samples += fmt::format("{}_bucket{{{},le=\"{}.0\"}} {}\n", name, labels, bucket_last(k),
                                   exits += row.buckets[k]);
        exits += row.buckets.back();
        samples +=
            fmt::format("{0}_bucket{{{1},le=\"+Inf\"}} {2}\n{0}_count{{{1}}} {2}\n{0}_sum{{{1}}} {3}\n", name,
                        labels, exits, row.cycles.value_or(0));
    }
    if (samples.empty()) return {};
    return fmt::format("# TYPE {0} histogram\n# HELP {0} Cycles of the host's TSC that one exit took.\n{1}",
                       name, samples);
}

} // namespace

std::string openmetrics_of(const std::vector<Row>& rows, ledger::Numbering numbering, bool histograms) {
    return family_of("exitaudit_exits", "VM exits since the VM or vCPU started.", rows, numbering,
                     [](const Row& row) { return Figure(row.count); }) +
           family_of("exitaudit_exit_cycles", "Cycles of the host's TSC that these exits took.", rows,
                     numbering, [](const Row& row) { return row.cycles; }) +
           family_of("exitaudit_kvm_cycles", "Of these cycles, those in KVM alone.", rows, numbering,
                     [](const Row& row) { return row.inside; }) +
           (histograms ? histograms_of(rows, numbering) : "") + "# EOF\n";
}

std::string csv_of(const std::vector<Row>& rows, ledger::Numbering numbering) {
    std::string text = "exit,name,count,cycles,kvm_cycles,shortest,longest\n";
    for (const auto& row : rows) {
        const bool has_extremes = row.extremes && row.count;
        text += fmt::format("{:#x},{},{},{},{},{},{}\n", row.exit, ledger::exit_name(numbering, row.exit),
                            field(row.undefined ? Figure() : row.count), field(row.cycles), field(row.inside),
                            field(has_extremes ? row.extremes->shortest : Figure()),
                            field(has_extremes ? row.extremes->longest : Figure()));
    }
    return text;
}

std::string buckets_csv_of(const std::vector<Row>& rows, ledger::Numbering numbering) {
    std::string text = "exit,name,first_cycle,last_cycle,count\n";
    for (const auto& row : rows)
        for (const auto& [bucket, count] : filled(row.buckets))
            text += fmt::format("{:#x},{},{},{},{}\n", row.exit, ledger::exit_name(numbering, row.exit),
                                bucket_first(bucket), bucket_last(bucket), count);
    return text;
}

std::string csv_header(const Sample& sample) {
    return fmt::format(
        "time,{}exit,name,exits_per_second,cycles_per_second,cycles_per_exit,count,p50_cycles,p99_cycles\n",
        sample.of_host ? "vm,vm_name,vcpu," : "");
}

std::string csv_of(const Rates& rates, const std::string& time) {
    std::string text;
    for (const auto& rate : rates.rows)
        text += fmt::format("{},{}{:#x},{},{:.1f},{:.0f},{},{},{},{}\n", time, field(rate.vcpu), rate.exit,
                            rate.name, rate.exits, rate.cycles,
                            rate.per_exit ? fmt::format("{:.0f}", *rate.per_exit) : "", rate.total,
                            field(rate.median), field(rate.p99));
    return text;
}

} // namespace exitaudit
