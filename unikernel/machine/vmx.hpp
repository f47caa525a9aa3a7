// VMX as a hypervisor uses it: one VMCS, for one nested guest at a time.
#pragma once

#include <cstdint>

namespace machine::vmx {

/// Has the firmware disabled and locked VMX (IA32_FEATURE_CONTROL)? Then VMXON raises #GP.
bool is_locked_out();

/// Enters VMX operation, fills in the VMCS and launches it: runs nested_cpuid once. The host handles all
/// exits except those of CPUID, RDTSC, #UD and MSRs outside the bitmap.
void start(const char* code);

/// VMRESUME at the start of the code, or where the last run of it ended.
void run(std::uint32_t ecx, std::uint32_t ebx);

/// Leaves VMX operation.
void stop();

/// The last VM exit's reason: SDM vol. 3, VMX Basic Exit Reasons. The whole field: bit 31 is set for a
/// VM entry that failed.
std::uint32_t exit_reason();

}
