// Documents that --json writes (docs/json.md), and reading them again. Their members are
// looked up so that one that is missing or of another type is as good as empty.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace exitaudit {

struct NamedDocument {
    std::string file;
    nlohmann::json document;
};

// Reads a document; "-" is standard input. Error if the file is unreadable or no document
// of a schema known here.
nlohmann::json read_document(const std::string& path);

} // namespace exitaudit
