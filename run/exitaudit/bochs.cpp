// Composing Bochs's input.
#include "bochs.hpp"

#include "pvh_image.hpp"

#include <fmt/core.h>

namespace exitaudit {

// No disk image, whose lock file would stay behind, and no network: the terminal
// display needs neither screen nor port. A restart is a triple fault, and that a panic
// that ends Bochs. More instructions per second of the machine's time make waiting
// loops longer, fewer make timer interrupts more frequent.
std::string bochs_configuration(std::string_view cpu_model, std::string_view rom, std::string_view image)
{
    return fmt::format(R"(cpu: model={}, ips=25000000, reset_on_triple_fault=0
megs: {}
clock: sync=none
romimage: file=$BXSHARE/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
optromimage1: file={}, address=0xd0000
optramimage1: file={}, address={:#x}
com1: enabled=1, mode=file, dev=/dev/stderr
com2: enabled=1, mode=file, dev=/dev/fd/3
plugin_ctrl: speaker=0, parallel=0, gameport=0
display_library: term
log: /dev/null
panic: action=fatal
)",
                       cpu_model, bochs_memory >> 20, rom, image, pvh_image_address);
}

// Bochs gives RAM a place in its own memory by blocks of 128 KiB, when they are first
// touched, but copies an image as if all its blocks followed one another.
std::string bochs_debugger_commands(std::uint64_t image_size)
{
    constexpr std::uint64_t block = 128 << 10;
    std::string commands;
    for (std::uint64_t offset = 0; offset < image_size; offset += block)
        commands += fmt::format("xp /1 {:#x}\n", pvh_image_address + offset);
    return commands + "c\n";
}

} // namespace exitaudit
