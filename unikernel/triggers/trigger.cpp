// Choosing what to expect of a trigger on the host at hand.
#include "triggers/trigger.hpp"

namespace triggers {
namespace {

bool holds(Where where, const Circumstances& circumstances)
{
    switch (where) {
    case Where::on_qemu:             return circumstances.emulator == Emulator::qemu;
    case Where::on_bochs:            return circumstances.emulator == Emulator::bochs;
    case Where::on_bochs_with_noise: return circumstances.emulator == Emulator::bochs && circumstances.noise;
    case Where::with_shadow_paging:  return circumstances.paging == Paging::shadow;
    }
    return false;
}

}

const Deviation* Trigger::deviation(Numbering numbering, const Circumstances& circumstances) const
{
    for (const auto& deviation : deviations)
        if (deviation.numbering == numbering && holds(deviation.where, circumstances))
            return &deviation;
    return nullptr;
}

const Expectation& Trigger::expectation(Numbering numbering, const Circumstances& circumstances) const
{
    if (const auto* const deviates = deviation(numbering, circumstances))
        return deviates->instead;
    return numbering == Numbering::vmx ? vmx : svm;
}

}
