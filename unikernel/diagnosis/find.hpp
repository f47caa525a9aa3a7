// One function for each cause: is there evidence of it? The table in causes.cpp says the rest about it.
#pragma once

#include "diagnosis/causes.hpp"
#include "diagnosis/evidence.hpp"

namespace diagnosis {

// What leaves answer: answers.cpp.
bool find_wrong_layout(const Evidence& evidence, Finding& finding);
bool find_wrong_edition(const Evidence& evidence, Finding& finding);
bool find_answer_overwritten(const Evidence& evidence, Finding& finding);
bool find_wrong_register(const Evidence& evidence, Finding& finding);
bool find_registers_not_cleared(const Evidence& evidence, Finding& finding);
bool find_answers_exchanged(const Evidence& evidence, Finding& finding);
bool find_out_of_bounds(const Evidence& evidence, Finding& finding);
bool find_undefined_answer(const Evidence& evidence, Finding& finding);
bool find_not_enabled_answer(const Evidence& evidence, Finding& finding);
bool find_handled_not_enabled(const Evidence& evidence, Finding& finding);
bool find_other_leaves_changed(const Evidence& evidence, Finding& finding);
bool find_shared_query(const Evidence& evidence, Finding& finding);
// Rows: counts.cpp.
bool find_vendor_not_patched(const Evidence& evidence, Finding& finding);
bool find_stale_exit_reason(const Evidence& evidence, Finding& finding);
bool find_counts_go_back(const Evidence& evidence, Finding& finding);
bool find_counted_twice(const Evidence& evidence, Finding& finding);
bool find_total_differs(const Evidence& evidence, Finding& finding);
bool find_self_count(const Evidence& evidence, Finding& finding);
bool find_shared_slot(const Evidence& evidence, Finding& finding);
bool find_exit_in_two_slots(const Evidence& evidence, Finding& finding);
bool find_host_wide(const Evidence& evidence, Finding& finding);
// Rows that grow by less: losses.cpp.
bool find_retpoline_shortcut(const Evidence& evidence, Finding& finding);
bool find_lost_fastpath(const Evidence& evidence, Finding& finding);
bool find_racing_counters(const Evidence& evidence, Finding& finding);
bool find_lost_exits(const Evidence& evidence, Finding& finding);
// Cycles: times.cpp.
bool find_halves_swapped(const Evidence& evidence, Finding& finding);
bool find_high_word_lost(const Evidence& evidence, Finding& finding);
bool find_counted_not_timed(const Evidence& evidence, Finding& finding);
bool find_clock_stopped_early(const Evidence& evidence, Finding& finding);
bool find_slow_query(const Evidence& evidence, Finding& finding);
// The host's own state, and notes: host.cpp.
bool find_expectation_wrong(const Evidence& evidence, Finding& finding);
bool find_host_complaint(const Evidence& evidence, Finding& finding);
bool find_host_crashed(const Evidence& evidence, Finding& finding);
bool find_hang(const Evidence& evidence, Finding& finding);
bool find_handler_only(const Evidence& evidence, Finding& finding);
bool find_part_of_exit(const Evidence& evidence, Finding& finding);
bool find_leaf_missing(const Evidence& evidence, Finding& finding);
bool find_one_table(const Evidence& evidence, Finding& finding);
bool find_reduced_run(const Evidence& evidence, Finding& finding);

}
