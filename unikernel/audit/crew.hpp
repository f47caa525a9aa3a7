// The vCPUs that a plan has fire together.
#pragma once

namespace audit {

/// How all of them are made to work at once: machine::run_on_all() in the guest, a
/// loop of a test's own making elsewhere.
struct Crew {
    /// Calls `work(context, vcpu)` on every vCPU, each with its number, and returns when all have done.
    using Together = void (*)(void (*work)(void* context, unsigned vcpu), void* context);

    unsigned vcpus; ///< with the boot vCPU, which is number 0
    Together together;

    /// Has every vCPU call `work(vcpu)` at once.
    template <typename Work> void run(Work work) const {
        together([](void* context, unsigned vcpu) { (*static_cast<Work*>(context))(vcpu); }, &work);
    }
};

}
