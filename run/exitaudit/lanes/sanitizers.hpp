// Hosts whose kernel has sanitizers: host-kvm-patch/trees --sanitize.
#pragma once

#include "exitaudit/witness/kernel_reports.hpp"

#include <filesystem>

namespace exitaudit {

// "kasan,ubsan" as a sorted list. Error (usage) that lists the names, or says which exclude each other.
std::vector<std::string> sanitizers_of(std::string_view list);

// What they add to the kernel's command line.
std::string sanitizer_words(const std::vector<std::string>& sanitizers);

// By how much longer a run may take with them.
unsigned sanitizer_factor(const std::vector<std::string>& sanitizers);

// Finds KVM's lines in what host-kvm-patch/trees has made in this directory. None without debugging
// information.
KernelReports::Find line_finder(const std::filesystem::path& built);

} // namespace exitaudit
