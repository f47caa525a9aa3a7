// JSON objects on one line, straight to a sink.
#pragma once

#include "console/format.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace report {

/// Writes one object. Members appear in the order of the calls; end() closes it.
class JsonObject {
public:
    explicit JsonObject(console::Sink& sink) : sink_(sink) { sink_.write("{"); }

    JsonObject& member(std::string_view name, std::string_view text) {
        key(name);
        string(text);
        return *this;
    }

    /// A bool is written as 0 or 1.
    JsonObject& member(std::string_view name, std::integral auto number) {
        key(name);
        integer(number);
        return *this;
    }

    /// Opens an object as a member; the caller closes it before going on.
    JsonObject object(std::string_view name) {
        key(name);
        return JsonObject(sink_);
    }

    /// Opens an array of texts as a member: element() for each, then end_array().
    void array(std::string_view name) {
        key(name);
        sink_.write("[");
        first_ = true;
    }

    void element(std::string_view text) {
        separate();
        string(text);
    }

    void element(std::integral auto number) {
        separate();
        integer(number);
    }

    /// Opens an array as an element of the array that is open: end_array() closes it.
    void nested_array() {
        separate();
        sink_.write("[");
        first_ = true;
    }

    void end_array() {
        sink_.write("]");
        first_ = false;
    }

    void end() { sink_.write("}"); }
protected:
    console::Sink& sink_;
private:
    void separate() {
        if (!first_) sink_.write(",");
        first_ = false;
    }

    void integer(std::unsigned_integral auto number) { sink_.format("{}", number); }
    void integer(std::int64_t number) {
        sink_.format("{}{}", number < 0 ? "-" : "", number < 0 ? -number : number);
    }

    void key(std::string_view name) {
        separate();
        string(name);
        sink_.write(":");
    }

    // RFC 8259, section 7. The guest's texts are printable ASCII; anything else shows as '?'.
    void string(std::string_view text) {
        sink_.write("\"");
        for (const char& c : text) {
            if (c == '"' || c == '\\') sink_.write("\\");
            sink_.write(c >= ' ' && c <= '~' ? std::string_view(&c, 1) : "?");
        }
        sink_.write("\"");
    }

    bool first_ = true;
};

/// A line of the log for programs: "#json " and an object. The destructor ends the line.
class JsonRecord final : public JsonObject {
public:
    JsonRecord(console::Sink& sink, std::string_view kind) : JsonObject((sink.write("#json "), sink)) {
        member("record", kind);
    }
    JsonRecord(const JsonRecord&) = delete;
    ~JsonRecord() { sink_.write("}\n"); }
};

}
