// What the user asked `exitaudit boot` for.
#pragma once

#include "exitaudit/support/task.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

struct BootOptions {
    std::string lane = "auto";
    std::optional<std::string> kernel; // of the embedded host and, unless the user brings one, of the guest
    std::filesystem::path tree;        // kernel source to build the embedded host from; empty: none
    unsigned vcpus = 1;
    unsigned memory = 128;                            // MiB, on an embedded host at most most_memory
    std::string machine = "microvm";                  // or pc
    std::string devices = "virtio";                   // or emulated, which only a pc has
    bool no_npt = false;                              // shadow paging: kvm-amd's npt=0, kvm-intel's ept=0
    bool histograms = false;                          // KVM keeps them
    std::filesystem::path kernel_image, initrd, disk; // the user's own; empty: ours
    std::string append;                               // more words for the guest's kernel
    unsigned work = 0;                                // factor for our guest's phases; 0: the lane's default
    bool read = false;                                // our guest reads its own ledger in the end
    std::chrono::milliseconds interval{500};          // between samples
    std::chrono::seconds stop{0};                     // end the guest then; 0: when it ends
    std::chrono::seconds timeout{600};
    std::filesystem::path modules, json, junit, budget, build;
    bool verbose = false;
};

// What an embedded host of 512 MiB can spare: under Bochs its initramfs is in memory twice, packed and
// unpacked.
inline constexpr unsigned most_memory = 256;

void add_boot(CLI::App& app, Task& task);

// Boots Linux on the lane's host, prints the report, writes --json and --junit. Returns the exit code: 1 if
// the ledger's final counts differ from the host's own instruments. Error if it cannot run.
int run_boot(const BootOptions& options);

// The guest's files, as the QEMU that runs it sees them.
struct BootFiles {
    std::string sampler, kernel, initrd, disk; // the last two may be empty
    bool disposable_disk = false;              // a copy that may be written to
};

// The whole command.
std::vector<std::string> boot_command(const BootOptions& options, const BootFiles& files);

} // namespace exitaudit
