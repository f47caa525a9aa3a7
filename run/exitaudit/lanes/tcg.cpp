// The tcg lane: no KVM at all. It tells whether the guest itself works; there is
// no ledger, so the honest verdict is "not patched".
#include "exitaudit/lanes/direct.hpp"

namespace exitaudit {
namespace {

Session run_tcg(const HostSpec& spec, const Places& places, const Listener& listener)
{
    return run_directly(spec, places, listener, Accelerator::tcg);
}

} // namespace

const Lane tcg_lane{.name = "tcg", .run = run_tcg, .kvm = false};

} // namespace exitaudit
