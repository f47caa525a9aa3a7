// Entering CPL 3 and returning, for what only unprivileged code can do.
#pragma once

namespace machine {

/// Enables CPL 3 on this processor: descriptors, a task state segment for the return, and
/// user access to the code that runs there. On one vCPU at a time. tear_down_user_mode() undoes it.
/// \pre interrupts are disabled, and CR4.SMEP and CR4.SMAP are clear
void set_up_user_mode();
void tear_down_user_mode();

/// Reads a doubleword at an odd address at CPL 3 with RFLAGS.AC set, and returns. With CR0.AM set it
/// raises #AC (SDM vol. 3, Exception and Interrupt Reference, Interrupt 17), after which execution resumes.
/// \pre set_up_user_mode()
void read_misaligned_in_user_mode();

/// CPUID, EAX=0, at CPL 3. It may raise #GP (SDM vol. 2, CPUID faulting), after which execution resumes.
/// \pre set_up_user_mode()
void query_in_user_mode();

}
