// What is known of QEMU's versions as the svm lane's processor, beside what the guest is told.
#pragma once

#include <string>

namespace exitaudit {

// Error if this version of QEMU is known to let a guest read CR3 without an exit, which
// shadow paging cannot do without.
void require_intercepted_cr3(const std::string& version);

} // namespace exitaudit
