// The little of ACPI that powering off needs.
#pragma once

#include <cstdint>

namespace machine {

/// Enters S5 by the registers that the firmware's FADT names.
/// \param root physical address of the RSDP if the loader told it; 0: search
///             where a PC's firmware leaves it.
/// Returns if there is no ACPI, or if it did not work.
void acpi_power_off(std::uint64_t root);

/// Resets by the FADT's reset register. Returns if that did not work.
void acpi_reset(std::uint64_t root);

}
