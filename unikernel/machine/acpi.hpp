// The part of ACPI that powering off needs.
#pragma once

#include <cstdint>

namespace machine {

/// Enters S5 through the registers of the FADT. Returns if there is no ACPI, or on failure.
/// \param root physical address of the RSDP if the loader passed one; 0: search where a PC's firmware puts it
void acpi_power_off(std::uint64_t root);

/// Resets through the FADT's reset register. Returns on failure.
void acpi_reset(std::uint64_t root);

}
