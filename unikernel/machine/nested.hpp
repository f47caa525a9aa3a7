// A nested guest: a few instructions under the SVM or VMX that the host offers to this vCPU. Its exits go to
// the host, which forwards those that we intercept.
//
// It shares our page tables and segments, runs at CPL 0 with interrupts disabled, and keeps no state: it
// starts with our registers.
#pragma once

#include <cstdint>
#include <string_view>

namespace machine {

/// What a nested guest executes in a loop. Each ends in an exit to us that keeps the instruction pointer, so
/// the next run starts there again.
extern "C" {
extern const char nested_cpuid[], nested_rdtsc[], nested_undefined[];
/// RDMSR of the MSR in ECX, then of Msr::undefined: that exits to us, because no bitmap covers it.
extern const char nested_rdmsr[];
/// The same, with OUT to the port in EBX between.
extern const char nested_out[];
/// CPUID of nested_leaf and nested_subleaf; EAX goes to nested_answer; RDMSR of Msr::undefined.
extern const char nested_query[];
extern std::uint32_t nested_leaf, nested_subleaf, nested_answer;
}

/// Who answers a nested guest's CPUID. On Intel it always exits to its hypervisor: us.
enum class NestedCpuid { exits_to_us, left_to_host };

/// Starts a nested guest with this code on this vCPU. There is one at a time.
/// \pre nested_guest_obstacle() is empty
void start_nested_guest(const char* code, NestedCpuid cpuid = NestedCpuid::exits_to_us);

/// Enters it, until it exits to us: one VMRUN or VMRESUME, and no other exit of ours.
/// \pre interrupts are disabled
void run_nested_guest(std::uint32_t ecx = 0, std::uint32_t ebx = 0);

/// Leaves SVM or VMX.
void stop_nested_guest();

/// Why this vCPU cannot have a nested guest; empty if one was run successfully.
std::string_view nested_guest_obstacle();

}
