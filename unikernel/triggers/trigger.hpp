// What a trigger is: one way to cause one kind of VM exit, and what that must do to the ledger.
#pragma once

#include "ledger/leaves.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace triggers {

using ledger::ExitNumber;
using ledger::Numbering;

enum class Bound {
    none,     ///< firing causes no exit at all
    exact,    ///< each firing causes just so many exits
    at_least, ///< each firing causes so many exits or more
};

/// What one firing does to the ledger of one vendor's host.
struct Expectation {
    ExitNumber exit;                    ///< the row that grows, or that must not
    Bound bound;
    std::uint32_t per_firing;           ///< exits that one firing causes
    std::string_view source;            ///< why: manual section, KVM function
    std::span<const ExitNumber> also{}; ///< rows that a firing may move besides
    bool fastpath = false;              ///< KVM re-enters the guest without its exit handler
};

struct Trigger {
    std::string_view name; ///< "family.trigger", stable once released
    std::string_view what; ///< what one firing executes
    Expectation vmx, svm;
    std::uint32_t count; ///< firings by default
    void (*prepare)();   ///< once before the firings, by each vCPU that fires; may be null
    void (*fire)();      ///< by all these vCPUs at once
    void (*clean_up)();  ///< once after the firings, by each of them; may be null

    /// Asked if no exit was seen at all: why this vCPU does not take this exit, as
    /// far as a guest can know; empty if it should. May be null.
    std::string_view (*excuse)() = nullptr;

    /// Fired by the boot vCPU alone, however many the plan has, while the others wait.
    bool boot_vcpu_only = false;

    const Expectation& expectation(Numbering numbering) const
    {
        return numbering == Numbering::vmx ? vmx : svm;
    }
};

/// Firings by default of a trigger whose exit costs only its round trip.
inline constexpr std::uint32_t default_count = 1000;

// Programs of the host read the catalogue and never fire: they compile it
// without the code that needs the machine to itself.
#if __STDC_HOSTED__
#define GUEST_CODE(...) nullptr
#else
#define GUEST_CODE(...) __VA_ARGS__
#endif

}
