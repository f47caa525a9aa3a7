// What matters of a machine before its KVM is replaced.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace exitaudit::host {

enum class Ledger { absent, off, on };

struct Vm {
    int process;
    std::string name; // of the program
};

struct Machine {
    std::string release, version; // as uname prints them, like "#1 SMP Debian 6.1.192-3 (2026-11-20)"
    std::string vendor_module;    // kvm_amd or kvm_intel; empty: the CPU has neither SVM nor VT-x
    bool loaded = false;          // kvm is
    bool built_in = false;        // kvm is no module
    Ledger ledger = Ledger::absent;
    bool histograms = false;                    // the ledger keeps them
    std::string module_file;                    // what modprobe loads as kvm, below /lib/modules/RELEASE
    std::vector<Vm> vms;                        // of the processes that the caller may look at
    unsigned uses = 0;                          // of the vendor's module: one for each VM, or more
    std::vector<std::string> users;             // other modules that use kvm
    bool secure_boot = false, enforced = false; // do modules need a signature?
    bool enrolled = false;                      // the firmware's list has the key that DKMS signs with
    std::string certificate;                    // of this key
    std::string missing_key;                    // its file, if there is no certificate; empty: there is
    std::string lockdown;                       // empty: unknown
    bool known = false;                         // DKMS knows our modules, or they passed their audit
    bool unfinished = false;                    // their installation was interrupted
    std::string sources;                        // why they cannot be built; empty: they can
    std::vector<std::string> missing;           // packages of tools
    std::vector<std::filesystem::path> full;    // directories with too little space

    bool installed() const { return module_file.starts_with("updates/dkms/kvm.ledger.ko"); }
};

// Looks at the machine whose root file system this is. `sources` and what it costs are the caller's.
Machine look_at(const std::filesystem::path& root);

// Why `host install` refuses, each with the remedy; nothing: it does not.
std::vector<std::string> obstacles(const Machine& machine);

// Why the modules cannot be exchanged now; nothing: they can.
std::vector<std::string> uses_of(const Machine& machine);

std::string status_text(const Machine& machine);
nlohmann::json status_document(const Machine& machine);

} // namespace exitaudit::host
