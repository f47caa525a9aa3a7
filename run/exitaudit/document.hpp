// Documents that --json wrote (docs/json.md), read again. Their members are looked up so
// that one that is missing or of another type is as good as empty.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace exitaudit {

// Reads a document; "-" is standard input. Error if the file is unreadable or no document
// of a schema known here.
nlohmann::json read_document(const std::string& path);

// The member's text; `otherwise` if it has none.
std::string text_member(const nlohmann::json& object, std::string_view name, const std::string& otherwise = {});

const nlohmann::json& array_member(const nlohmann::json& object, std::string_view name);

const nlohmann::json& object_member(const nlohmann::json& object, std::string_view name);

} // namespace exitaudit
