// How a run of the guest ends, for the guest and readers of its log.
#pragma once

#include <cstdint>
#include <string_view>

namespace report {

/// The value is the guest's status for isa-debug-exit.
enum class Ending : std::uint8_t {
    pass = 0x10,
    fail,
    usage,
    died,
    not_patched,
    skipped, ///< every audit was
};

/// The name in the end record.
constexpr std::string_view name_of(Ending ending) {
    switch (ending) {
    case Ending::pass: return "pass";
    case Ending::fail: return "fail";
    case Ending::usage: return "usage";
    case Ending::died: return "died";
    case Ending::not_patched: return "not-patched";
    case Ending::skipped: return "skipped";
    }
    return "?";
}

}
