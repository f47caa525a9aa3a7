// What an assignment asks for, and how strictly its definitions are taken.
#pragma once

#include "exitaudit/grade/rounds.hpp"

namespace exitaudit::grade {

struct Terms {
    unsigned assignment = 0; // 2: totals; 3: counts and cycles by exit; 0: what the host answers is enough
    bool strict = false;     // another definition than our interface's is a failure
};

// Makes findings of those notes that these terms do not allow.
void hold_to(const Terms& terms, Audit& audit);

} // namespace exitaudit::grade
