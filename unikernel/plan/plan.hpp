// Which audits run, and how often their triggers fire.
//
// A plan is a line of words, the same on the guest's command line and on the host program's:
//   io.out8  io.*  all            audits by name or glob ('*', '?')
//   io.out8:count=12345           ... with its number of firings
//   smp.soak:seconds=60           ... for that long, instead of a number
//   costs                         measures what the triggers cost, on any host, and reads no ledger
//   marks=yes                     with costs: the host is stopped for before and after the firings (no)
//   after=hlt.timer               only what comes later in the catalogue's order
//   count=500                     firings of every trigger without a count of its own
//   repeat=10                     how often each trigger is audited; its figures add up (1)
//   vcpus=4                       how many vCPUs fire, each the full count (1)
//   apic=xapic|x2apic             the mode of their local APICs (xapic)
//   console=serial|virtio|debug   where the log is written (serial)
//   format=ktap,table,json        which forms of the results are written
//   emulator=qemu:7.2|bochs:2.7   what emulates the host's processor (none). Without a version, or with an
//                                 untried one, it is assumed to follow the manuals
//   paging=shadow                 the host runs without EPT or NPT
//   noise=yes                     another VM is busy beside this one
//   layout=F21                    the layout of the host's leaves, instead of detecting it
//   sdm=70                        the last exit reason that the host's edition of Intel's manual defines
//   budget=60                     seconds that queries of the ledger may take: slow ones are reduced
//   seed=42                       makes random choices repeatable
// Without a name, everything runs. If an item is given twice, the later count holds. A trigger that ends the
// guest runs only if it is named in full and alone.
#pragma once

#include "console/format.hpp"
#include "ledger/profile.hpp"
#include "machine/this_cpu.hpp"
#include "triggers/trigger.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plan {

/// Why a line of words is not a plan. Lists near matches of an unknown word.
using PlanError = console::Text<240>;

enum class Form : unsigned { ktap = 1, table = 2, json = 4 };
inline constexpr unsigned all_forms = 7;

enum class Console { serial, virtio, debug };

class Plan {
public:
    static constexpr std::size_t max_audits = 256;
    static constexpr std::uint32_t max_count = 10'000'000;
    static constexpr std::uint32_t max_repeats = 1000;
    static constexpr std::uint32_t max_seconds = 86400;

    /// Reads a line of words.
    /// \return nothing if it is a plan, which is then in `plan`; else the error, and `plan` is empty
    static std::optional<PlanError> parse(std::string_view words, Plan& plan);

    /// \param index position in for_each_audit()
    bool selects(std::size_t index) const { return items_[index].selected; }

    /// Number of audits that the plan selects.
    std::size_t size() const;

    /// How often the plan fires a trigger, or how many random choices an audit makes.
    /// \param index    position in for_each_audit()
    /// \param fallback the trigger's or audit's own default
    std::uint32_t count(std::size_t index, std::uint32_t fallback) const;

    /// How long the audit lasts instead, in seconds; 0: it is counted.
    std::uint32_t seconds(std::size_t index) const { return items_[index].seconds; }

    /// What the plan says about the host.
    const triggers::Circumstances& circumstances() const { return circumstances_; }

    /// What the plan says about the ledger.
    const ledger::Overrides& overrides() const { return overrides_; }

    /// How long all queries together may take, in seconds.
    std::uint32_t budget() const { return budget_; }

    std::uint32_t seed(std::uint32_t fallback) const { return seed_.value_or(fallback); }

    /// How often each trigger is audited, its figures added up.
    std::uint32_t repeats() const { return repeats_; }

    /// How many vCPUs fire, including the boot vCPU.
    unsigned vcpus() const { return vcpus_; }

    /// The mode of every firing vCPU's local APIC.
    machine::ApicMode apic() const { return apic_; }
    /// The trigger that ends the guest, if the plan names one.
    const triggers::Trigger* one_shot() const { return one_shot_; }

    Console console() const { return console_; }

    /// Are the triggers only measured? Then no audit of a rule is selected, and one vCPU fires.
    bool costs() const { return costs_; }

    /// Does the guest write marks around the firings, at which QEMU stops it?
    bool marks() const { return marks_; }

    bool writes(Form form) const { return forms_ & static_cast<unsigned>(form); }
private:
    struct Item {
        bool selected = false;
        std::uint32_t count = 0, seconds = 0; // 0: not given
    };

    struct Option;
    static const Option options_[];

    static PlanError unknown_word(std::string_view word);
    std::optional<PlanError> read_option(std::string_view word);
    std::optional<PlanError> keep_triggers();
    std::optional<PlanError> keep_later();
    std::optional<PlanError> check();
    std::optional<PlanError> read_item(std::string_view word);
    using Read = std::optional<PlanError>(std::string_view word, std::string_view value);
    Read read_count, read_repeats, read_after, read_forms, read_emulator, read_paging, read_noise, read_marks,
        read_layout, read_edition, read_budget, read_seed, read_vcpus, read_console, read_apic;

    std::array<Item, max_audits> items_{};
    std::size_t first_ = 0; // of the audits that may be selected
    std::uint32_t default_count_ = 0;
    unsigned forms_ = all_forms;
    triggers::Circumstances circumstances_;
    ledger::Overrides overrides_{};
    std::optional<std::uint32_t> seed_;
    std::uint32_t repeats_ = 1, budget_ = 60;
    unsigned vcpus_ = 1;
    machine::ApicMode apic_ = machine::ApicMode::xapic;
    Console console_ = Console::serial;
    bool costs_ = false, marks_ = false;
    const triggers::Trigger* one_shot_ = nullptr;
};

}
