// Running spatch in the sandbox.
#include "exitaudit/reading/reading.hpp"

#include "exitaudit/reading/rules.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr auto time_limit = std::chrono::seconds(15);
constexpr std::size_t facts_limit = 1 << 20; // the rules' time grows with its square
constexpr std::string_view inside = "/in/source/";

Remark unread(const std::string& why) {
    return {{"reads-nothing", "the source is not read: " + why}, {}, {}};
}

Output run_spatch(const std::vector<PlacedFile>& files, const Base& base, const TemporaryDirectory& scratch) {
    const auto directory = scratch.path() / "source";
    fs::create_directory(directory);
    const auto rules = base.scripts.parent_path() / "run/exitaudit/reading/facts.cocci";
    Words command{"--ro-bind", rules.string(),     "/in/facts.cocci",
                  "--ro-bind", directory.string(), std::string(inside)};
    append(command, words("-- spatch --very-quiet --no-includes --sp-file /in/facts.cocci"));
    for (const auto& file : files) {
        fs::create_directories((directory / file.path).parent_path());
        write_file(directory / file.path, changed_items(file));
        command.push_back(std::string(inside) + file.path);
    }
    return base.in_sandbox(command, scratch.path(), time_limit, facts_limit);
}

} // namespace

std::vector<Remark> remarks_about(const Program& program) {
    std::vector<Remark> remarks;
    for (const auto rule : {racing_counters, wrong_indexes, late_counters, log_lines}) {
        const auto found = rule(program);
        remarks.insert(remarks.end(), found.begin(), found.end());
    }
    for (auto& remark : remarks) remark.note.text = sanitize(remark.note.text, 600);
    return remarks;
}

Reading read_source(const std::vector<PlacedFile>& files, const Base& base) {
    if (files.empty()) return {};
    if (!base.emulated && search_path("spatch").empty())
        return {{unread("spatch is missing: apt-get install coccinelle libpython3-dev")}};
    const auto [ending, out, err] = run_spatch(files, base, TemporaryDirectory());
    const auto said = sanitize(err.substr(0, err.find('\n')));
    const auto why = ending.how == Ending::How::timed_out
                         ? fmt::format("spatch takes more than {} s of CPU time", time_limit.count())
                     : !out.starts_with("ready") && said.find("Py") != std::string::npos
                         ? "spatch runs no Python: apt-get install libpython3-dev; " + said
                     : out.size() >= facts_limit                           ? "too much is changed"
                     : !ending.exited_with(0) || !out.starts_with("ready") ? "spatch fails: " + said
                                                                           : "";
    if (!why.empty()) return {{unread(why)}, ending.took};
    return {remarks_about(Program(files, Facts(out, inside))), ending.took};
}

void point_to_source(std::vector<Finding>& findings, const std::vector<Remark>& remarks) {
    for (auto& finding : findings) {
        const auto here = std::ranges::find_if(remarks, [&](const Remark& remark) {
            return std::ranges::find(remark.causes, finding.id) != remark.causes.end();
        });
        if (here != remarks.end()) finding.text += "; see " + here->place;
    }
}

} // namespace exitaudit::grade
