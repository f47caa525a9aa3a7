// What may emulate the processor on which KVM runs, and which versions of it are known.
#pragma once

#include <algorithm>
#include <compare>
#include <string_view>

namespace triggers {

/// none: a real processor.
enum class Emulator { none, qemu, bochs };

constexpr std::string_view name_of(Emulator emulator)
{
    switch (emulator) {
    case Emulator::none: return "none";
    case Emulator::qemu: return "QEMU";
    case Emulator::bochs: return "Bochs";
    }
    return "?";
}

/// An emulator's version. One that is not known counts as newer than all.
struct Version {
    unsigned major = ~0u, minor = ~0u;

    auto operator<=>(const Version&) const = default;
    bool is_known() const { return *this != Version(); }
};

/// The versions on which a right host was audited: how these deviate from the manuals is known.
inline constexpr Version qemu_7_2{7, 2}, qemu_10_0{10, 0}, qemu_11_1{11, 1}, bochs_2_7{2, 7}, bochs_3_0{3, 0};
inline constexpr Version tried_qemu[] = {qemu_7_2, qemu_10_0, qemu_11_1},
                         tried_bochs[] = {bochs_2_7, bochs_3_0};

/// Does VMRUN forget the interrupt shadow that #VMEXIT has saved (APM vol. 2, Interrupt Shadows)? QEMU 7.2
/// does, 10.0 does not; those in between were not tried, and what helps does no harm.
constexpr bool forgets_interrupt_shadow(Emulator emulator, const Version& version)
{
    return emulator == Emulator::qemu && version < qemu_10_0;
}

/// Is it known how this version deviates? Always, where nothing emulates.
constexpr bool is_tried(Emulator emulator, const Version& version)
{
    switch (emulator) {
    case Emulator::none: return true;
    case Emulator::qemu: return std::ranges::find(tried_qemu, version) != std::end(tried_qemu);
    case Emulator::bochs: return std::ranges::find(tried_bochs, version) != std::end(tried_bochs);
    }
    return true;
}

}
