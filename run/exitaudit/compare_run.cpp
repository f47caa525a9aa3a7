// Comparing two files.
#include "compare_run.hpp"

#include "compare.hpp"
#include "document.hpp"
#include "exit_code.hpp"
#include "report.hpp"

#include <fmt/core.h>

namespace exitaudit {

int compare_documents(const CompareOptions& options)
{
    const auto comparison = compare(read_document(options.before), read_document(options.after));
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
