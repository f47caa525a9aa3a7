// Debug registers. KVM takes one exit and gives the guest the registers until the next exit of any kind,
// which may be an interrupt of the host.
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"
#include "machine/debug_registers.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr unsigned in_a_row = 64;

constexpr std::string_view vmx_source =
    SDM_CONDITIONAL "; handle_dr(): MOV-DR exiting is off until the next exit";
constexpr std::string_view svm_source =
    "APM vol. 2, MOV CRx/DRx Intercepts; dr_interception(): the intercepts are off until the next exit";

constexpr Row vmx_also[] = {{EXIT_REASON_CPUID, Bound::exact, 1}};
constexpr Row svm_also[] = {{SVM_EXIT_CPUID, Bound::exact, 1}};

// CPUID, after which KVM intercepts the registers again, then an access to one of them.
constexpr Trigger after_cpuid(std::string_view name, std::string_view what, ExitNumber svm_exit,
                              void (*fire)()) {
    return {name,
            what,
            {EXIT_REASON_DR_ACCESS, Bound::at_least, 1, vmx_source, vmx_also},
            {svm_exit, Bound::at_least, 1, svm_source, svm_also},
            fire};
}

template <Dr dr> void read() {
    cpuid(0);
    read_dr<dr>();
}

template <Dr dr, std::uint64_t value = 0> void write() {
    cpuid(0);
    write_dr<dr>(value);
}

constexpr Trigger catalogue[] = {
    after_cpuid("dr.read-dr0", "CPUID; MOV from DR0", SVM_EXIT_READ_DR0, read<Dr::dr0>),
    after_cpuid("dr.write-dr0", "CPUID; MOV to DR0", SVM_EXIT_WRITE_DR0, write<Dr::dr0>),
    after_cpuid("dr.read-dr1", "CPUID; MOV from DR1", SVM_EXIT_READ_DR1, read<Dr::dr1>),
    after_cpuid("dr.write-dr1", "CPUID; MOV to DR1", SVM_EXIT_WRITE_DR1, write<Dr::dr1>),
    after_cpuid("dr.read-dr2", "CPUID; MOV from DR2", SVM_EXIT_READ_DR2, read<Dr::dr2>),
    after_cpuid("dr.write-dr2", "CPUID; MOV to DR2", SVM_EXIT_WRITE_DR2, write<Dr::dr2>),
    after_cpuid("dr.read-dr3", "CPUID; MOV from DR3", SVM_EXIT_READ_DR3, read<Dr::dr3>),
    after_cpuid("dr.write-dr3", "CPUID; MOV to DR3", SVM_EXIT_WRITE_DR3, write<Dr::dr3>),
    after_cpuid("dr.read-dr6", "CPUID; MOV from DR6", SVM_EXIT_READ_DR6, read<Dr::dr6>),
    after_cpuid("dr.write-dr6", "CPUID; MOV to DR6 of its initial value", SVM_EXIT_WRITE_DR6,
                write<Dr::dr6, dr6_none>),
    after_cpuid("dr.read-dr7", "CPUID; MOV from DR7", SVM_EXIT_READ_DR7, read<Dr::dr7>),
    after_cpuid("dr.write-dr7", "CPUID; MOV to DR7 of no breakpoints", SVM_EXIT_WRITE_DR7,
                write<Dr::dr7, dr7_none>),
    {"dr.write-in-a-row",
     "MOV to DR0, 64 times",
     {EXIT_REASON_DR_ACCESS, Bound::at_most, 1, vmx_source},
     {SVM_EXIT_WRITE_DR0, Bound::at_most, 1, svm_source},
     [] {
         for (unsigned i = 0; i < in_a_row; i++) write_dr<Dr::dr0>(0);
     }},
};

}

std::span<const Trigger> dr_triggers() { return catalogue; }

}
