// SVM as a hypervisor uses it: one VMCB, for one nested guest at a time.
#pragma once

#include <cstdint>

namespace machine::svm {

/// Enables SVM and fills in the VMCB. The host handles all exits except those of RDTSC, #UD, MSRs outside the
/// bitmap, and CPUID if it `intercepts_cpuid`.
void start(const char* code, bool intercepts_cpuid);

/// VMRUN at the start of the code.
void run(std::uint32_t ecx, std::uint32_t ebx);

/// Disables SVM.
void stop();

/// EXITCODE of the last #VMEXIT, low 32 bits: APM vol. 2, SVM Intercept Exit Codes.
std::uint32_t exit_code();

}
