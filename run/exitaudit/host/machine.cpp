// Reads /proc, /sys and a few files of a machine.
#include "exitaudit/host/machine.hpp"

#include "exitaudit/support/pattern.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>

namespace exitaudit::host {
namespace {

namespace fs = std::filesystem;

// Source trees and objects; modules and the indices of depmod; source of DKMS. In bytes.
struct Need {
    const char* directory;
    std::uintmax_t bytes;
};
constexpr Need needs[]{
    {"var/lib", 600 << 20}, {"lib/modules", 64 << 20}, {"usr/src", 16 << 20}, {"tmp", 16 << 20}};

struct Tool {
    const char *file, *package;
};
constexpr Tool tools[]{{"usr/sbin/dkms", "dkms"},
                       {"usr/bin/make", "make"},
                       {"usr/bin/patch", "patch"},
                       {"usr/bin/xz", "xz-utils"},
                       {"usr/bin/qemu-system-x86_64", "qemu-system-x86"}};

// Of a file that may be missing. Those of /sys have no length.
std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string line_of(const fs::path& path) {
    const auto text = content(path);
    return text.substr(0, text.find('\n'));
}

unsigned number_of(const fs::path& path) {
    const auto text = line_of(path);
    unsigned number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool is_yes(const std::string& text) { return text == "Y" || text == "1"; }

// Source: /proc/cpuinfo.
std::string vendor_module(const fs::path& root) {
    const auto flags = Pattern("\nflags[^\n]* (svm|vmx)[ \n]").search(content(root / "proc/cpuinfo"));
    if (!flags) return "";
    return flags->at(1) == "svm" ? "kvm_amd" : "kvm_intel";
}

// What depmod has chosen. Source: modules.dep(5).
std::string file_of_kvm(const fs::path& modules) {
    std::ifstream lines(modules / "modules.dep");
    const Pattern pattern("(.*/kvm(\\.[a-z]+)?\\.ko[.a-z]*):.*");
    for (std::string line; std::getline(lines, line);)
        if (const auto found = pattern.match(line)) return found->at(1);
    return "";
}

// Each VM is a file descriptor of its process. Source: kvm_dev_ioctl_create_vm().
std::vector<Vm> running_vms(const fs::path& root) {
    std::vector<Vm> vms;
    std::error_code ignored; // processes end, or are somebody else's
    for (const auto& process : fs::directory_iterator(root / "proc", ignored)) {
        const auto name = process.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        for (const auto& file : fs::directory_iterator(process.path() / "fd", ignored))
            if (fs::read_symlink(file.path(), ignored) == "anon_inode:kvm-vm")
                vms.push_back({std::stoi(name), line_of(process.path() / "comm")});
    }
    std::ranges::sort(vms, {}, &Vm::process);
    return vms;
}

std::vector<std::string> users_of_kvm(const fs::path& module) {
    std::vector<std::string> users;
    std::error_code ignored; // not loaded
    for (const auto& holder : fs::directory_iterator(module / "holders", ignored))
        if (const auto name = holder.path().filename().string(); name != "kvm_amd" && name != "kvm_intel")
            users.push_back(name);
    // vfio has no entry: it looks a symbol up when a VM gets a device (vfio_device_get_kvm_safe()).
    std::ranges::sort(users);
    return users;
}

void look_at_kvm(Machine& machine, const fs::path& root) {
    const auto kvm = root / "sys/module/kvm";
    machine.loaded = fs::exists(kvm);
    machine.built_in = machine.loaded && !fs::exists(kvm / "initstate");
    const auto ledger = line_of(kvm / "parameters/exit_ledger");
    machine.histograms = ledger == "histograms";
    machine.ledger = ledger.empty()                         ? Ledger::absent
                     : machine.histograms || is_yes(ledger) ? Ledger::on
                                                            : Ledger::off;
    machine.uses = number_of(root / "sys/module" / machine.vendor_module / "refcnt");
    machine.users = users_of_kvm(kvm);
    machine.vms = running_vms(root);
    machine.module_file = file_of_kvm(root / "lib/modules" / machine.release);
}

// The last assignment counts. Source: /etc/dkms/framework.conf.
std::string setting_of_dkms(const fs::path& root, const std::string& name, const std::string& otherwise) {
    std::set<fs::path> files;
    std::error_code ignored; // no such directory
    for (const auto& file : fs::directory_iterator(root / "etc/dkms/framework.conf.d", ignored))
        if (file.path().extension() == ".conf") files.insert(file.path());
    auto text = "\n" + content(root / "etc/dkms/framework.conf");
    for (const auto& file : files) text += "\n" + content(file);
    const auto found = Pattern(".*\n[ \t]*" + name + "=[\"']?([^\"' \t\n]+)").search(text);
    return found ? found->at(1) : otherwise;
}

// The variables' first four bytes are their attributes. Source: efivarfs; shim, MokListRT.
void look_at_signatures(Machine& machine, const fs::path& root) {
    const auto variables = root / "sys/firmware/efi/efivars";
    const auto secure_boot = content(variables / "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    machine.secure_boot = secure_boot.size() == 5 && secure_boot[4] == 1;
    const auto lockdown = Pattern("\\[([a-z]+)\\]").search(line_of(root / "sys/kernel/security/lockdown"));
    machine.lockdown = lockdown ? lockdown->at(1) : "";
    machine.enforced = is_yes(line_of(root / "sys/module/module/parameters/sig_enforce")) ||
                       (lockdown && machine.lockdown != "none");
    machine.certificate = setting_of_dkms(root, "mok_certificate", "/var/lib/dkms/mok.pub");
    const auto key = content(root / fs::path(machine.certificate).relative_path());
    if (key.empty()) machine.missing_key = setting_of_dkms(root, "mok_signing_key", "/var/lib/dkms/mok.key");
    machine.enrolled =
        !key.empty() &&
        content(variables / "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23").find(key) != std::string::npos;
}

// `host-kvm-patch/install` marks the modules as accepted before DKMS copies them: killed in between, DKMS has
// built them for this kernel, but depmod has not found all three.
void look_at_installation(Machine& machine, const fs::path& root) {
    const auto tree = root / "var/lib/dkms/exitaudit-kvm";
    bool built = false;
    std::error_code ignored; // no tree
    for (const auto& version : fs::directory_iterator(tree, ignored))
        built = built || fs::exists(version.path() / machine.release);
    const auto found = Pattern("\nupdates/dkms/kvm(-intel|-amd)?\\.ledger\\.ko")
                           .all("\n" + content(root / "lib/modules" / machine.release / "modules.dep"));
    const bool accepted = fs::exists(root / "var/lib/exitaudit/installed");
    machine.known = accepted || fs::exists(tree);
    machine.unfinished = accepted ? built && found.size() != 3 : machine.known;
}

void look_at_tools(Machine& machine, const fs::path& root) {
    for (const auto& [file, package] : tools)
        if (!fs::exists(root / file)) machine.missing.emplace_back(package);
    for (const auto& [directory, bytes] : needs) {
        std::error_code error; // no such directory: it is not needed, or another obstacle
        const auto space = fs::space(root / directory, error);
        if (!error && space.available < bytes) machine.full.push_back(fs::path("/") / directory);
    }
}

} // namespace

Machine look_at(const fs::path& root) {
    Machine machine;
    machine.release = line_of(root / "proc/sys/kernel/osrelease");
    machine.version = line_of(root / "proc/sys/kernel/version");
    machine.vendor_module = vendor_module(root);
    look_at_kvm(machine, root);
    look_at_signatures(machine, root);
    look_at_tools(machine, root);
    look_at_installation(machine, root);
    return machine;
}

} // namespace exitaudit::host
