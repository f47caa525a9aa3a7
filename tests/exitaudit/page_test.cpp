// The page: what a document holds must not become markup.
#include "exitaudit/documents/document.hpp"
#include "exitaudit/report/page.hpp"

#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

using nlohmann::json;

constexpr std::string_view before_data = "id=\"documents\">", after_data = "</script>";

std::string data_in(const std::string& page) {
    const auto start = page.find(before_data) + before_data.size();
    return page.substr(start, page.find(after_data, start) - start);
}

TEST(Page, HoldsTheDocuments) {
    const json document{{"kind", "run"}, {"schema", 1}, {"message", "fine"}};
    const auto data = json::parse(data_in(page_of({{"a.json", document}, {"b.json", document}})));
    ASSERT_EQ(data.size(), 2U);
    EXPECT_EQ(data[1]["file"], "b.json");
    EXPECT_EQ(data[0]["document"], document);
}

TEST(Page, TakesNoTextForMarkup) {
    const std::string hostile =
        "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&amp;\xe2\x80\xa8";
    const auto page = page_of({{hostile, {{"kind", "run"}, {"message", hostile}, {hostile, 1}}}});
    const auto data = data_in(page);
    EXPECT_EQ(data.find_first_of("<>&"), std::string::npos);
    EXPECT_EQ(json::parse(data)[0]["document"]["message"], hostile);
}

TEST(Page, IsWellFormedWithInvalidText) {
    const auto data = json::parse(data_in(page_of({{"a", {{"message", "\xff\xfe"}}}})));
    EXPECT_EQ(data[0]["document"]["message"], "\ufffd\ufffd");
}

TEST(Page, AsksForNothingFromOutside) {
    const auto page = page_of({});
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
    for (const auto* reference : {" src=", "<link rel=\"stylesheet\"", "@import", "url("})
        EXPECT_EQ(page.substr(0, page.find(before_data)).find(reference), std::string::npos) << reference;
    EXPECT_EQ(page.find("@LIBRARY@"), std::string::npos);
}

} // namespace
} // namespace exitaudit::test
