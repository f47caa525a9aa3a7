// The table of causes, for readers: exitaudit list --causes, docs/findings.md.
#include "exitaudit/catalogue/catalogue.hpp"

#include "diagnosis/causes.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/json.hpp"
#include "plan/near_match.hpp"

#include <fmt/ranges.h>

namespace exitaudit {
namespace {

using diagnosis::Cause;
using diagnosis::Kind;

std::vector<const Cause*> causes_named(const std::vector<std::string>& names) {
    std::vector<const Cause*> causes;
    for (const auto& cause : diagnosis::causes())
        if (names.empty() ||
            std::ranges::any_of(names, [&](const auto& glob) { return plan::matches(glob, cause.name); }))
            causes.push_back(&cause);
    if (causes.empty())
        throw usage_error("no cause is named '{}': see exitaudit list --causes", fmt::join(names, "' or '"));
    return causes;
}

std::vector<std::string_view> outranked_by(const Cause& cause) {
    std::vector<std::string_view> names;
    for (const auto& other : diagnosis::causes())
        if (cause.outranks.contains(other.id)) names.push_back(other.name);
    return names;
}

// "A clause" of "a clause".
std::string sentence(std::string_view clause) {
    std::string text(clause);
    if (!text.starts_with("vCPU")) text.front() = static_cast<char>(std::toupper(text.front()));
    return text + ".";
}

void print_page() {
    fmt::print(
        "# Findings and notes\n\n<!-- Made by `make docs` from the table of causes; do not edit. -->\n\n"
        "A finding is a likely cause of failed audits. A note is no failure. `exitaudit` and the guest find "
        "them in the\n"
        "same way: each cause has evidence of its own, and what a cause explains is no evidence of the "
        "causes that it\n"
        "outranks. A finding of counts is dropped where the host's kvm_exit tracepoint agrees with the "
        "ledger.\n");
    for (const auto kind : {Kind::fault, Kind::counts, Kind::note}) {
        fmt::print("\n## {}\n", kind == Kind::note     ? "Notes"
                                : kind == Kind::counts ? "Findings of counts"
                                                       : "Findings");
        for (const auto& cause : diagnosis::causes()) {
            if (cause.kind != kind) continue;
            fmt::print("\n### {}\n\n{}\n\n- Evidence: {}.\n", cause.name, sentence(cause.what),
                       cause.evidence);
            if (!cause.remedy.empty()) fmt::print("- Remedy: {}.\n", cause.remedy);
            if (const auto names = outranked_by(cause); names.size() + 1 == diagnosis::cause_count)
                fmt::print("- Outranks all others.\n");
            else if (!names.empty())
                fmt::print("- Outranks {}.\n", fmt::join(names, ", "));
        }
    }
}

} // namespace

int list_causes(const ListOptions& options) {
    const auto causes = causes_named(options.names);
    constexpr std::string_view kinds[] = {"finding", "finding", "note"};
    auto document = nlohmann::json::array();
    for (const auto* cause : causes) {
        if (options.form == ListForm::json)
            document.push_back({{"id", cause->name},
                                {"kind", kinds[static_cast<std::size_t>(cause->kind)]},
                                {"what", cause->what},
                                {"remedy", or_null(std::string(cause->remedy))},
                                {"evidence", cause->evidence},
                                {"outranks", outranked_by(*cause)}});
        if (options.form != ListForm::table) continue;
        fmt::print("{:<22} {}{}{}\n", cause->name, cause->what, cause->remedy.empty() ? "" : "; ",
                   cause->remedy);
        if (options.verbose) fmt::print("    evidence: {}\n", cause->evidence);
    }
    if (options.form == ListForm::json)
        fmt::print("{}", document_text({{"schema", 1}, {"causes", document}}));
    if (options.form == ListForm::markdown) print_page();
    return static_cast<int>(ExitCode::pass);
}

} // namespace exitaudit
