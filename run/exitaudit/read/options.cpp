// The command lines of `exitaudit read` and `exitaudit top`.
#include "exitaudit/read/options.hpp"

#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/read/reader.hpp"
#include "exitaudit/read/rates.hpp"
#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/file.hpp"
#include "ledger/edition.hpp"
#include "ledger/layout.hpp"

#include <map>

namespace exitaudit {
namespace {

constexpr auto read_footer = R"(
Examples:
  exitaudit read                         every exit that has happened
  exitaudit read hlt 0x7b 35 'write_*'   these
  exitaudit read --histogram io          how many I/O exits took how long

Exit codes: 0 read; 2 usage; 3 not in a virtual machine, or no histograms; 4 its host is
not patched.)";

constexpr auto top_footer = R"(
Examples:
  exitaudit top -s cycles                what takes most of the time
  exitaudit top -b -d 60 -n 10           a table a minute, for ten minutes

Exit codes: 0 ended; 2 usage; 3 not in a virtual machine; 4 its host is not patched.)";

void add_ledger(CLI::App& app, LedgerOptions& ledger) {
    const auto known = CLI::Validator(
        [](const std::string& term) {
            return ledger::find_layout(term) ? "" : "F22, F21, S21, F20 and S20 are known";
        },
        "");
    add(app, "--layout", ledger.layout, "TERM", "read by this layout of the leaves (default: as found)")
        ->check(known);
    add(app, "--sdm", ledger.sdm, "N",
        "last exit reason in the host's edition of Intel's manual (default: as found)")
        ->check(CLI::Range(ledger::Edition::earliest, ledger::Edition::current).description(""));
}

void add_openmetrics(CLI::App& app, std::filesystem::path& file) {
    add(app, "--openmetrics", file, "FILE",
        "counters for Prometheus, as node_exporter's textfile collector reads them");
}

int show_top_of_guest(const GuestTopOptions& options) {
    LedgerReader reader(machine::cpuid, overrides_of(options.ledger));
    if (const auto obstacle = reader.obstacle()) throw *obstacle;
    return show_top([&] { return take_sample(reader); }, options);
}

void check_read(const ReadOptions& options) { require_directories_of({options.openmetrics}); }

void check_top_of_guest(const GuestTopOptions& options) { check_top(options); }

} // namespace

void add_read(CLI::App& app, Task& task) {
    auto [command, options] =
        add_command(app, task, "read", "inside a Linux guest: read the ledger of its VM once", read_footer,
                    read_ledger, check_read);
    command
        .add_option("EXIT", options.exits,
                    "exit numbers (decimal, or hexadecimal with 0x), names or globs of names (default: all)")
        ->check(completed_by(exit_names()));
    command.add_flag("-a,--all", options.all, "show exits too that have not happened")->excludes("EXIT");
    command.add_flag("--json", options.json, "print a JSON document");
    command.add_flag("--csv", options.csv, "print CSV")->excludes("--json");
    command.add_flag("--histogram", options.histogram,
                     "show how many exits took how long, where the host's kvm has exit_ledger=histograms");
    add_openmetrics(command, options.openmetrics);
    add_ledger(command, options.ledger);
}

void add_top_options(CLI::App& command, TopOptions& options) {
    static const std::map<std::string, SortKey> keys{{"exits", SortKey::exits},
                                                     {"cycles", SortKey::cycles},
                                                     {"cost", SortKey::cost},
                                                     {"total", SortKey::total},
                                                     {"name", SortKey::name}};
    const auto set_interval = [&interval = options.interval](double seconds) {
        interval = std::chrono::duration<double>(seconds);
    };
    command
        .add_option_function<double>("-d,--interval", set_interval, "time between two readings (default 3)")
        ->check(CLI::Range(0.1, 86400.0).description(""))
        ->type_name("SECONDS");
    const auto set_sort = [&sort = options.sort](const std::string& key) { sort = keys.at(key); };
    command
        .add_option_function<std::string>("-s,--sort", set_sort,
                                          "exits (default), cycles, cost (cycles per exit), total or name")
        ->check(one_of({"exits", "cycles", "cost", "total", "name"}))
        ->type_name("KEY");
    command.add_flag("-b,--batch", options.batch,
                     "print a table each time, for logs; so it is where standard output is no terminal");
    command.add_flag("--csv", options.csv, "print CSV, a line for each exit that happened in an interval");
    add_openmetrics(command, options.openmetrics);
    command
        .add_flag("--histogram", options.histogram,
                  "write buckets, too, if the host's kvm has exit_ledger=histograms: 64 lines for each exit")
        ->needs("--openmetrics");
    auto* iterations =
        add(command, "-n,--iterations,--count", options.iterations, "N", "end after so many tables")
            ->check(CLI::Range(1U, 1'000'000'000U).description(""));
    command.add_flag("--once", options.once, "print one table: -b -n 1")->excludes(iterations);
}

void check_top(const TopOptions& options) { require_directories_of({options.openmetrics}); }

void add_top(CLI::App& app, Task& task) {
    auto [command, options] =
        add_command(app, task, "top", "inside a Linux guest: watch which exits its VM takes", top_footer,
                    show_top_of_guest, check_top_of_guest);
    add_top_options(command, options);
    add_ledger(command, options.ledger);
}

} // namespace exitaudit
