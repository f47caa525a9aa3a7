// The default rubric. A finding that hides others costs points of the items that it keeps from being judged,
// too.
#include "exitaudit/points/rubric.hpp"

namespace exitaudit::points {

constexpr std::string_view default_rubric = R"({
  "schema": 1,
  "kind": "rubric",
  "items": [
    {
      "name": "builds", "title": "It applies and compiles", "points": 10, "audit": false,
      "findings": {"refused": "all", "no-patch": "all", "no-ledger": "all", "does-not-apply": "all",
        "does-not-compile": "all", "over-limit": "all"}
    },
    {
      "name": "leaves", "title": "The leaves answer", "points": 15,
      "audits": ["ledger.layout", "ledger.other-leaves"],
      "findings": {"not-patched": "all", "answer-overwritten": "all", "other-leaves-changed": 5,
        "leaf-missing": 10, "wrong-layout": 0, "wrong-edition": 0},
      "notes": {"leaf-missing": 0}
    },
    {
      "name": "counts", "title": "Counts are exact", "points": 30,
      "audits": ["ledger.self-count"],
      "findings": {"vendor-not-patched": "all", "stale-exit-reason": "all", "counts-go-back": 15,
        "counted-twice": 15, "retpoline-shortcut": 15, "lost-fastpath": 10, "lost-exits": 10,
        "shared-slot": 10, "exit-in-two-slots": 10, "total-differs": 10, "self-count": 5, "host-wide": 5,
        "one-table": 5, "counts-when-audited": "all",
        "answer-overwritten": 15, "wrong-register": 15, "unexplained": 10, "expectation-wrong": 0},
      "notes": {"one-table": 0, "vendor-not-patched": 0}
    },
    {
      "name": "time", "title": "Time is right", "points": 15,
      "audits": ["time.definition", "time.hlt", "time.extremes", "time.window"],
      "findings": {"counted-not-timed": 10, "clock-stopped-early": 10, "halves-swapped": 10,
        "high-word-lost": 10, "vendor-not-patched": "all", "stale-exit-reason": "all",
        "answer-overwritten": 8, "wrong-register": 8, "handler-only": 5, "part-of-exit": 5,
        "wrong-histogram": 0},
      "notes": {"handler-only": 0, "part-of-exit": 0}
    },
    {
      "name": "rules", "title": "Undefined and not enabled numbers answer by the rules", "points": 10,
      "audits": ["ledger.undefined", "ledger.not-enabled"],
      "findings": {"wrong-register": "all", "out-of-bounds": "all", "answers-exchanged": 5,
        "undefined-answer": 5, "not-enabled-answer": 5, "handled-not-enabled": 5, "answer-overwritten": 5}
    },
    {
      "name": "registers", "title": "All four registers are set", "points": 5,
      "audits": ["ledger.registers-clean"],
      "findings": {"registers-not-cleared": "all", "answer-overwritten": 3}
    },
    {
      "name": "vcpus", "title": "Several vCPUs are counted right", "points": 10,
      "audits": ["smp.*"],
      "findings": {"racing-counters": "all", "shared-query": "all", "vendor-not-patched": "all",
        "crashes": "all", "hangs": "all", "host-crashed": "all", "hang": "all"},
      "notes": {"not-tried": 0}
    },
    {
      "name": "quiet", "title": "The host keeps running, without noise in its log", "points": 5,
      "audits": ["time.query-cost"],
      "findings": {"slow-query": "all", "host-complaint": "all", "host-crashed": "all", "hang": "all",
        "crashes": "all", "hangs": "all", "log-inconsistent": "all"},
      "notes": {"cut-off": 0}
    }
  ]
}
)";

} // namespace exitaudit::points
