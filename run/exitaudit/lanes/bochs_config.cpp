// Composing Bochs's input.
#include "exitaudit/lanes/bochs_config.hpp"

#include <fmt/core.h>

namespace exitaudit {

// The image is a disk, which the option ROM reads. Bochs loads RAM images as well, but
// into its own memory, whose layout is none of the emulated machine's. A disk's lock file
// cannot be made beside a descriptor in /proc, and Bochs then does without. No network:
// the terminal display needs neither screen nor port. A restart is a triple fault, and
// that a panic that ends Bochs. More instructions per second of the machine's time make
// waiting loops longer, fewer make timer interrupts more frequent.
std::string bochs_configuration(std::string_view cpu_model, std::string_view rom, std::string_view image)
{
    return fmt::format(R"(cpu: model={}, ips=25000000, reset_on_triple_fault=0
megs: {}
clock: sync=none
romimage: file=$BXSHARE/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
optromimage1: file={}, address=0xd0000
ata0-master: type=disk, path={}, mode=flat
com1: enabled=1, mode=file, dev=/dev/stderr
com2: enabled=1, mode=file, dev=/dev/fd/3
plugin_ctrl: speaker=0, parallel=0, gameport=0
display_library: term
log: /dev/null
panic: action=fatal
)",
                       cpu_model, bochs_memory >> 20, rom, image);
}

// Bochs 2 as Debian compiles it always starts in its debugger; Bochs 3 only if asked, and
// is faster without.
bool bochs_starts_in_debugger(std::string_view version) { return version.starts_with("2."); }

} // namespace exitaudit
