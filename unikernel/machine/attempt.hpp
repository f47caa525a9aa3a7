// Code that may fail midway: that ends an attempt, and not the run.
#pragma once

#include "machine/descriptor_tables.hpp"

#include <cstdint>

namespace machine {

/// Runs `work(context)` on the boot processor. Attempts cannot be nested.
/// \return whether it came to its end; false if abandon_attempt() ended it
bool attempt(void (*work)(void* context), void* context);

template <typename Work> bool attempt(Work work) {
    return attempt([](void* context) { (*static_cast<Work*>(context))(); }, &work);
}

/// Ends the attempt that is being made, from whatever it calls or from a handler. Returns if there is none.
void abandon_attempt();

/// What an abandoned attempt may leave otherwise than it found it: registers that triggers write.
class ProcessorState {
public:
    ProcessorState();
    void restore() const;
private:
    std::uint64_t cr0_, cr3_, cr4_, gs_base_;
    std::uint16_t stack_segment_;
    TableRegister gdt_;
};

}
