// KVM's kernel modules, and making one quick to load for an emulated CPU.
#pragma once

#include <array>
#include <string>

namespace exitaudit {

// The one that both vendors' need comes first.
inline constexpr std::array kvm_modules{"kvm.ko", "kvm-intel.ko", "kvm-amd.ko"};

// The module without its list of functions that ftrace could trace (which no audit
// does): for each of thousands, the kernel searches all of the module's symbols to
// see whether it is weak (find_kallsyms_symbol() by ftrace_module_enable()). What is
// no ELF file with such a list is returned as it is, for the kernel to judge.
std::string without_ftrace_list(std::string module);

} // namespace exitaudit
