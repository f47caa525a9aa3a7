// Documents that --json wrote (docs/json.md).
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

// Reads a document; "-" is standard input. Error if it is unreadable or of an unknown schema.
nlohmann::json read_document(const std::string& path);

} // namespace exitaudit
