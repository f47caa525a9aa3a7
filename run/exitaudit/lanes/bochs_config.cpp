// Composing Bochs's input.
#include "exitaudit/lanes/bochs_config.hpp"

#include <fmt/core.h>

namespace exitaudit {

// The option ROM reads the image from a disk: Bochs's RAM images go into its own memory layout, not the
// machine's. Bochs cannot make a lock file beside a descriptor in /proc, and does without. No network; the
// terminal display needs neither screen nor port. A restart is a triple fault, whose panic ends Bochs. A
// higher `ips` makes waiting loops longer, a lower one timer interrupts more frequent.
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

// Debian's Bochs 2 always starts in its debugger; Bochs 3 only on request, and is faster without.
bool bochs_starts_in_debugger(std::string_view version) { return version.starts_with("2."); }

} // namespace exitaudit
