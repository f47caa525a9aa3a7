// The rules that hold whatever the guest does, one function each.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Numbers that no manual defines answer EDX=0xffffffff, and zeros otherwise.
void judge_undefined(const Bench& bench, Result& result);

/// Numbers that the manual defines and KVM does not handle answer zeros.
void judge_not_enabled(const Bench& bench, Result& result);

/// No register carries anything but its leaf's value.
void judge_registers_clean(const Bench& bench, Result& result);

/// The leaves are those of the layout that the guest reads by.
void judge_layout(const Bench& bench, Result& result);

/// The counters count this VM's exits alone. A host with the assignment's leaves alone may have one table for
/// all VMs: that is a definition, not a failure.
void judge_scope(const Bench& bench, Result& result);

/// A query counts itself once.
void judge_self_count(const Bench& bench, Result& result);

/// The leaves of our own agree with the assignment's, and the shortest time is not above the longest.
void judge_own_leaves(const Bench& bench, Result& result);

/// Repeated queries change nothing but the CPUID exit's own row and the totals. A row
/// that the host's own exits move is read again until none comes between.
void judge_read_only(const Bench& bench, Result& result);

/// Ordinary leaves answer the same before and after the ledger is asked, keep to their
/// subleaves and tell plausible limits of their range, and leaves out of range answer as kvm_cpuid() does
/// without a ledger: zeros on an AMD vCPU, else the highest basic leaf's data for the same subleaf
/// (get_out_of_range_cpuid_entry()).
void judge_other_leaves(const Bench& bench, Result& result);

/// Sweeps ECX: 0 to 0x1fff where counts by exit are reported, all exit codes and beyond on the other leaves
/// that take an exit number; the powers of two and their neighbours on every leaf that reports something, a
/// few extremes on the unused ones; then as many pairs of leaf and ECX as the bench says, chosen at random.
void judge_sweep(const Bench& bench, Result& result);

/// Sums counts and cycles over all defined exit numbers and compares them with the totals. The reads' own
/// exits are accounted for exactly; exits of the host's own doing are kept out by trying until none comes
/// between.
void judge_conservation(const Bench& bench, Result& result);

/// Each vCPU gets its own answers while all ask for different things.
void judge_own_answers(const Bench& bench, Result& result);

/// All exits are counted while all vCPUs cause them as fast as they can.
void judge_soak(const Bench& bench, Result& result);

/// The smallest rate of lost exits, given as 1 in so many, that `exits` exits miss with a
/// chance under 1 %: if each is lost with chance p, none is with chance (1-p)^exits <=
/// exp(-p exits), which is under 1 % from p = ln(100) / exits on. 0 if no rate is so small.
std::uint64_t noticed_loss(std::uint64_t exits);

}
