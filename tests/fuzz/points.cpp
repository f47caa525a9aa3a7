// Any JSON is a rubric, a class's rows, both, or gets an error. What is written of rows can be read.
#include "exitaudit/points/summary.hpp"
#include "exitaudit/support/json.hpp"
#include "fuzz/require.hpp"

using namespace exitaudit;
using namespace exitaudit::points;

namespace {

void score(const nlohmann::json& document) {
    static const auto rubric = parse_rubric(default_rubric, "default");
    const auto rows = merged({{"fuzz", document}}).at("rows");
    for (const auto& row : rows) {
        const auto score = score_of(row, rubric);
        if (score.points) fuzz::require(*score.points >= 0 && *score.points <= score.most);
        fuzz::require(nlohmann::json::accept(document_text(gradescope_document(row, score))));
        fuzz::require(nlohmann::json::accept(document_text(classroom_document(row, score))));
    }
    fuzz::require(!grade_book(rows, rubric).empty());
    (void)summary_lines(summary_of(rows, rubric));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    try {
        (void)parse_rubric(text, "fuzz");
    } catch (const std::exception&) { // main() prints it
    }
    const auto document = nlohmann::json::parse(text, nullptr, false);
    if (document.is_discarded()) return 0;
    try {
        score(document);
    } catch (const std::exception&) {
    }
    return 0;
}
