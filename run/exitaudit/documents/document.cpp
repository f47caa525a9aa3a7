// Reads documents.
#include "exitaudit/documents/document.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"

#include <algorithm>
#include <array>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr int schema = 1;
constexpr std::array kinds{"run", "grade", "boot"};

} // namespace

json read_document(const std::string& path)
{
    auto document = json::parse(read_file(path == "-" ? "/dev/stdin" : path), nullptr, false);
    if (!document.is_object() || !document.contains("schema"))
        throw Error(path + " is no document that --json of exitaudit run, judge, grade or boot writes");
    if (document["schema"] != schema)
        throw failure("{} has schema {}: this exitaudit reads schema {}", path, document["schema"].dump(),
                      schema);
    const auto kind = text_member(document, "kind");
    if (std::ranges::find(kinds, kind) == kinds.end())
        throw failure(
            "{} is of kind '{}': report takes documents of kind run, grade and boot, compare of run or boot",
            path, kind);
    return document;
}

} // namespace exitaudit
