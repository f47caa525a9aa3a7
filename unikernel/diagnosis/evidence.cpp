// Asking the results of a run by row.
#include "diagnosis/evidence.hpp"

#include <limits>

namespace diagnosis {

bool Evidence::fires(const Result& r) {
    const auto& m = r.measurement;
    return r.outcome != audit::Outcome::skip && m &&
           (m->bound == Bound::exact || m->bound == Bound::at_least) && m->caused != 0;
}

bool Evidence::right(const Result& r) {
    if (!fires(r)) return false;
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused);
    return m.counted == caused || (m.counted > caused && (m.bound == Bound::at_least || m.by_total));
}

bool Evidence::absent(const Result& r) const {
    if (!fires(r)) return false;
    const auto& m = *r.measurement;
    return m.exit == cpuid() ? m.counted + m.queries == 0 : m.counted == 0;
}

Row Evidence::own_row_of(const Result& r) {
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused);
    const bool demands = m.bound == Bound::exact || m.bound == Bound::at_least;
    const bool limited = m.bound != Bound::at_least;
    return {r,
            m.exit,
            m.counted,
            demands ? caused : 0,
            m.bound == Bound::none ? 0
            : limited              ? caused
                                   : std::numeric_limits<std::int64_t>::max(),
            true,
            false};
}

unsigned Evidence::aspects(const Result& r) {
    if (!failed(r)) return 0;
    if (!r.measurement) return other_aspect;
    const auto row = own_row_of(r);
    unsigned wrong = row.lacks() || row.exceeds() ? own_row : 0;
    for (std::size_t i = 0; i < r.measurement->stray_count; i++) wrong |= unsigned{first_stray} << i;
    return wrong != 0 && r.symptoms == 0 ? wrong : wrong | other_aspect;
}

}
