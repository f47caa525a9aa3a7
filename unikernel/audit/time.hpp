// Is the time that the host tells possible at all?
#pragma once

#include "audit/result.hpp"

#include <cstdint>

namespace audit {

/// Fails `result` if the host's figures contradict themselves or the guest's clock:
/// exits that took no time, or more than passed while they happened; a shortest
/// above or a longest below the mean; more time inside KVM than in all.
/// \param window cycles of the guest's TSC in which all these exits happened, for all
///               vCPUs that took them together. KVM
///               gives `-cpu host` guests a TSC of the host's own speed.
void judge_time(std::uint64_t window, Result& result);

}
