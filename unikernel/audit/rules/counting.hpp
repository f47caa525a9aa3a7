// What the leaves must report of layout, scope, their own queries, and each other.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// The leaves are those of the layout that the guest reads by.
void judge_layout(const Bench& bench, Result& result);

/// The counters count this VM's exits alone. A host with the assignment's leaves alone may have one table for
/// all VMs: that is a definition, not a failure.
void judge_scope(const Bench& bench, Result& result);

/// A query counts itself once.
void judge_self_count(const Bench& bench, Result& result);

/// The leaves of our own agree with the assignment's, and the shortest time is not above the longest.
void judge_own_leaves(const Bench& bench, Result& result);

}
