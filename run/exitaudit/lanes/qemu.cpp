// QEMU's versions.
#include "exitaudit/lanes/qemu.hpp"

#include "audit/plan_words.hpp"
#include "exitaudit/support/exit_code.hpp"

#include <fmt/core.h>

namespace exitaudit {

// For reads of any control register these check CR0's intercept. Linux writes CR3 back as
// it has read it (native_flush_tlb_global() and others), and that is KVM's own CR3.
void require_intercepted_cr3(const std::string& version)
{
    const auto number = audit::parse_version(version);
    if (number && *number >= triggers::qemu_10_0 && *number <= triggers::qemu_11_1)
        throw failure(
            "QEMU {} lets a guest read CR3 without an exit, so that none boots on it with shadow paging: "
            "use --lane vmx, or QEMU 7.2",
            version);
}

} // namespace exitaudit
