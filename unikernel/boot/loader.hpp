// What the boot loader passes: its name, the command line, the address of the RSDP.
#pragma once

#include <cstdint>
#include <string_view>

namespace boot {

struct LoaderInfo {
    std::string_view protocol;     ///< "multiboot1", "multiboot2", "pvh" or "unknown"
    std::string_view command_line; ///< without the image's own name
    std::uint64_t rsdp;            ///< physical address of ACPI's RSDP; 0 if not passed
};

/// Reads the loader's information.
/// \param magic   EAX at entry (or entry.S's mark for PVH)
/// \param address EBX at entry: physical address of the information
LoaderInfo read_loader_info(std::uint32_t magic, std::uint32_t address);

}
