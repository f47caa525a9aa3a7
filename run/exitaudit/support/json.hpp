// Members of JSON objects, looked up so that one that is missing or of another type is as good as empty.
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

// What is not known is null in a document.
nlohmann::json or_null(const std::string& text);

template <typename T>
nlohmann::json or_null(const std::optional<T>& value)
{
    return value ? nlohmann::json(*value) : nlohmann::json();
}

// Any document as it is written to a file: indented, and valid UTF-8 whatever it holds.
std::string document_text(const nlohmann::json& document);

} // namespace exitaudit
