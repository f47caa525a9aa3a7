// The vCPUs that a plan has fire together.
#pragma once

namespace audit {

/// How all vCPUs work at once: machine::run_on_all() in the guest, a loop in tests.
struct Crew {
    /// Calls `work(context, vcpu)` on every vCPU with its number. Returns when all are done.
    using Together = void (*)(void (*work)(void* context, unsigned vcpu), void* context);

    unsigned vcpus; ///< including the boot vCPU, which is number 0
    Together together;

    /// Calls `work(vcpu)` on every vCPU at once.
    template <typename Work> void run(Work work) const {
        together([](void* context, unsigned vcpu) { (*static_cast<Work*>(context))(vcpu); }, &work);
    }
};

}
