// The map by which a hypervisor says which MSRs its guest must not touch itself.
#pragma once

#include <cstdint>

namespace machine {

/// Lets all MSRs pass that it has bits for. APM vol. 2, MSR Intercepts: 8 KiB; SDM vol. 3, MSR-Bitmap
/// Address: 4 KiB.
[[gnu::aligned(4096)]] inline constinit std::uint8_t permit_msrs[2 * 4096]{};

}
