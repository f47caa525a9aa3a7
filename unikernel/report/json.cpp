// Writing JSON.
#include "report/json.hpp"

namespace report {

JsonObject& JsonObject::member(std::string_view name, std::string_view text) {
    key(name);
    string(text);
    return *this;
}

void JsonObject::array(std::string_view name) {
    key(name);
    sink_.write("[");
    first_ = true;
}

void JsonObject::separate() {
    if (!first_) sink_.write(",");
    first_ = false;
}

void JsonObject::unsigned_integer(std::uint64_t number) { sink_.format("{}", number); }

void JsonObject::integer(std::int64_t number) {
    if (number < 0) sink_.write("-");
    unsigned_integer(static_cast<std::uint64_t>(number < 0 ? -number : number));
}

void JsonObject::key(std::string_view name) {
    separate();
    string(name);
    sink_.write(":");
}

// RFC 8259, section 7. The guest's texts are printable ASCII; anything else shows as '?'.
void JsonObject::string(std::string_view text) {
    sink_.write("\"");
    for (const char& c : text) {
        if (c == '"' || c == '\\') sink_.write("\\");
        sink_.write(c >= ' ' && c <= '~' ? std::string_view(&c, 1) : "?");
    }
    sink_.write("\"");
}

}
