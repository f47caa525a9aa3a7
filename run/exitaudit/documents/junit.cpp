// Writing JUnit's XML. Structure: the schema of Jenkins's xUnit plugin, junit-10.xsd.
#include "exitaudit/documents/document.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <sstream>

namespace exitaudit {
namespace {

using nlohmann::json;

// XML has no way to write most control characters.
std::string xml_text(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char c) { return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f; }, '?');
    return text;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
    node.append_attribute(name).set_value(xml_text(value).c_str());
}

void set_text(pugi::xml_node node, const std::string& text) { node.text().set(xml_text(text).c_str()); }

class Suite {
public:
    Suite(pugi::xml_node parent, const std::string& name, const std::string& classes)
        : node_(parent.append_child("testsuite")), classes_(classes) {
        set(node_, "name", name);
        for (const auto* count : {"tests", "failures", "errors", "skipped"})
            node_.append_attribute(count).set_value(0);
        properties_ = node_.append_child("properties");
    }

    void time(double seconds) { set(node_, "time", fmt::format("{:.3f}", seconds)); }

    void property(const char* name, const std::string& value) {
        if (value.empty()) return;
        auto property = properties_.append_child("property");
        set(property, "name", name);
        set(property, "value", value);
    }

    // How a testcase ended if it did not pass: "failure", "error" or "skipped", a line, and details.
    struct Outcome {
        const char* element = nullptr;
        std::string message, details;
    };

    // Testcases of one family ("io.out8": io) share a class.
    void add(const std::string& name, const Outcome& outcome) {
        count("tests");
        auto node = node_.append_child("testcase");
        set(node, "name", name);
        set(node, "classname", fmt::format("{}.{}", classes_, name.substr(0, name.find('.'))));
        if (!outcome.element) return;
        const std::string element = outcome.element;
        count(element == "failure" ? "failures" : element == "error" ? "errors" : "skipped");
        auto child = node.append_child(outcome.element);
        set(child, "message", outcome.message);
        if (element == "skipped") return;
        set(child, "type", element == "failure" ? "audit" : "run");
        set_text(child, outcome.details.empty() ? outcome.message : outcome.details);
    }

    void output(const std::string& text) {
        if (!text.empty()) set_text(node_.append_child("system-out"), text);
    }

    int failures() const { return node_.attribute("failures").as_int(); }
private:
    void count(const char* name) {
        auto attribute = node_.attribute(name);
        attribute.set_value(attribute.as_int() + 1);
    }

    pugi::xml_node node_, properties_;
    std::string classes_;
};

// The findings that explain this result, a line each.
std::string explained_by(const json& run, const std::string& name) {
    std::string text;
    for (const auto& finding : array_member(run, "findings"))
        for (const auto& explained : array_member(finding, "explains"))
            if (explained == name)
                text += fmt::format("\nfinding: {}: {}", text_member(finding, "id"),
                                    text_member(finding, "text"));
    return text;
}

Suite::Outcome outcome_of(const json& run, const json& result) {
    const auto verdict = text_member(result, "verdict"), message = text_member(result, "message");
    if (verdict == "skip") return {"skipped", message, {}};
    if (verdict != "not ok") return {};
    auto details = message;
    if (const auto diagnosis = text_member(result, "diagnosis"); !diagnosis.empty())
        details += "\ndiagnosis: " + diagnosis;
    for (const auto& row : array_member(result, "table"))
        if (row.is_string()) details += "\n" + row.get<std::string>();
    return {"failure", message, details + explained_by(run, text_member(result, "name"))};
}

// A verdict that needs a testcase of its own.
Suite::Outcome outcome_of(const std::string& verdict, const std::string& message) {
    if (verdict == "pass") return {};
    if (verdict == "not-patched") return {"skipped", message, {}};
    const bool nothing_was_judged =
        verdict == "could-not-run" || verdict == "could-not-grade" || verdict == "usage";
    return {nothing_was_judged ? "error" : "failure", message, {}};
}

void add_run(pugi::xml_node parent, const json& run, const std::string& of) {
    const auto lane = text_member(run, "lane", "log");
    Suite suite(parent, of.empty() ? "exitaudit " + lane : fmt::format("{} ({})", of, lane),
                fmt::format("exitaudit.{}{}", of.empty() ? "" : of + ".", lane));
    if (const auto seconds = number_member(run, "seconds"); seconds > 0) suite.time(seconds);
    suite.property("kernel", text_member(run, "kernel"));
    suite.property("qemu", text_member(run, "qemu"));
    suite.property("emulator", text_member(object_member(run, "environment"), "emulator"));
    for (const auto* results : {"results", "host"})
        for (const auto& result : array_member(run, results))
            suite.add(text_member(result, "name"), outcome_of(run, result));
    const auto verdict = text_member(run, "verdict");
    if (!(verdict == "pass" || (verdict == "fail" && suite.failures() != 0)))
        suite.add("verdict", outcome_of(verdict, text_member(run, "message")));

    auto output = text_member(run, "message");
    for (const auto& finding : array_member(run, "findings"))
        output += fmt::format("\nfinding: {}: {}", text_member(finding, "id"), text_member(finding, "text"));
    suite.output(output);
}

// A graded patch: whether it builds, its verdict, then a suite for each lane it ran on.
void add_patch(pugi::xml_node parent, const json& row) {
    const auto name = text_member(row, "patch");
    Suite suite(parent, name, "exitaudit." + name);
    suite.property("layout", text_member(row, "layout"));
    std::string findings;
    for (const auto* remarks : {"findings", "notes"})
        for (const auto& remark : array_member(row, remarks))
            findings += fmt::format("{}: {}\n", text_member(remark, "id"), text_member(remark, "text"));
    if (const auto builds = row.find("builds"); builds != row.end() && builds->is_boolean())
        suite.add("builds",
                  *builds ? Suite::Outcome{} : Suite::Outcome{"failure", "it does not build", findings});
    auto verdict = outcome_of(text_member(row, "verdict"), text_member(row, "verdict"));
    verdict.details = findings;
    suite.add("verdict", verdict);
    suite.output(findings);
    for (const auto& lane : array_member(row, "lanes"))
        if (const auto& run = object_member(lane, "report"); !run.empty()) add_run(parent, run, name);
}

} // namespace

std::string junit_document(const json& document) {
    pugi::xml_document xml;
    auto suites = xml.append_child("testsuites");
    set(suites, "name", "exitaudit");
    if (text_member(document, "kind") == "grade")
        for (const auto& patch : array_member(document, "rows")) add_patch(suites, patch);
    else
        add_run(suites, document, "");
    std::ostringstream text;
    xml.save(text, "  ");
    return text.str();
}

} // namespace exitaudit
