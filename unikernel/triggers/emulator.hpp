// The emulators of the processor that KVM runs on, and the versions that are known.
#pragma once

#include <algorithm>
#include <compare>
#include <string_view>

namespace triggers {

/// none: a real processor.
enum class Emulator { none, qemu, bochs };

constexpr std::string_view name_of(Emulator emulator) {
    switch (emulator) {
    case Emulator::none: return "none";
    case Emulator::qemu: return "QEMU";
    case Emulator::bochs: return "Bochs";
    }
    return "?";
}

/// An emulator's version. An unknown one compares as newer than all.
struct Version {
    unsigned major = ~0u, minor = ~0u;

    auto operator<=>(const Version&) const = default;
    bool is_known() const { return *this != Version(); }
};

/// The versions on which a correct host was audited: their deviations from the manuals are known.
inline constexpr Version qemu_7_2{7, 2}, qemu_10_0{10, 0}, qemu_11_1{11, 1}, bochs_2_7{2, 7}, bochs_3_0{3, 0};
inline constexpr Version tried_qemu[] = {qemu_7_2, qemu_10_0, qemu_11_1},
                         tried_bochs[] = {bochs_2_7, bochs_3_0};

/// Does VMRUN forget the interrupt shadow that #VMEXIT has saved (APM vol. 2, Interrupt Shadows)? QEMU 7.2
/// does, 10.0 does not; the versions in between were not tried, and the workaround does no harm.
constexpr bool forgets_interrupt_shadow(Emulator emulator, const Version& version) {
    return emulator == Emulator::qemu && version < qemu_10_0;
}

/// Are the deviations of this version known? Always true of a real processor.
constexpr bool is_tried(Emulator emulator, const Version& version) {
    switch (emulator) {
    case Emulator::none: return true;
    case Emulator::qemu: return std::ranges::find(tried_qemu, version) != std::end(tried_qemu);
    case Emulator::bochs: return std::ranges::find(tried_bochs, version) != std::end(tried_bochs);
    }
    return true;
}

}
