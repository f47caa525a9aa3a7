// What there is to say about each cause but how it is found. A new cause is a row here, its id in causes.hpp,
// and a function of its own.
#include "diagnosis/causes.hpp"

#include "diagnosis/find.hpp"

namespace diagnosis {
namespace {

using enum CauseId;

constexpr std::string_view where_to_count = "count where trace_kvm_exit() stands";

// Causes by which whole rows are wrong, and with them what depends on rows.
constexpr CauseSet of_rows{self_count,         shared_slot,         exit_in_two_slots, host_wide,
                           retpoline_shortcut, lost_fastpath,       racing_counters,   lost_exits,
                           counted_not_timed,  handled_not_enabled, out_of_bounds};

constexpr Cause table[] = {
    Cause(wrong_layout, "wrong-layout", Kind::fault,
          "the leaves are read by another layout than the host has",
          "leave layout= out, or give the one named here",
          "the leaves grow, and mark undefined numbers, like another layout's",
          CauseSet::all_but(wrong_layout), find_wrong_layout),
    Cause(wrong_edition, "wrong-edition", Kind::fault,
          "exit numbers are judged by another edition of Intel's manual than the host's",
          "leave sdm= out, or give the host's", "undefined numbers begin elsewhere than sdm= says",
          {answers_exchanged, out_of_bounds, undefined_answer, not_enabled_answer, wrong_register},
          find_wrong_edition),
    Cause(answer_overwritten, "answer-overwritten", Kind::fault,
          "the ordinary CPUID path answers, which kvm_emulate_cpuid() still takes after the ledger has "
          "written its answer, or in its place",
          "return once the ledger has answered",
          "a leaf answers the data of an ordinary leaf, or zeros as where there is no ledger",
          {wrong_register, vendor_not_patched, registers_not_cleared, answers_exchanged, out_of_bounds,
           undefined_answer, not_enabled_answer, handled_not_enabled, shared_query, counts_go_back,
           stale_exit_reason, self_count, retpoline_shortcut, lost_fastpath, racing_counters, lost_exits,
           counted_not_timed, high_word_lost},
          find_answer_overwritten),
    Cause(wrong_register, "wrong-register", Kind::fault,
          "the bound is tested on EAX, which holds the leaf, and not on ECX, which holds the exit number",
          "test ECX", "every number, or none, is answered as undefined",
          {vendor_not_patched, registers_not_cleared, out_of_bounds, undefined_answer,
           not_enabled_answer, handled_not_enabled,   shared_query,  counts_go_back,
           stale_exit_reason,  counted_twice,         total_differs, self_count,
           shared_slot,        exit_in_two_slots,     host_wide,     retpoline_shortcut,
           lost_fastpath,      racing_counters,       lost_exits,    counted_not_timed},
          find_wrong_register),
    Cause(vendor_not_patched, "vendor-not-patched", Kind::counts, "no exit of this vendor's is recorded",
          where_to_count, "the leaves are answered, and nothing grows", of_rows | CauseSet{stale_exit_reason},
          find_vendor_not_patched),
    Cause(registers_not_cleared, "registers-not-cleared", Kind::fault,
          "the host writes the registers with a value and leaves the others as they were",
          "set all four, most of them to 0",
          "registers without a value hold what the guest or the host had in them", {},
          find_registers_not_cleared),
    Cause(answers_exchanged, "answers-exchanged", Kind::fault,
          "numbers that the manual does not define answer zeros, and those that KVM does not handle answer "
          "EDX all ones",
          "exchange the two answers", "each of the two rules is broken by the other's answer",
          {wrong_register, undefined_answer, not_enabled_answer}, find_answers_exchanged),
    Cause(out_of_bounds, "out-of-bounds", Kind::fault,
          "ECX indexes the table untested, tested too late, or cut to fewer bits",
          "test ECX before it is an index, with array_index_nospec()",
          "numbers beyond the table are answered from what lies behind it, or the host's kernel caught the "
          "index",
          {undefined_answer, not_enabled_answer, handled_not_enabled, retpoline_shortcut, lost_exits,
           racing_counters, counted_not_timed, total_differs, self_count, host_wide, shared_slot,
           exit_in_two_slots, host_complaint, host_crashed, hang},
          find_out_of_bounds),
    Cause(undefined_answer, "undefined-answer", Kind::fault,
          "an exit number that the manual does not define must answer EDX=0xffffffff, and no other number",
          "set EDX to 0xffffffff and the rest to 0", "numbers that no manual defines answer otherwise", {},
          find_undefined_answer),
    Cause(not_enabled_answer, "not-enabled-answer", Kind::fault,
          "an exit number that the manual defines and KVM does not handle must answer zeros",
          "set all four registers to 0", "numbers that no KVM handles answer otherwise",
          {lost_exits, racing_counters}, find_not_enabled_answer),
    Cause(handled_not_enabled, "handled-not-enabled", Kind::fault,
          "the host lists exit numbers as not enabled that this KVM handles",
          "take the numbers from KVM's table of exit handlers",
          "a number answers zeros while the total grows by its exits",
          {lost_exits, racing_counters, counted_not_timed}, find_handled_not_enabled),
    Cause(other_leaves_changed, "other-leaves-changed", Kind::fault,
          "CPUID leaves that are not the ledger's no longer answer as without one: its test of EAX takes in "
          "too many leaves, or EAX and ECX do not reach kvm_cpuid() as the guest set them",
          "answer the ledger's leaves alone, and change nothing before kvm_cpuid()",
          "ordinary leaves answer otherwise", {}, find_other_leaves_changed),
    Cause(shared_query, "shared-query", Kind::fault,
          "vCPUs that ask at the same time get each other's answers: leaf, exit number or answer pass "
          "through a variable of the module's",
          "keep them in struct kvm_vcpu, or on the stack", "a vCPU gets the answer to another's question",
          {racing_counters, lost_exits, counts_go_back, self_count, counted_not_timed, high_word_lost},
          find_shared_query),
    Cause(counts_go_back, "counts-go-back", Kind::counts,
          "counts are less when they are read again: something clears or overwrites them while the VM runs, "
          "like a query that resets what it answers, or they are kept in too few bits",
          "only add to counts", "rows are less after than before", of_rows | CauseSet{stale_exit_reason},
          find_counts_go_back),
    Cause(
        stale_exit_reason, "stale-exit-reason", Kind::counts,
        "the ledger is indexed by kvm_run->exit_reason, which tells user space why the last KVM_RUN returned",
        "index it by the VMCB's exit_code", "rows of KVM_EXIT_* numbers grow, and CPUID's does not",
        of_rows | CauseSet{not_enabled_answer}, find_stale_exit_reason),
    Cause(counted_twice, "counted-twice", Kind::counts,
          "two places on the exit path record the same exit, or it is recorded again when the vCPU is "
          "entered anew",
          "count once, where trace_kvm_exit() stands", "rows grow by twice what was caused",
          {lost_exits, racing_counters, total_differs, self_count, shared_slot, exit_in_two_slots, host_wide,
           counted_not_timed, handler_only, part_of_exit},
          find_counted_twice),
    Cause(total_differs, "total-differs", Kind::fault,
          "the total counts each exit twice, and the rows do so once", "count both in one place",
          "the total grows by twice what the rows grow by", {lost_exits, racing_counters},
          find_total_differs),
    Cause(self_count, "self-count", Kind::counts, "a query must count its own CPUID exit once",
          where_to_count, "two counts of CPUID exits in a row differ by 0, or by 2",
          {shared_slot, exit_in_two_slots, host_wide, lost_exits, racing_counters, counted_not_timed},
          find_self_count),
    Cause(shared_slot, "shared-slot", Kind::counts,
          "two exit numbers share an index of the table (a mask, a cast or a gap of the table's)",
          "give each number a row of its own", "a row grows in another's place",
          {host_wide, lost_exits, racing_counters, counted_not_timed}, find_shared_slot),
    Cause(exit_in_two_slots, "exit-in-two-slots", Kind::counts,
          "the exit is recorded twice, under two numbers", "record it once",
          "another row grows beside the right one",
          {host_wide, lost_exits, racing_counters, counted_not_timed}, find_exit_in_two_slots),
    Cause(host_wide, "host-wide", Kind::counts, "the counters are the host's, and count other VMs' exits too",
          "keep them in struct kvm_vcpu", "exits appear that this guest did not cause",
          {lost_exits, racing_counters, counted_not_timed}, find_host_wide),
    Cause(retpoline_shortcut, "retpoline-shortcut", Kind::counts,
          "the counter stands behind the retpoline shortcut of the exit handler", where_to_count,
          "the exits of the shortcut, and no others, are missing",
          {handled_not_enabled, lost_fastpath, lost_exits, racing_counters, counted_not_timed},
          find_retpoline_shortcut),
    Cause(lost_fastpath, "lost-fastpath", Kind::counts,
          "the counter stands in the exit handler, which the fastpath bypasses", where_to_count,
          "exits of the fastpath are missing, and others of the same number are not",
          {handled_not_enabled, lost_exits, racing_counters, counted_not_timed}, find_lost_fastpath),
    Cause(racing_counters, "racing-counters", Kind::counts,
          "vCPUs share counters that are not atomic, and updates race; if vcpus=1 loses some as well, it is "
          "no race",
          "keep them in struct kvm_vcpu and add up when asked",
          "fewer exits are counted than several vCPUs caused at once", {lost_exits, counted_not_timed},
          find_racing_counters),
    Cause(lost_exits, "lost-exits", Kind::counts, "some of them take a path on which nothing is counted",
          where_to_count, "rows grow by less than was caused", {counted_not_timed}, find_lost_exits),
    Cause(halves_swapped, "halves-swapped", Kind::fault,
          "the host puts the low half of the cycles into EBX and the high half into ECX",
          "put the high half into EBX", "cycles make sense only with their words exchanged", {},
          find_halves_swapped),
    Cause(high_word_lost, "high-word-lost", Kind::fault,
          "the host keeps, or hands out in EBX, only the low word of the cycles", "keep 64 bits",
          "cycles wrap at 2^32", {counted_not_timed}, find_high_word_lost),
    Cause(counted_not_timed, "counted-not-timed", Kind::fault,
          "an exit is counted on a path on which its time is not added",
          "add an exit's time where it is counted, or at the next VM entry",
          "exits are counted, and their cycles stay 0", {}, find_counted_not_timed),
    Cause(clock_stopped_early, "clock-stopped-early", Kind::fault,
          "exits take too few cycles to contain their handler, and as many whatever is done for them: the "
          "clock does not run while the exit is handled",
          "start it at the VM exit, and stop it after the exit handler at the least, or at the next VM entry",
          "the time of an exit does not depend on what is done for it", {}, find_clock_stopped_early),
    Cause(slow_query, "slow-query", Kind::fault,
          "the host does something expensive at each query, such as a line of log (printk) or a lock",
          "leave it out", "a query costs many times what CPUID costs, or the kernel's log grows with queries",
          {hang, host_crashed}, find_slow_query),
    Cause(wrong_histogram, "wrong-histogram", Kind::fault,
          "some exits are in no bucket, or in that of another time",
          "add each to the bucket of its time when its time is added",
          "the buckets of an exit number do not add up, or a known delay is not in its own", {},
          find_wrong_histogram),
    Cause(expectation_wrong, "expectation-wrong", Kind::fault,
          "the kvm_exit tracepoint counts the same exits as the ledger, number by number, so the host counts "
          "rightly: what the trigger expects is wrong, or this processor or its emulator deviates",
          "report the processor or the emulator's version",
          "triggers fail, and the tracepoint agrees with the ledger", {}, find_expectation_wrong, true),
    Cause(counts_when_audited, "counts-when-audited", Kind::fault,
          "the leaves answer who audits them, and no other VM", "answer each VM, whatever it asked before",
          "the leaves did not grow for a VM that reads only the assignment's", {}, find_counts_when_audited),
    Cause(host_complaint, "host-complaint", Kind::fault, "the host's kernel complained",
          "find the line in the patch", "a warning or an oops on its console", {hang, host_crashed},
          find_host_complaint),
    Cause(host_crashed, "host-crashed", Kind::fault, "the host ended before its guest",
          "look at the console's last lines", "the emulator or its kernel ended", {hang}, find_host_crashed),
    Cause(hang, "hang", Kind::fault, "the host or its guest came to no end", "look at what ran last",
          "neither the guest nor the kernel's log goes on", {}, find_hang),
    Cause(handler_only, "handler-only", Kind::note,
          "the time of an exit has another definition than this interface's, which is no error", "",
          "time leaves out user space and waiting", {}, find_handler_only),
    Cause(part_of_exit, "part-of-exit", Kind::note,
          "the time of an exit has another definition than this interface's, which is no error", "",
          "time leaves out user space, or waiting", {}, find_part_of_exit),
    Cause(leaf_missing, "leaf-missing", Kind::note,
          "a part of the assignment, which is no error: what needs the other leaves was skipped", "",
          "leaves answer as where there is no ledger, and others count", {}, find_leaf_missing),
    Cause(one_table, "one-table", Kind::note,
          "one table counts the exits of all VMs of the host, which most terms of the assignment allow", "",
          "the table holds exits of earlier VMs", {}, find_one_table),
    Cause(reduced_run, "reduced-run", Kind::note,
          "a query of the ledger is slow here, and the run reads less to stay within its budget (budget=)",
          "", "a query costs more cycles than the plan's queries may", {}, find_reduced_run),
};

static_assert(std::size(table) == cause_count);
static_assert(
    [] {
        for (std::size_t i = 0; i < cause_count; i++)
            if (table[i].id != static_cast<CauseId>(i)) return false;
        return true;
    }(),
    "the table has the order of the ids");

struct Ranking {
    std::array<CauseId, cause_count> order{};
    std::size_t size = 0;
};

// Takes what nothing outranks that is not yet taken, until nothing is left; short of that if there is a
// cycle.
constexpr Ranking rank() {
    Ranking ranking;
    std::array<bool, cause_count> taken{};
    for (bool found = true; found;) {
        found = false;
        for (std::size_t i = 0; i < cause_count; i++) {
            bool first = !taken[i];
            for (std::size_t j = 0; j < cause_count && first; j++)
                first = taken[j] || !outranks(table[j], table[i]);
            if (!first) continue;
            taken[i] = found = true;
            ranking.order[ranking.size++] = static_cast<CauseId>(i);
        }
    }
    return ranking;
}

constexpr auto ranked = rank();
static_assert(ranked.size == cause_count, "causes outrank each other in a cycle");

}

std::span<const Cause, cause_count> causes() { return table; }

std::span<const CauseId, cause_count> ranking() { return ranked.order; }
}
