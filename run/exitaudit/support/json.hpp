// Members of JSON objects. A member that is missing or of another type counts as empty.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace exitaudit {

// The member's text; `otherwise` if it has none.
std::string text_member(const nlohmann::json& object, std::string_view name,
                        const std::string& otherwise = {});

// The member's number; 0 if it has none.
double number_member(const nlohmann::json& object, std::string_view name);

const nlohmann::json& array_member(const nlohmann::json& object, std::string_view name);

const nlohmann::json& object_member(const nlohmann::json& object, std::string_view name);

// Null for what is not known.
nlohmann::json or_null(const std::string& text);

template <typename T> nlohmann::json or_null(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
}

// The document as text: indented, and valid UTF-8 whatever it contains.
std::string document_text(const nlohmann::json& document);

} // namespace exitaudit
