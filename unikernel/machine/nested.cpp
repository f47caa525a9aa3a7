// Which vendor's nested guest it is.
#include "machine/nested.hpp"

#include "machine/features.hpp"
#include "machine/svm.hpp"
#include "machine/vmx.hpp"

extern "C" {
constinit std::uint32_t nested_leaf = 0, nested_subleaf = 0, nested_answer = 0;
}

namespace machine {
namespace {

// Known once a guest is started: to ask again would be an exit.
constinit bool on_svm = false;

}

void start_nested_guest(const char* code, NestedCpuid cpuid)
{
    on_svm = has(feature::svm);
    if (on_svm)
        svm::start(code, cpuid == NestedCpuid::exits_to_us);
    else
        vmx::start(code);
}

void run_nested_guest(std::uint32_t ecx, std::uint32_t ebx)
{
    if (on_svm)
        svm::run(ecx, ebx);
    else
        vmx::run(ecx, ebx);
}

void stop_nested_guest()
{
    if (on_svm)
        svm::stop();
    else
        vmx::stop();
}

std::uint32_t nested_exit()
{
    return on_svm ? svm::exit_code() : vmx::exit_reason();
}

}
