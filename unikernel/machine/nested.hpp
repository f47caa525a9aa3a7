// A guest of the guest's own: a few instructions that run under SVM or VMX as the host offers
// it to this vCPU. Its exits go to the host, which passes on to us what we asked for.
//
// It shares our page tables and segments, runs at CPL 0 with interrupts disabled, and has no
// state to speak of: its registers are what ours are.
#pragma once

#include <cstdint>
#include <string_view>

namespace machine {

/// What a nested guest executes, over and over. Each ends in an exit to us that leaves the
/// instruction pointer in place, so that the next run begins there again.
extern "C" {
extern const char nested_cpuid[], nested_rdtsc[], nested_undefined[];
/// RDMSR of the MSR in ECX, then of Msr::undefined: that exits to us, for no map permits it.
extern const char nested_rdmsr[];
/// The same, with OUT to the port in EBX between.
extern const char nested_out[];
/// CPUID of nested_leaf and nested_subleaf; EAX goes to nested_answer; RDMSR of Msr::undefined.
extern const char nested_query[];
extern std::uint32_t nested_leaf, nested_subleaf, nested_answer;
}

/// Who answers a nested guest's CPUID. On Intel it always exits to its hypervisor: us.
enum class NestedCpuid { exits_to_us, left_to_host };

/// Makes a nested guest of this code, on this vCPU. There is one at a time.
/// \pre nested_guest_obstacle() is empty
void start_nested_guest(const char* code, NestedCpuid cpuid = NestedCpuid::exits_to_us);

/// Enters it, until it exits to us: one VMRUN or VMRESUME, and no other exit of ours.
/// \pre interrupts are disabled
void run_nested_guest(std::uint32_t ecx = 0, std::uint32_t ebx = 0);

/// Gives up SVM or VMX again.
void stop_nested_guest();

/// Why this vCPU cannot have a nested guest; empty if it can: one has been tried then.
std::string_view nested_guest_obstacle();

}
