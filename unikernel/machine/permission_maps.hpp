// The bitmap of MSRs whose accesses a hypervisor intercepts.
#pragma once

#include <cstdint>

namespace machine {

/// Intercepts no MSR that it covers. APM vol. 2, MSR Intercepts: 8 KiB; SDM vol. 3, MSR-Bitmap
/// Address: 4 KiB.
[[gnu::aligned(4096)]] inline constinit std::uint8_t permit_msrs[2 * 4096]{};

}
