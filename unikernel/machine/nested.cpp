// Nested guests of either vendor.
#include "machine/nested.hpp"

#include "machine/features.hpp"
#include "machine/svm.hpp"
#include "machine/vmx.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

extern "C" {
constinit std::uint32_t nested_leaf = 0, nested_subleaf = 0, nested_answer = 0;
}

namespace machine {
namespace {

// Set when a guest is started, because CPUID would be another exit.
constinit bool on_svm = false;

}

void start_nested_guest(const char* code, NestedCpuid cpuid) {
    on_svm = has(feature::svm);
    if (on_svm)
        svm::start(code, cpuid == NestedCpuid::exits_to_us);
    else
        vmx::start(code);
}

void run_nested_guest(std::uint32_t ecx, std::uint32_t ebx) {
    if (on_svm)
        svm::run(ecx, ebx);
    else
        vmx::run(ecx, ebx);
}

void stop_nested_guest() {
    if (on_svm)
        svm::stop();
    else
        vmx::stop();
}

std::string_view nested_guest_obstacle() {
    const bool amd = has(feature::svm);
    if (!amd && !has(feature::vmx))
        return "this vCPU has neither SVM nor VMX: KVM's parameter nested is off, or user space hides both";
    if (!amd && vmx::is_locked_out()) return "the firmware has locked VMX out on this vCPU";
    start_nested_guest(nested_cpuid);
    run_nested_guest();
    const std::uint32_t expected = amd ? SVM_EXIT_CPUID : EXIT_REASON_CPUID;
    const auto seen = amd ? svm::exit_code() : vmx::exit_reason();
    stop_nested_guest();
    return seen == expected ? "" : "this host does not enter our nested guest";
}

}
