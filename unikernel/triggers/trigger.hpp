// A trigger: one way to cause one kind of VM exit, and what it must change in the ledger.
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
    exact,    ///< each firing causes exactly that many exits
    at_least, ///< each firing causes at least that many
    at_most,  ///< each firing causes at most that many
};

/// What the firings do to one row of the ledger.
struct Row {
    ExitNumber exit;
    Bound bound;
    std::uint32_t per_firing; ///< exits that one firing causes
    std::uint32_t once = 0;   ///< at most that many further exits by all firings of one vCPU together
};

/// Text of the catalogue that the guest never shows: only `exitaudit` has it, so that the guest is smaller.
#if __STDC_HOSTED__
using CatalogueText = std::string_view;
#else
struct CatalogueText {
    constexpr CatalogueText() = default;
    constexpr CatalogueText(const char*) {}
    constexpr CatalogueText(std::string_view) {}
};
#endif

/// What one firing does to the ledger of one vendor's host.
struct Expectation {
    ExitNumber exit; ///< the row that must grow, or must not
    Bound bound;
    std::uint32_t per_firing;          ///< exits that one firing causes
    std::string_view source;           ///< why: manual section, KVM function
    std::span<const Row> also{};       ///< what other rows do; those not named stay as they are
    bool fastpath = false;             ///< KVM re-enters the guest without its exit handler
    std::optional<Exception> raises{}; ///< what each firing raises in the guest
    CatalogueText unseen{};            ///< why no lane can show it; empty: one does
    std::uint32_t totals_only =
        0; ///< further exits, of a number that KVM has no handler for: its row reads 0
};

/// No exit of that number. \param unseen as Expectation::unseen
constexpr Expectation never(ExitNumber exit, std::string_view source, CatalogueText unseen = {}) {
    return {.exit = exit, .bound = Bound::none, .per_firing = 0, .source = source, .unseen = unseen};
}

/// An expectation with an exception that each firing raises in the guest.
constexpr Expectation raising(Exception exception, Expectation expectation) {
    expectation.raises = exception;
    return expectation;
}

/// An expectation that no lane can show, and why.
constexpr Expectation unseen(CatalogueText why, Expectation expectation) {
    expectation.unseen = why;
    return expectation;
}

/// Who walks the guest's page tables: the processor (EPT, NPT) or KVM.
enum class Paging { nested, shadow };

/// What a guest cannot find out about its host: its plan says it.
struct Circumstances {
    Emulator emulator = Emulator::none; ///< of the processor on which KVM runs
    Version version{};                  ///< of the emulator
    Paging paging = Paging::nested;
    bool noise = false; ///< another VM is busy on the same processors
};

enum class Where { on_qemu, on_bochs, on_bochs_with_noise, with_shadow_paging, measured };

/// What is expected instead, where the host differs from the manuals and the defaults.
struct Deviation {
    Where where;
    Numbering numbering;
    Expectation instead; ///< its source says why
    Version last{};      ///< the emulator's last version that is known to deviate; earlier ones do too

    /// Not fired there, nor on an untried version: it may end the run.
    bool left_out = false;

    /// Where::measured: does this vCPU deviate? Must not depend on the ledger.
    bool (*found)() = nullptr;

    /// The emulator that deviates, if it is one.
    Emulator emulator() const;

    bool holds(const Circumstances& circumstances) const;
};

/// A deviation of Intel hosts without EPT.
constexpr Deviation vmx_shadowing(const Expectation& instead) {
    return {.where = Where::with_shadow_paging, .numbering = Numbering::vmx, .instead = instead};
}

/// A deviation of AMD hosts that the guest itself finds.
constexpr Deviation svm_measured(bool (*found)(), const Expectation& instead) {
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
    void (*fire)();                      ///< on all vCPUs that fire, at the same time
    std::uint32_t count = default_count; ///< firings by default
    void (*prepare)() = nullptr;         ///< once before the firings, on each of these vCPUs
    void (*clean_up)() = nullptr;        ///< once after the firings, on each of them

    /// Asked first: what this vCPU lacks that a firing needs; empty if nothing.
    std::string_view (*lacks)() = nullptr;

    /// Asked where no ledger is needed, so that the host may be any: why a firing might never end, or do
    /// harm; empty if it does not.
    std::string_view (*hazard)() = nullptr;

    /// Asked if no exit was seen at all: why this vCPU may not take this exit; empty if it should.
    std::string_view (*excuse)() = nullptr;

    std::span<const Deviation> deviations{};

    bool boot_vcpu_only = false; ///< only the boot vCPU can fire it

    /// Asked first: how many firings of all vCPUs together are left in this boot. Null: any number.
    std::size_t (*firings_left)() = nullptr;

    /// Ends the guest: fired once, by a plan that names it alone, and judged by the host's own instruments.
    bool one_shot = false;

    /// The deviation that holds, or null. A measured one is measured now, on this vCPU.
    const Deviation* deviation(Numbering numbering, const Circumstances& circumstances) const;

    /// What is expected where none holds.
    const Expectation& expectation(Numbering numbering) const {
        return numbering == Numbering::vmx ? vmx : svm;
    }
};

}
