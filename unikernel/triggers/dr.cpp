// Debug registers. KVM takes one exit, hands the registers to the guest, and takes them
// back at the next exit of whatever kind; an interrupt of the host's counts, too.
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"
#include "machine/debug_registers.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using machine::Dr;

constexpr std::uint32_t count = 200;
constexpr unsigned in_a_row = 64;

constexpr std::string_view vmx_source =
    "SDM vol. 3, 26.1.3; handle_dr(): MOV-DR exiting is off until the next exit";
constexpr std::string_view svm_source =
    "APM vol. 2, 15.8.2; dr_interception(): the intercepts are off until the next exit";

constexpr Row vmx_also[] = {{EXIT_REASON_CPUID, Bound::exact, 1}};
constexpr Row svm_also[] = {{SVM_EXIT_CPUID, Bound::exact, 1}};

constexpr Trigger after_cpuid(std::string_view name, std::string_view what, ExitNumber svm_exit,
                              void (*fire)())
{
    return {name,
            what,
            {EXIT_REASON_DR_ACCESS, Bound::at_least, 1, vmx_source, vmx_also},
            {svm_exit, Bound::at_least, 1, svm_source, svm_also},
            count,
            nullptr,
            fire,
            nullptr};
}

template <Dr dr>
constexpr Trigger read(std::string_view name, std::string_view what)
{
    return after_cpuid(name, what, SVM_EXIT_READ_DR0 + static_cast<ExitNumber>(dr), [] {
        machine::cpuid(0);
        machine::read_dr<dr>();
    });
}

template <Dr dr, std::uint64_t value = 0>
constexpr Trigger write(std::string_view name, std::string_view what)
{
    return after_cpuid(name, what, SVM_EXIT_WRITE_DR0 + static_cast<ExitNumber>(dr), [] {
        machine::cpuid(0);
        machine::write_dr<dr>(value);
    });
}

constexpr Trigger catalogue[] = {
    read<Dr::dr0>("dr.read-dr0", "CPUID; MOV from DR0"),
    write<Dr::dr0>("dr.write-dr0", "CPUID; MOV to DR0"),
    read<Dr::dr1>("dr.read-dr1", "CPUID; MOV from DR1"),
    write<Dr::dr1>("dr.write-dr1", "CPUID; MOV to DR1"),
    read<Dr::dr2>("dr.read-dr2", "CPUID; MOV from DR2"),
    write<Dr::dr2>("dr.write-dr2", "CPUID; MOV to DR2"),
    read<Dr::dr3>("dr.read-dr3", "CPUID; MOV from DR3"),
    write<Dr::dr3>("dr.write-dr3", "CPUID; MOV to DR3"),
    read<Dr::dr6>("dr.read-dr6", "CPUID; MOV from DR6"),
    write<Dr::dr6, machine::dr6_none>("dr.write-dr6", "CPUID; MOV to DR6 of nothing met"),
    read<Dr::dr7>("dr.read-dr7", "CPUID; MOV from DR7"),
    write<Dr::dr7, machine::dr7_none>("dr.write-dr7", "CPUID; MOV to DR7 of no breakpoints"),
    {
        .name = "dr.write-in-a-row",
        .what = "MOV to DR0, 64 times",
        .vmx = {EXIT_REASON_DR_ACCESS, Bound::at_most, 1, vmx_source},
        .svm = {SVM_EXIT_WRITE_DR0, Bound::at_most, 1, svm_source},
        .count = count,
        .prepare = nullptr,
        .fire =
            [] {
                for (unsigned i = 0; i < in_a_row; i++)
                    machine::write_dr<Dr::dr0>(0);
            },
        .clean_up = nullptr,
    },
};

}

std::span<const Trigger> dr_triggers() { return catalogue; }

}
