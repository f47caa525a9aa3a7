// Facts about the audited host for documents: processor, kernel, mitigations, KVM's parameters.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace exitaudit {

// As the host's kernel reports them; empty where it does not.
struct HostFacts {
    std::string cpu;                                    // the processor's model name
    std::string mhz;                                    // its clock, as the kernel measured it
    std::string command_line;                           // the kernel's
    std::map<std::string, std::string> vulnerabilities; // and what the kernel does against each
    std::map<std::string, std::string> kvm_parameters;  // "kvm_intel.ept": "Y"

    // Takes one line of run/embedded-host/init; ignores others:
    //   cpu MODEL
    //   mhz NUMBER
    //   vulnerabilities NAME=TEXT | NAME=TEXT ...
    //   parameters MODULE.NAME=VALUE | ...
    void line(std::string_view text);
};

// The machine that exitaudit runs on, by these roots of /proc and /sys.
HostFacts facts_of_machine(const std::filesystem::path& proc = "/proc",
                           const std::filesystem::path& sys = "/sys");

// docs/json.md: null where nothing is known.
nlohmann::json document_of(const HostFacts& facts);

} // namespace exitaudit
