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

    JsonObject& member(std::string_view name, std::string_view text);

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
    void array(std::string_view name);

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

    /// Opens an object as an element of the array that is open; the caller closes it before going on.
    JsonObject nested_object() {
        separate();
        return JsonObject(sink_);
    }

    void end_array() {
        sink_.write("]");
        first_ = false;
    }

    void end() { sink_.write("}"); }
protected:
    console::Sink& sink_;
private:
    void separate();
    void integer(std::unsigned_integral auto number) { unsigned_integer(number); }
    void integer(std::int64_t number);
    void unsigned_integer(std::uint64_t number);
    void key(std::string_view name);
    void string(std::string_view text);

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
