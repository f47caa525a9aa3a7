// JSON's members and text.
#include "exitaudit/support/json.hpp"

namespace exitaudit {

using nlohmann::json;

std::string text_member(const json& object, std::string_view name, const std::string& otherwise) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

double number_member(const json& object, std::string_view name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

const json& array_member(const json& object, std::string_view name) {
    static const auto none = json::array();
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : none;
}

const json& object_member(const json& object, std::string_view name) {
    static const auto none = json::object();
    const auto found = object.find(name);
    return found != object.end() && found->is_object() ? *found : none;
}

json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

std::string document_text(const json& document) {
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace exitaudit
