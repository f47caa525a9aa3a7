// Any JSON document is compared, or turned into XML, or gets an error.
#include "exitaudit/documents/compare.hpp"
#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/json.hpp"
#include "fuzz/require.hpp"

using namespace exitaudit;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto document = nlohmann::json::parse(fuzz::text(data, size), nullptr, false);
    if (document.is_discarded()) return 0;
    try {
        (void)compare(document, document);
    } catch (const std::exception&) { // main() prints it
    }
    try {
        (void)junit_document(document);
    } catch (const std::exception&) {
    }
    return 0;
}
