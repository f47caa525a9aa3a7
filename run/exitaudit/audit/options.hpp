// The command line: what the user asked for.
#pragma once

#include "exitaudit/boot/options.hpp"
#include "exitaudit/grade/grade.hpp"
#include "exitaudit/lanes/own_guest.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace exitaudit {

enum class Boot { kernel, pvh, iso };

struct RunOptions {
    std::string lane = "auto";
    std::optional<std::string> kernel; // of the embedded host; none: the default
    unsigned vcpus = 1;
    Boot boot = Boot::pvh;
    std::optional<std::chrono::seconds> timeout; // none: time_limit() chooses
    std::filesystem::path modules;               // instead of the built host's
    std::string mutant;
    bool no_ept = false;
    std::filesystem::path guest; // instead of the built one
    std::string machine;         // of the guest; empty: the best for `boot`
    std::filesystem::path json, junit, log;
    std::filesystem::path build; // empty: where exitaudit itself lies
    bool perf = false;           // let `perf kvm stat` watch, too
    bool noise = false;          // run a second, busy VM beside the guest
    bool dry_run = false;
    bool verbose = false;
    std::vector<std::string> plan;
    std::optional<OwnGuest> own_guest; // not from the command line

    // An emulator of one thread takes as much longer as there are vCPUs.
    std::chrono::seconds time_limit() const
    {
        return timeout.value_or(std::chrono::seconds{120} + (vcpus - 1) * std::chrono::seconds{30});
    }

    // Any of these can only be had on a host that we boot ourselves.
    bool wants_embedded_host() const
    {
        return kernel || !modules.empty() || !mutant.empty() || no_ept || noise;
    }
};

struct JudgeOptions {
    std::string log; // a path, or "-": standard input
    std::filesystem::path json, junit;
    bool verbose = false;
};

struct ReportOptions {
    std::vector<std::string> documents; // paths; "-": standard input
    std::filesystem::path output;
};

struct CompareOptions {
    std::string before, after;            // documents
    std::vector<std::string> more;        // of boots
    std::optional<double> max_regression; // per cent; none: any change passes
    std::filesystem::path json;
};

enum class ListForm { table, json, markdown };

struct ListOptions {
    ListForm form = ListForm::table;
    bool verbose = false;
    std::vector<std::string> names; // none: all
};

// What the user says of the host's ledger, and need not be found out.
struct ToldOptions {
    std::string layout;          // of the leaves; empty: as found
    std::optional<unsigned> sdm; // last exit reason in the host's edition of Intel's manual; none: as found
};

struct ReadOptions {
    std::vector<std::string> exits; // numbers, names or globs; none: all that have happened
    bool all = false;               // those too that have not
    bool json = false;
    ToldOptions told;
};

// What the rows of `top` are sorted by; but for the name, the greatest comes first.
enum class SortKey { exits, cycles, cost, total, name };

struct TopOptions {
    std::chrono::duration<double> interval{3};
    SortKey sort = SortKey::exits;
    bool batch = false;
    std::optional<unsigned> iterations; // none: until the user ends it
    ToldOptions told;
};

// The command line has been answered (help, version) or refused; exit with this.
struct Answered {
    int exit_code;
};

// Reads the command line; prints help, version or the one-line refusal itself.
using Task = std::variant<RunOptions, JudgeOptions, ListOptions, BootOptions, GradeOptions, ReadOptions,
                          TopOptions, ReportOptions, CompareOptions, Answered>;
Task parse_options(int argc, char** argv);

} // namespace exitaudit
