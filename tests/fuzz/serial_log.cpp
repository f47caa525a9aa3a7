// Any serial log gets a verdict and a document.
#include "exitaudit/documents/document.hpp"
#include "exitaudit/log/judge.hpp"
#include "exitaudit/log/lines.hpp"
#include "exitaudit/support/json.hpp"
#include "fuzz/require.hpp"

using namespace exitaudit;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    LineSplitter lines;
    LogReader reader;
    lines.feed(fuzz::text(data, size), [&](const std::string& line) { reader.line(line); });
    const auto verdict = judge(reader.log(), lines.rest());
    fuzz::require(!verdict.text.empty());
    const auto document = run_document(reader.log(), verdict, {});
    fuzz::require(nlohmann::json::accept(document_text(document)) && !junit_document(document).empty());
    return 0;
}
