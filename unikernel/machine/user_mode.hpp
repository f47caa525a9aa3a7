// Out to CPL 3 and back, for what only code without privilege can do.
#pragma once

namespace machine {

/// Makes CPL 3 possible on this processor: descriptors, a task state segment for the way back, and
/// user access to the code that runs there. On one vCPU at a time. leave_user_mode_alone() undoes it.
/// \pre interrupts are disabled, and CR4.SMEP and CR4.SMAP are clear
void prepare_user_mode();
void leave_user_mode_alone();

/// Reads a doubleword at an odd address at CPL 3 with RFLAGS.AC set, and returns. With CR0.AM set it
/// raises #AC (SDM vol. 3, Exception and Interrupt Reference, Interrupt 17), which is resumed after.
/// \pre prepare_user_mode()
void read_misaligned_in_user_mode();

/// CPUID, EAX=0, at CPL 3. It may raise #GP (SDM vol. 2, CPUID faulting), which is resumed after.
/// \pre prepare_user_mode()
void query_in_user_mode();

}
