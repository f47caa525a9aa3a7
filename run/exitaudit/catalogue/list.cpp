// Printing the guest's own catalogue: a table, its details, JSON, or the page in docs/.

#include "audit/exceptions.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "ledger/exit_names.hpp"
#include "exitaudit/catalogue/catalogue.hpp"
#include "triggers/untriggered.hpp"
#include "exitaudit/support/command_line.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace exitaudit {
namespace {

using json = nlohmann::ordered_json;
using ledger::Numbering;
using triggers::Bound;
using triggers::Deviation;
using triggers::Expectation;
using triggers::Trigger;
using triggers::Where;

constexpr Numbering vendors[] = {Numbering::vmx, Numbering::svm};

constexpr auto list_footer = R"(
Examples:
  exitaudit list                         a line for each
  exitaudit list 'msr.*' -v              what these triggers cause, and why
  exitaudit list --causes lost-fastpath  what a finding means, and what to do

Exit codes: 0 listed; 2 usage.)";

std::string_view name_of(Bound bound) {
    switch (bound) {
    case Bound::none: return "none";
    case Bound::exact: return "exact";
    case Bound::at_least: return "at least";
    case Bound::at_most: return "at most";
    }
    return "?";
}

// "QEMU 7.2, 10.0, 11.1"
std::string versions_text(triggers::Emulator emulator, std::span<const triggers::Version> versions) {
    std::string text(name_of(emulator));
    for (const auto& version : versions)
        text += fmt::format("{} {}.{}", &version == versions.data() ? "" : ",", version.major, version.minor);
    return text;
}

std::string place_of(const Deviation& deviation) {
    if (deviation.where == Where::with_shadow_paging) return "with shadow paging";
    if (deviation.where == Where::measured) return "where the guest finds it so";
    return fmt::format("on {}'s emulation up to {}.{}{}", name_of(deviation.emulator()), deviation.last.major,
                       deviation.last.minor,
                       deviation.where == Where::on_bochs_with_noise ? ", beside another VM" : "");
}

std::string exit_text(Numbering numbering, ledger::ExitNumber exit) {
    return fmt::format("{:x} {}", exit, ledger::exit_name(numbering, exit));
}

// "1", ">=2", "<=8"; "-" where there is no exit.
std::string count_text(Bound bound, std::uint32_t per_firing) {
    switch (bound) {
    case Bound::none: return "-";
    case Bound::exact: return fmt::format("{}", per_firing);
    case Bound::at_least: return fmt::format(">={}", per_firing);
    case Bound::at_most: return fmt::format("<={}", per_firing);
    }
    return "?";
}

// The source of an expectation, and what else it expects.
std::string details(Numbering numbering, const Expectation& expected, bool left_out = false) {
    if (left_out) return fmt::format("not fired: {}", expected.source);
    std::string text = expected.bound == Bound::none ? fmt::format("not intercepted: {}", expected.source)
                                                     : std::string(expected.source);
    for (const auto& row : expected.also) {
        text += "; also " + exit_text(numbering, row.exit);
        if (row.bound == Bound::none)
            text += fmt::format(", {} at most in all", row.once);
        else if (row.bound == Bound::at_least && row.per_firing == 0)
            text += ", as often as the host interrupts";
        else
            text += fmt::format(" x{}{}", count_text(row.bound, row.per_firing),
                                row.once ? fmt::format(" and {} more in all", row.once) : "");
    }
    if (expected.totals_only) text += fmt::format("; {} more in the totals alone", expected.totals_only);
    if (expected.raises)
        text += fmt::format("; raises {}", audit::exception_name(static_cast<unsigned>(*expected.raises)));
    if (expected.fastpath) text += "; handled in KVM's fastpath";
    if (!expected.unseen.empty()) text += fmt::format("; not seen on any emulated lane: {}", expected.unseen);
    return text;
}

void print_table(const Catalogue& catalogue, bool verbose) {
    constexpr auto row = "{:<27} {:<25} {:>4}  {:<25} {:>4}  {}\n";
    if (!catalogue.triggers.empty())
        fmt::print(row, "TRIGGER", "VMX EXIT", "N", "SVM EXIT", "N", "ONE FIRING");
    for (const auto* trigger : catalogue.triggers) {
        fmt::print(row, trigger->name, exit_text(Numbering::vmx, trigger->vmx.exit),
                   count_text(trigger->vmx.bound, trigger->vmx.per_firing),
                   exit_text(Numbering::svm, trigger->svm.exit),
                   count_text(trigger->svm.bound, trigger->svm.per_firing), trigger->what);
        if (!verbose) continue;
        for (const auto numbering : vendors)
            fmt::print("    {}: {}\n", ledger::numbering_name(numbering),
                       details(numbering, trigger->expectation(numbering)));
        for (const auto& deviation : trigger->deviations) {
            const auto& instead = deviation.instead;
            fmt::print("    {} {}: {} x{}: {}\n", ledger::numbering_name(deviation.numbering),
                       place_of(deviation), exit_text(deviation.numbering, instead.exit),
                       count_text(instead.bound, instead.per_firing),
                       details(deviation.numbering, instead, deviation.left_out));
        }
    }
    for (const auto* audit : catalogue.audits) fmt::print("{:<27} {}\n", audit->name, audit->what);
    if (catalogue.whole) fmt::print("{}\n", catalogue.summary());
}

json as_json(Numbering numbering, const Expectation& expected) {
    json record{{"exit", expected.exit},
                {"exit_name", ledger::exit_name(numbering, expected.exit)},
                {"bound", name_of(expected.bound)},
                {"per_firing", expected.per_firing},
                {"source", expected.source}};
    for (const auto& row : expected.also)
        record["also"].push_back({{"exit", row.exit},
                                  {"exit_name", ledger::exit_name(numbering, row.exit)},
                                  {"bound", name_of(row.bound)},
                                  {"per_firing", row.per_firing},
                                  {"once", row.once}});
    if (expected.totals_only) record["totals_only"] = expected.totals_only;
    if (expected.raises) record["raises"] = audit::exception_name(static_cast<unsigned>(*expected.raises));
    if (expected.fastpath) record["fastpath"] = true;
    if (!expected.unseen.empty()) record["unseen"] = expected.unseen;
    return record;
}

void print_json(const Catalogue& catalogue) {
    json document{{"schema", 1}, {"triggers", json::array()}, {"audits", json::array()}};
    for (const auto* trigger : catalogue.triggers) {
        json record{{"name", trigger->name}, {"what", trigger->what}, {"count", trigger->count}};
        for (const auto numbering : vendors)
            record[ledger::numbering_name(numbering)] = as_json(numbering, trigger->expectation(numbering));
        for (const auto& deviation : trigger->deviations) {
            auto instead = as_json(deviation.numbering, deviation.instead);
            instead["where"] = place_of(deviation);
            if (deviation.left_out) instead["left_out"] = true;
            record[ledger::numbering_name(deviation.numbering)]["deviations"].push_back(std::move(instead));
        }
        document["triggers"].push_back(std::move(record));
    }
    for (const auto* audit : catalogue.audits)
        document["audits"].push_back({{"name", audit->name}, {"what", audit->what}});
    if (catalogue.whole)
        for (const auto numbering : vendors)
            for (const auto& [first, last, what, reason] : triggers::untriggered(numbering))
                document["untriggered"][ledger::numbering_name(numbering)].push_back(
                    {{"first", first}, {"last", last}, {"what", what}, {"reason", reason}});
    fmt::print("{}\n", document.dump(2));
}

// A cell of the page: `|` would end it.
std::string cell(const std::string& text) { return boost::replace_all_copy(text, "|", "\\|"); }

std::string markdown_cell(const Trigger& trigger, Numbering numbering) {
    const auto one = [&](const Expectation& expected, bool left_out = false) {
        const auto count =
            expected.bound == Bound::none ? "" : " ×" + count_text(expected.bound, expected.per_firing);
        return fmt::format("`{}`{}: {}", exit_text(numbering, expected.exit), count,
                           details(numbering, expected, left_out));
    };
    auto text = one(trigger.expectation(numbering));
    for (const auto& deviation : trigger.deviations)
        if (deviation.numbering == numbering)
            text +=
                fmt::format("<br>*{}:* {}", place_of(deviation), one(deviation.instead, deviation.left_out));
    return cell(text);
}

void print_untriggered() {
    fmt::print("\n## Exit numbers without a trigger\n\nWhat the manuals define, or the kernel's headers "
               "name, and no trigger speaks of but, at most, as\n"
               "another trigger's company. What is said of KVM holds for Linux 6.1, 6.12 and 7.3.\n");
    for (const auto numbering : vendors) {
        fmt::print("\n| {} | exit | why |\n|---|---|---|\n",
                   numbering == Numbering::vmx ? "Intel VMX" : "AMD SVM");
        for (const auto& [first, last, what, reason] : triggers::untriggered(numbering))
            fmt::print("| `{:x}`{} | {} | {} |\n", first, first == last ? "" : fmt::format("–`{:x}`", last),
                       what, reason);
    }
}

void print_markdown(const Catalogue& catalogue) {
    fmt::print(
        "# The catalogue\n\n<!-- Made by `make docs` from the guest's own table; do not edit. -->\n\n"
        "{}.\n\nPer trigger: what one firing executes, and for each vendor the exit number (hexadecimal), "
        "how many\n"
        "exits one firing causes, and why; or the exit that must not happen, and why not. *In italics:*\n"
        "where something else is expected. \"Up to\" names the last version that is known to deviate;\n"
        "tried were {} and {}. On another version, a failure that such\n"
        "a deviation explains is a skip. \"Where the guest finds it so\": it looks before it fires, by its\n"
        "own clock or by the exception that comes. Sections are cited by title, from\n{}.\n",
        catalogue.summary(), versions_text(triggers::Emulator::qemu, triggers::tried_qemu),
        versions_text(triggers::Emulator::bochs, triggers::tried_bochs), triggers::manuals);
    std::string_view family;
    for (const auto* trigger : catalogue.triggers) {
        if (const auto name = trigger->name.substr(0, trigger->name.find('.')); name != family) {
            family = name;
            fmt::print("\n## {}\n\n| trigger | one firing | Intel VMX | AMD SVM |\n|---|---|---|---|\n",
                       family);
        }
        fmt::print("| `{}` | {} | {} | {} |\n", trigger->name, cell(std::string(trigger->what)),
                   markdown_cell(*trigger, Numbering::vmx), markdown_cell(*trigger, Numbering::svm));
    }
    fmt::print("\n## Audits without a trigger of their own\n\n| audit | rule |\n|---|---|\n");
    for (const auto* audit : catalogue.audits)
        fmt::print("| `{}` | {} |\n", audit->name, cell(std::string(audit->what)));
    if (catalogue.whole) print_untriggered();
}

// Prints the catalogue under these names. Returns the exit code. Error (usage) if a name matches nothing.
int list_catalogue(const ListOptions& options) {
    if (options.causes) return list_causes(options);
    const auto catalogue = listed(options.names);
    switch (options.form) {
    case ListForm::table: print_table(catalogue, options.verbose); break;
    case ListForm::json: print_json(catalogue); break;
    case ListForm::markdown: print_markdown(catalogue); break;
    }
    return static_cast<int>(ExitCode::pass);
}

} // namespace

void add_list(CLI::App& app, Task& task) {
    auto [command, options] =
        add_command(app, task, "list", "list the triggers and audits, and what exits they cause", list_footer,
                    list_catalogue);
    auto& form = options.form;
    auto* json = command.add_flag_callback(
        "--json", [&form] { form = ListForm::json; }, "list as a JSON document, with all details");
    command
        .add_flag_callback(
            "--markdown", [&form] { form = ListForm::markdown; },
            "list as the page docs/catalogue.md, or docs/findings.md")
        ->excludes(json);
    command.add_flag("--causes", options.causes, "list what findings and notes mean, instead");
    command.add_flag("-v,--verbose", options.verbose, "say with each expectation where it comes from");
    command.add_option("NAME", options.names, "triggers and audits, by name or glob (default: all)")
        ->check(completed_by(audit_names()));
}

} // namespace exitaudit
