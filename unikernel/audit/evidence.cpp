// Asking the results of a run by row.
#include "audit/evidence.hpp"

#include "ledger/exit_names.hpp"

namespace audit {

using triggers::Bound;

void ExitSet::write(console::Sink& text, ledger::Numbering numbering) const
{
    constexpr std::size_t listed = 6;
    for (std::size_t i = 0; i < std::min(size_, listed); i++)
        text.format("{}{} ({:x})", i == 0 ? "" : ", ", ledger::exit_name(numbering, exits_[i]), exits_[i]);
    if (size_ > listed)
        text.format(" and {} more", size_ - listed);
}

bool Evidence::fires(const Result& r)
{
    const auto& m = r.measurement;
    return r.verdict != Verdict::skip && m && (m->bound == Bound::exact || m->bound == Bound::at_least) &&
           m->caused != 0;
}

bool Evidence::right(const Result& r)
{
    if (!fires(r))
        return false;
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused);
    return m.told == caused || (m.told > caused && m.bound == Bound::at_least);
}

bool Evidence::absent(const Result& r) const
{
    if (!fires(r))
        return false;
    const auto& m = *r.measurement;
    return m.exit == cpuid() ? m.told + m.queries == 0 : m.told == 0;
}

bool Evidence::queries_absent(const Result& r) const
{
    if (!r.measurement)
        return false;
    const auto& m = *r.measurement;
    if (m.exit == cpuid())
        return absent(r);
    return std::ranges::any_of(m.strays(),
                               [&](const auto& s) { return s.exit == cpuid() && s.told + m.queries == 0; });
}

}
