// The tcg lane: no KVM at all. It tells whether the guest itself works; there is
// no ledger, so the honest verdict is "not patched".
#include "exitaudit/lanes/direct.hpp"

namespace exitaudit {
namespace {

Session run_tcg(const RunOptions& options, const Places& places, const Listener& listener)
{
    return run_directly(options, places, listener, Accelerator::tcg);
}

} // namespace

const Lane tcg_lane{"tcg", run_tcg};

} // namespace exitaudit
