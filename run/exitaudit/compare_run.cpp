// Comparing two files.
#include "compare_run.hpp"

#include "boot/boots.hpp"
#include "compare.hpp"
#include "document.hpp"
#include "exit_code.hpp"
#include "report.hpp"

#include <fmt/core.h>

namespace exitaudit {

namespace {

int show_boots(const CompareOptions& options, const std::vector<BootDocument>& boots)
{
    if (options.max_regression)
        throw Error("--max-regression judges what exits cost: it takes documents of exitaudit run", ExitCode::usage);
    const auto beside = side_by_side(boots);
    fmt::print("{}", boots_text(beside));
    if (!options.json.empty())
        write_file(options.json, document_text(boots_document(beside)));
    return static_cast<int>(ExitCode::pass);
}

} // namespace

int compare_documents(const CompareOptions& options)
{
    const auto before = read_document(options.before), after = read_document(options.after);
    if (text_member(before, "kind") == "boot") {
        std::vector<BootDocument> boots{{options.before, before}, {options.after, after}};
        for (const auto& path : options.more)
            boots.push_back({path, read_document(path)});
        return show_boots(options, boots);
    }
    if (!options.more.empty())
        throw Error("more than two documents can be compared only of exitaudit boot", ExitCode::usage);
    const auto comparison = compare(before, after);
    for (const auto& warning : comparison.warnings)
        fmt::print(stderr, "exitaudit: {}\n", warning);
    if (comparison.changes.empty())
        throw Error("the two documents have no measured trigger in common");
    fmt::print("{}", comparison_text(comparison));
    if (!options.json.empty())
        write_file(options.json, document_text(comparison_document(comparison)));
    if (!options.max_regression)
        return static_cast<int>(ExitCode::pass);
    const auto regressions = comparison.regressions(*options.max_regression);
    for (const auto* change : regressions)
        fmt::print(stderr, "exitaudit: {} became slower by {:.1f} % (95 % interval {:.1f} to {:.1f} %), more than {:g} %\n",
                   change->name, 100 * (change->ratio - 1), 100 * (change->low - 1), 100 * (change->high - 1),
                   *options.max_regression);
    return static_cast<int>(regressions.empty() ? ExitCode::pass : ExitCode::audit_failed);
}

} // namespace exitaudit
