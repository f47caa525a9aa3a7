// What `exitaudit host status` says of a machine.
#include "exitaudit/host/machine.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace exitaudit::host {
namespace {

constexpr std::string_view ledger_words[]{"none: this KVM is not patched", "off (kvm.exit_ledger=0)", "on"};

std::string modules_words(const Machine& machine) {
    if (machine.built_in) return "built into the kernel";
    if (machine.module_file.empty()) return "none for this kernel";
    return fmt::format("{}{}", machine.module_file,
                       machine.installed()                           ? " (patched)"
                       : machine.module_file.starts_with("updates/") ? " (from elsewhere)"
                                                                     : " (the distribution's)");
}

std::string vms_words(const Machine& machine) {
    std::vector<std::string> names;
    for (const auto& vm : machine.vms) names.push_back(fmt::format("{} ({})", vm.process, vm.name));
    if (names.empty() && machine.uses)
        return fmt::format("{} uses of {} by processes that only root can see", machine.uses,
                           machine.vendor_module);
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string signature_words(const Machine& machine) {
    if (!machine.enforced) return "not enforced";
    return machine.enrolled ? "enforced; DKMS's key is enrolled" : "enforced; DKMS's key is not enrolled";
}

// DKMS 3.0 (Debian 12) makes a key only while it builds, which would be too late.
std::string signature_remedy(const Machine& machine) {
    if (!machine.secure_boot) return "boot without module.sig_enforce=1 and lockdown=";
    const auto& key = machine.missing_key;
    return (key.empty() ? ""
                        : fmt::format("openssl req -x509 -newkey rsa:2048 -nodes -days 36500 -subj /CN=DKMS "
                                      "-keyout {} -outform DER -out {}; ",
                                      key, machine.certificate)) +
           fmt::format("mokutil --import {}, then reboot and confirm", machine.certificate);
}

std::string plan_words(const Machine& machine) {
    if (machine.installed() && machine.ledger != Ledger::absent)
        return "do nothing: the patched KVM is installed and loaded";
    const auto why = obstacles(machine);
    if (!why.empty()) return fmt::format("refuse: {}", fmt::join(why, "\n             refuse: "));
    return fmt::format("build the patched kvm and {} for {} by DKMS, load them, audit them, and\n"
                       "             install them in updates/dkms, before {}",
                       machine.vendor_module, machine.release, machine.module_file);
}

} // namespace

std::vector<std::string> uses_of(const Machine& machine) {
    std::vector<std::string> why;
    if (!machine.vms.empty() || machine.uses)
        why.push_back(fmt::format("KVM is in use: stop its VMs first: {}", vms_words(machine)));
    if (!machine.users.empty())
        why.push_back(
            fmt::format("other modules use kvm: unload them first: rmmod {}", fmt::join(machine.users, " ")));
    return why;
}

std::vector<std::string> obstacles(const Machine& machine) {
    std::vector<std::string> why;
    if (machine.vendor_module.empty())
        why.emplace_back(
            "this CPU shows neither SVM nor VT-x: switch virtualization on in the firmware, or in a "
            "VM nested virtualization on its host");
    if (machine.built_in)
        why.emplace_back("KVM is built into this kernel: boot one of Debian's, which has it as modules");
    if (!machine.installed() && machine.module_file.starts_with("updates/"))
        why.push_back(
            fmt::format("{} replaces the distribution's KVM already: remove it first", machine.module_file));
    if (!machine.missing.empty())
        why.push_back(fmt::format("tools are missing: apt-get install {}", fmt::join(machine.missing, " ")));
    if (!machine.sources.empty()) why.push_back(machine.sources);
    for (const auto& directory : machine.full)
        why.push_back(
            fmt::format("too little space in {}: free some (600 MiB are enough)", directory.string()));
    if (machine.enforced && !machine.enrolled)
        why.push_back("the kernel loads signed modules only: " + signature_remedy(machine));
    const auto uses = uses_of(machine);
    why.insert(why.end(), uses.begin(), uses.end());
    return why;
}

std::string status_text(const Machine& machine) {
    std::string text = fmt::format(
        "kernel       {} {}\nledger       {}{}\nKVM modules  {}{}\nVMs          {}\n"
        "kvm used by  {}\nSecure Boot  {}\nlockdown     {}\nsignatures   {}\n",
        machine.release, machine.version, ledger_words[static_cast<int>(machine.ledger)],
        machine.histograms ? ", with histograms" : "", modules_words(machine),
        machine.loaded ? "" : ", not loaded", vms_words(machine),
        machine.users.empty() ? "no other module" : fmt::format("{}", fmt::join(machine.users, ", ")),
        machine.secure_boot ? "on" : "off", machine.lockdown.empty() ? "unknown" : machine.lockdown,
        signature_words(machine));
    if (machine.unfinished)
        text += "unfinished   an installation was interrupted: exitaudit host remove clears it away\n";
    return text + fmt::format("install      would {}\n", plan_words(machine));
}

nlohmann::json status_document(const Machine& machine) {
    auto vms = nlohmann::json::array();
    for (const auto& vm : machine.vms) vms.push_back({{"process", vm.process}, {"name", vm.name}});
    constexpr const char* ledger[]{"absent", "off", "on"};
    return {{"schema", 1},
            {"kind", "host"},
            {"kernel", {{"release", machine.release}, {"version", machine.version}}},
            {"ledger", ledger[static_cast<int>(machine.ledger)]},
            {"histograms", machine.histograms},
            {"module", or_null(machine.module_file)},
            {"vendor_module", or_null(machine.vendor_module)},
            {"loaded", machine.loaded},
            {"built_in", machine.built_in},
            {"installed", machine.installed()},
            {"unfinished", machine.unfinished},
            {"vms", vms},
            {"uses", machine.uses},
            {"users", machine.users},
            {"secure_boot", machine.secure_boot},
            {"lockdown", or_null(machine.lockdown)},
            {"signatures", {{"enforced", machine.enforced}, {"key_enrolled", machine.enrolled}}},
            {"obstacles", obstacles(machine)}};
}

} // namespace exitaudit::host
