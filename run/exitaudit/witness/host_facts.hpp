// What a reader of a document has to know of the host that was audited: its processor,
// kernel, mitigations and KVM's parameters.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace exitaudit {

// A host as its own kernel describes it. Empty where it did not say.
struct HostFacts {
    std::string cpu;          // the processor's model name
    std::string mhz;          // its clock, as the kernel measured it
    std::string command_line; // the kernel's
    std::map<std::string, std::string>
        vulnerabilities; // of the processor, and what the kernel does against each
    std::map<std::string, std::string> kvm_parameters; // "kvm_intel.ept": "Y"

    // Takes one line that run/embedded-host/init says of it:
    //   cpu MODEL
    //   mhz NUMBER
    //   vulnerabilities NAME=TEXT | NAME=TEXT ...
    //   parameters MODULE.NAME=VALUE | ...
    // Lines of another form are passed over.
    void line(std::string_view text);
};

// The machine that exitaudit runs on, by these roots of /proc and /sys.
HostFacts facts_of_machine(const std::filesystem::path& proc = "/proc",
                           const std::filesystem::path& sys = "/sys");

// As in docs/json.md: null where nothing is known.
nlohmann::json document_of(const HostFacts& facts);

} // namespace exitaudit
