// Comparing exceptions by vector.
#include "audit/exceptions.hpp"

#include <iterator>

namespace audit {
namespace {

constexpr std::string_view names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
                                      "#DF", "#09", "#TS", "#NP", "#SS", "#GP", "#PF", "#15",
                                      "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"};

}

std::string_view exception_name(unsigned vector) {
    return vector < std::size(names) ? names[vector] : "interrupt";
}

void judge_exceptions(const triggers::Expectation& expectation, Result& result) {
    const auto& m = *result.measurement;
    for (unsigned vector = 0; vector < m.raised.size(); vector++) {
        const bool due = expectation.raises && static_cast<unsigned>(*expectation.raises) == vector;
        const auto expected = due ? m.firings : 0;
        if (m.raised[vector] == expected) {
            if (due && result.outcome == Outcome::ok)
                result.message.format(", {} each", exception_name(vector));
            continue;
        }
        if (!due && m.counted == 0 && m.bound != triggers::Bound::none) {
            result.skip("");
            result.message.format("this vCPU answers {} by {}, without an exit", result.name,
                                  exception_name(vector));
            return;
        }
        result.fail("{} raised {} times, expected {}", exception_name(vector), m.raised[vector], expected);
        result.diagnose("KVM or this processor does not handle the instruction as the manual says");
    }
}

}
