// What a trigger is: one way to cause one kind of VM exit, and what that must do to the ledger.
#pragma once

#include "ledger/leaves.hpp"
#include "machine/exceptions.hpp"
#include "triggers/emulator.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// Sections of the manuals are cited by title, as their numbers differ between editions.
#define SDM_INSTRUCTIONS "SDM vol. 3, Instructions That Cause VM Exits"
#define SDM_UNCONDITIONAL SDM_INSTRUCTIONS " Unconditionally"
#define SDM_CONDITIONAL SDM_INSTRUCTIONS " Conditionally"
#define SDM_OTHER_CAUSES "SDM vol. 3, Other Causes of VM Exits"
#define APM_INSTRUCTIONS "APM vol. 2, Instruction Intercepts"
#define APM_MSRS "APM vol. 2, MSR Intercepts"
#define APM_NESTED_FAULTS "APM vol. 2, Nested versus Guest Page Faults, Fault Ordering"

namespace triggers {

/// The editions of the manuals from which the titles are.
inline constexpr std::string_view manuals =
    "the Intel 64 and IA-32 Architectures Software Developer's Manual (SDM), 325462-083US, March 2024, "
    "and\nthe AMD64 Architecture Programmer's Manual (APM), of which volume 2 is 24593 revision 3.42, March "
    "2024";

using ledger::ExitNumber;
using ledger::Numbering;
using machine::Exception;

enum class Bound {
    none,     ///< firing causes no such exit at all
    exact,    ///< each firing causes just so many exits
    at_least, ///< each firing causes so many exits or more
    at_most,  ///< each firing causes so many exits or fewer
};

/// What the firings do to one row of the ledger.
struct Row {
    ExitNumber exit;
    Bound bound;
    std::uint32_t per_firing; ///< exits that one firing causes
    std::uint32_t once = 0;   ///< further exits, at most, that all the firings of one vCPU together may cause
};

/// What one firing does to the ledger of one vendor's host.
struct Expectation {
    ExitNumber exit; ///< the row that grows, or that must not
    Bound bound;
    std::uint32_t per_firing;          ///< exits that one firing causes
    std::string_view source;           ///< why: manual section, KVM function
    std::span<const Row> also{};       ///< what other rows do; those not named stay as they are
    bool fastpath = false;             ///< KVM re-enters the guest without its exit handler
    std::optional<Exception> raises{}; ///< what each firing raises in the guest
    std::string_view unseen{};         ///< why no lane can show it; empty: one does
    std::uint32_t totals_only =
        0; ///< further exits, of a number that KVM has no handler for: its row reads 0
};

/// No exit of that number. \param unseen as Expectation::unseen
constexpr Expectation never(ExitNumber exit, std::string_view source, std::string_view unseen = {})
{
    return {.exit = exit, .bound = Bound::none, .per_firing = 0, .source = source, .unseen = unseen};
}

/// What is expected, and an exception that each firing raises in the guest.
constexpr Expectation raising(Exception exception, Expectation expectation)
{
    expectation.raises = exception;
    return expectation;
}

/// What is expected, although no lane shows it.
constexpr Expectation unseen(std::string_view why, Expectation expectation)
{
    expectation.unseen = why;
    return expectation;
}

/// Who walks the guest's page tables: the processor (EPT, NPT) or KVM.
enum class Paging { nested, shadow };

/// What a guest cannot find out about its host; its plan tells.
struct Circumstances {
    Emulator emulator = Emulator::none; ///< of the processor on which KVM runs
    Version version{};                  ///< of the emulator
    Paging paging = Paging::nested;
    bool noise = false; ///< another VM is busy on the same processors
};

enum class Where { on_qemu, on_bochs, on_bochs_with_noise, with_shadow_paging, measured };

/// What is expected instead where the host is not as manuals and defaults have it.
struct Deviation {
    Where where;
    Numbering numbering;
    Expectation instead; ///< its source says why
    Version last{};      ///< the emulator's last version that is known to deviate; those before it did, too

    /// Not even fired there, nor on a version that nobody has tried: it may end the run.
    bool left_out = false;

    /// Where measured: does this vCPU deviate? Nothing that the ledger says may decide it.
    bool (*found)() = nullptr;

    /// The emulator's, whichever of its versions deviate; else none.
    Emulator emulator() const;

    bool holds(const Circumstances& circumstances) const;
};

/// A deviation of Intel hosts without EPT.
constexpr Deviation vmx_shadowing(const Expectation& instead)
{
    return {.where = Where::with_shadow_paging, .numbering = Numbering::vmx, .instead = instead};
}

/// A deviation of AMD hosts that the guest itself finds.
constexpr Deviation svm_measured(bool (*found)(), const Expectation& instead)
{
    return {.where = Where::measured, .numbering = Numbering::svm, .instead = instead, .found = found};
}

/// Firings by default of a trigger whose exit costs only its round trip.
inline constexpr std::uint32_t default_count = 200;

/// One way to cause an exit, or to show that there is none. To add one, add a row to the table of its family:
/// the first five members, and by name what else it needs.
struct Trigger {
    std::string_view name; ///< "family.trigger", stable once released
    std::string_view what; ///< what one firing executes
    Expectation vmx, svm;
    void (*fire)();                      ///< by all vCPUs that fire, at once
    std::uint32_t count = default_count; ///< firings by default
    void (*prepare)() = nullptr;         ///< once before the firings, by each of these vCPUs
    void (*clean_up)() = nullptr;        ///< once after the firings, by each of them

    /// Asked first: what this vCPU lacks that a firing needs; empty if nothing.
    std::string_view (*lacks)() = nullptr;

    /// Asked if no exit was seen at all: why this vCPU may not take this exit; empty if it should.
    std::string_view (*excuse)() = nullptr;

    std::span<const Deviation> deviations{};

    bool boot_vcpu_only = false; ///< of many vCPUs only the boot vCPU can fire it

    /// Asked first: how many firings, of all vCPUs together, this boot still has. Null: no end of them.
    std::size_t (*firings_left)() = nullptr;

    /// Ends the guest: fired once, by a plan that names it and nothing else. The host's
    /// own instruments judge it.
    bool one_shot = false;

    /// The deviation that holds, if one does. One that is measured is so by this vCPU, now.
    const Deviation* deviation(Numbering numbering, const Circumstances& circumstances) const;

    /// What is expected where none does.
    const Expectation& expectation(Numbering numbering) const
    {
        return numbering == Numbering::vmx ? vmx : svm;
    }
};

}
