// How a verdict leaves exitaudit: the last lines on the screen, and a JSON file.
#pragma once

#include "exitaudit/log/judge.hpp"
#include "exitaudit/witness/host_facts.hpp"
#include "exitaudit/witness/findings.hpp"
#include "exitaudit/witness/witness.hpp"

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>
#include <optional>

namespace exitaudit {

// How the log came about, and what else bears on it. Empty where that is not known: a
// log captured elsewhere.
struct Circumstances {
    std::string lane, kernel, qemu;
    std::optional<double> seconds;
    std::vector<HostResult> host{};
    std::vector<Finding> findings{};
    std::string emulator{}; // of the host's processor; empty: none
    HostFacts facts{}, machine{};
    std::string machine_kernel{};
    std::vector<ExitRow> exits{};
    bool svm = false; // how they are numbered
    // Of a host of ours, for who wants to know what went wrong there.
    bool timed_out = false, crashed = false;
    std::string trouble{}, complaint{};
    std::vector<std::string> console{};
};

// As --json has it: "pass", "not-patched" and so on.
std::string_view verdict_word(ExitCode code);

// The host's own audits, as KTAP lines like the guest's, with a table where they fail.
std::vector<std::string> host_lines(const std::vector<HostResult>& results);

// One line per failed result, with its diagnosis.
std::vector<std::string> failure_lines(const Log& log);

// One line per finding, per note, and one for the failures that nothing explains.
std::vector<std::string> finding_lines(const Log& log, const Circumstances& circumstances);

// "pass: 17 passed, 0 failed, 0 skipped (svm lane, Linux …, QEMU …, 5.1 s)"
std::string verdict_line(const Verdict& verdict, const Circumstances& circumstances);

// What any document of one host says of it (docs/json.md).
nlohmann::json document_start(std::string_view kind, const Verdict& verdict,
                              const Circumstances& circumstances);

// The whole as one document of kind `run`.
nlohmann::json run_document(const Log& log, const Verdict& verdict, const Circumstances& circumstances);

// Writes the document, and what JUnit's XML has of it, to these files; an empty name is none.
void write_documents(const std::filesystem::path& json_file, const std::filesystem::path& junit_file,
                     const nlohmann::json& document);

} // namespace exitaudit
