// This machine's time stamp counter, as far as the hosts that run on it need to know it.
#pragma once

#include <cstdint>

namespace exitaudit {

/// The frequency of this machine's TSC in kHz, measured for 20 ms to some 20 ppm.
/// 0 where the processor has none.
std::uint32_t measured_tsc_khz();

} // namespace exitaudit
