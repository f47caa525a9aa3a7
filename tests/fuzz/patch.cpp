// What grade writes of any patch is a patch, changes only KVM's files, and reads the same again.
#include "exitaudit/submission/patch.hpp"
#include "fuzz/require.hpp"

using namespace exitaudit::grade;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const SourceFiles files{"arch/x86/kvm/Makefile", "arch/x86/kvm/cpuid.c", "arch/x86/kvm/vmx/vmx.c",
                                   "include/linux/kvm_host.h"};
    const auto patch = read_patch(exitaudit::fuzz::text(data, size), "fuzz", files);
    if (!patch.refused.empty()) return 0;
    for (const auto& change : patch.changes) exitaudit::fuzz::require(may_change(change.path));
    const auto again = read_patch(patch.text(), "fuzz", files);
    exitaudit::fuzz::require(again.refused.empty() && again.text() == patch.text());
    return 0;
}
