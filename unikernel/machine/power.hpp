// Ending the run.
#pragma once

#include <cstdint>

namespace machine {

/// Ends QEMU with exit code 2 * status + 1 through isa-debug-exit. Where that
/// device is absent: powers off by ACPI, else resets.
/// \param rsdp physical address of ACPI's RSDP, or 0 if the loader passed none
[[noreturn]] void end_run(std::uint8_t status, std::uint64_t rsdp);

}
