// A patch from whole replaced files.
#pragma once

#include "exitaudit/grade/submission.hpp"

namespace exitaudit::grade {

// What C files and headers, or the one file, have that the nearest kernel's of the same
// names have not. Of a tree (with arch/x86/kvm in it) KVM's are looked at.
Change whole_files(const std::filesystem::path& path, bool is_tree, const Base& base);

} // namespace exitaudit::grade
