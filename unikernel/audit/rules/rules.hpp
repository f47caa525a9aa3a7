// The rules that always hold, one function each.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Numbers that no manual defines answer EDX=0xffffffff, and zeros otherwise.
void judge_undefined(const Bench& bench, Result& result);

/// Numbers that the manual defines and KVM does not handle answer zeros.
void judge_not_enabled(const Bench& bench, Result& result);

/// No register carries anything but its leaf's value.
void judge_registers_clean(const Bench& bench, Result& result);

/// The leaves have the layout by which the guest reads them.
void judge_layout(const Bench& bench, Result& result);

/// The counters count only this VM's exits. A host with only the assignment's leaves may have one table for
/// all VMs: that is a definition, not a failure.
void judge_scope(const Bench& bench, Result& result);

/// A query counts itself once.
void judge_self_count(const Bench& bench, Result& result);

/// This project's own leaves agree with the assignment's, and the shortest time does not exceed the longest.
void judge_own_leaves(const Bench& bench, Result& result);

/// Queries change only CPUID's row and the totals. A row that the host's own exits change is read again.
void judge_read_only(const Bench& bench, Result& result);

/// Queries of the ledger do not change ordinary leaves, their subleaves work, and they report plausible
/// limits of their range. Leaves out of range answer as kvm_cpuid() does without a ledger: zeros on an AMD
/// vCPU, else the highest basic leaf's data for the same subleaf (get_out_of_range_cpuid_entry()).
void judge_other_leaves(const Bench& bench, Result& result);

/// Sweeps ECX: 0 to 0x1fff where counts by exit are reported, all exit codes and beyond on the other leaves
/// that take an exit number; the powers of two and their neighbours on every leaf that reports something, a
/// few extremes on the unused ones; then as many pairs of leaf and ECX as the bench says, chosen at random.
void judge_sweep(const Bench& bench, Result& result);

/// Compares the sums of counts and cycles over all defined exit numbers with the totals. Accounts for the
/// reads' own exits exactly, and tries again until the host causes no exit in between.
void judge_conservation(const Bench& bench, Result& result);

/// Each vCPU gets its own answers while all vCPUs query different things.
void judge_own_answers(const Bench& bench, Result& result);

/// No exit is lost while all vCPUs cause exits as fast as they can.
void judge_soak(const Bench& bench, Result& result);

/// The smallest rate of lost exits, given as 1 in so many, that `exits` exits miss with a
/// chance under 1 %: if each is lost with chance p, none is with chance (1-p)^exits <=
/// exp(-p exits), which is under 1 % from p = ln(100) / exits on. 0 if no rate is so small.
std::uint64_t noticed_loss(std::uint64_t exits);

}
