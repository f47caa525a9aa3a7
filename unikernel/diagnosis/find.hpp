// One function for each cause: is there evidence of it? The table in causes.cpp says the rest about it.
#pragma once

#include "diagnosis/causes.hpp"
#include "diagnosis/evidence.hpp"

namespace diagnosis {

using Find = bool(const Evidence& evidence, Finding& finding);

// What leaves answer: answers.cpp.
Find find_wrong_layout, find_wrong_edition, find_answer_overwritten, find_wrong_register,
    find_registers_not_cleared, find_answers_exchanged, find_out_of_bounds, find_undefined_answer,
    find_not_enabled_answer, find_handled_not_enabled, find_other_leaves_changed, find_shared_query;
// Rows: counts.cpp.
Find find_vendor_not_patched, find_stale_exit_reason, find_counts_go_back, find_counted_twice,
    find_total_differs, find_self_count, find_shared_slot, find_exit_in_two_slots, find_host_wide;
// Rows that grow by less: losses.cpp.
Find find_retpoline_shortcut, find_lost_fastpath, find_racing_counters, find_lost_exits;
// Cycles: times.cpp.
Find find_halves_swapped, find_high_word_lost, find_counted_not_timed, find_clock_stopped_early,
    find_slow_query, find_wrong_histogram;
// The host's own state, and notes: host.cpp.
Find find_expectation_wrong, find_counts_when_audited, find_host_complaint, find_host_crashed, find_hang,
    find_handler_only, find_part_of_exit, find_leaf_missing, find_one_table, find_reduced_run;

}
