// Hardware task switches, which need 32-bit protected mode.
#pragma once

#include <cstdint>

namespace machine {

/// Leaves long mode for 32-bit protected mode without paging, switches by JMP to
/// another hardware task and back so many times (SDM vol. 3, Task Management), and returns
/// to long mode. On one vCPU at a time: its task state segments are shared.
/// \pre interrupts are disabled; times > 0
extern "C" void switch_tasks(std::uint32_t times);

}
