// The names of symptoms in records.
#include "audit/result.hpp"

#include <iterator>

namespace audit {
namespace {

constexpr std::string_view names[] = {
    "undefined-as-not-enabled",
    "undefined-garbage",
    "undefined-wrong-mark",
    "undefined-never-marked",
    "not-enabled-as-undefined",
    "not-enabled-garbage",
    "defined-as-undefined",
    "past-the-table",
    "leftovers",
    "ordinary-data",
    "other-leaf",
    "foreign-answer",
    "edx-left-set",
    "hole",
    "leaf-unmarked",
    "shared-table",
    "self-count-none",
    "self-count-twice",
    "self-count-lost",
    "total-twice",
    "count-unsteady",
    "rows-over-total",
    "total-over-rows",
    "soak-lost",
    "passed-on-lost",
    "halves-swapped",
    "high-word-lost",
    "untimed",
    "partly-untimed",
    "impossible",
    "stops-early",
    "handler-alone",
    "part-of-exit",
    "slow-query",
};

static_assert(std::size(names) == static_cast<std::size_t>(Symptom::end));

}

std::string_view symptom_name(Symptom symptom) { return names[static_cast<std::size_t>(symptom)]; }

}
