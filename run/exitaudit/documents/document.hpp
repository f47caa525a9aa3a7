// Documents as --json writes them (docs/json.md), and verdicts as lines of text.
#pragma once

#include "exitaudit/log/judge.hpp"
#include "exitaudit/witness/host_facts.hpp"
#include "exitaudit/witness/diagnose.hpp"
#include "exitaudit/witness/witness.hpp"

namespace exitaudit {

// The lane whose cycles are instructions.
inline constexpr auto svm_icount = "svm-icount";

struct NamedDocument {
    std::string file;
    nlohmann::json document;
};

// Reads a document; "-" is standard input. Error if it is unreadable or of an unknown schema.
nlohmann::json read_document(const std::string& path);

// Where a log comes from, and what else is known of its host. Empty if captured elsewhere.
struct Circumstances {
    std::string lane, kernel, qemu;
    std::optional<double> seconds;
    std::vector<HostResult> host{};
    Diagnosed causes{};
    std::string emulator{}; // of the host's processor; empty: none
    HostFacts facts{}, machine{};
    std::string machine_kernel{};
    std::vector<ExitRow> exits{};
    bool svm = false; // their numbering
    // Embedded hosts only: why the host failed.
    bool timed_out = false, crashed = false;
    bool hangs = false; // timed out, and neither guest nor host was at work
    std::string trouble{}, complaint{};
    std::vector<std::string> console{};
};

// The word for --json: "pass", "not-patched" and so on.
std::string_view verdict_word(ExitCode code);

// The host's own audits, as KTAP lines like the guest's, with a table where they fail.
std::vector<std::string> host_lines(const std::vector<HostResult>& results);

// One line per failed result, with its diagnosis.
std::vector<std::string> failure_lines(const Log& log);

// One line per finding, per note, and one for the failures that nothing explains.
std::vector<std::string> finding_lines(const Circumstances& circumstances);

// "pass: 17 passed, 0 failed, 0 skipped (svm lane, Linux …, QEMU …, 5.1 s)"
std::string verdict_line(const Verdict& verdict, const Circumstances& circumstances);

// The members that all documents of one host have (docs/json.md).
nlohmann::json document_start(std::string_view kind, const Verdict& verdict,
                              const Circumstances& circumstances);

// A document of kind `run`.
nlohmann::json run_document(const Log& log, const Verdict& verdict, const Circumstances& circumstances);

// Writes the document as JSON and as JUnit's XML to these files; an empty name is none.
void write_documents(const std::filesystem::path& json_file, const std::filesystem::path& junit_file,
                     const nlohmann::json& document);

// A testsuite for each run or boot in the document (docs/json.md), with a testcase for each of its results
// and of the host's. A verdict that no result explains is a testcase `verdict`; whether a graded patch builds
// is one, too.
std::string junit_document(const nlohmann::json& document);

} // namespace exitaudit
