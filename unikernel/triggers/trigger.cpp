// What to expect of a trigger on the host at hand.
#include "triggers/trigger.hpp"

namespace triggers {

Emulator Deviation::emulator() const {
    switch (where) {
    case Where::on_qemu: return Emulator::qemu;
    case Where::on_bochs:
    case Where::on_bochs_with_noise: return Emulator::bochs;
    case Where::with_shadow_paging:
    case Where::measured: return Emulator::none;
    }
    return Emulator::none;
}

bool Deviation::holds(const Circumstances& circumstances) const {
    if (where == Where::measured) return found && found();
    if (where == Where::with_shadow_paging) return circumstances.paging == Paging::shadow;
    if (where == Where::on_bochs_with_noise && !circumstances.noise) return false;
    if (circumstances.emulator != emulator()) return false;
    return circumstances.version <= last ||
           (left_out && !is_tried(circumstances.emulator, circumstances.version));
}

const Deviation* Trigger::deviation(Numbering numbering, const Circumstances& circumstances) const {
    for (const auto& deviation : deviations)
        if (deviation.numbering == numbering && deviation.holds(circumstances)) return &deviation;
    return nullptr;
}

}
