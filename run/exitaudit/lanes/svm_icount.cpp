// The svm-icount lane: as svm, but one instruction of the emulated processor takes one nanosecond, so that
// cycles are instructions, and two runs of a host show the same costs.
#include "exitaudit/lanes/svm.hpp"

namespace exitaudit {
namespace {

// shift=0: 2^0 ns an instruction. sleep=off: idle time passes at once. With two CPUs, an idle one stops the
// clock of the other, and Linux does not boot.
Session run_svm_icount(const HostSpec& spec, const Places& places, const Listener& listener) {
    return run_svm_host(spec, places, listener, {{"-icount", "shift=0,sleep=off"}, 1'000'000, true});
}

} // namespace

const Lane svm_icount_lane{
    .name = svm_icount, .run = run_svm_icount, .embedded = true, .vendor = Vendor::amd};

} // namespace exitaudit
