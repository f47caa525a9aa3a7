// What `exitaudit host` finds out about a machine, and when it refuses.
#include "exitaudit/host/machine.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace exitaudit::host::test {
namespace {

namespace fs = std::filesystem;

// A root file system with Debian's KVM loaded, fit for an installation.
struct HostMachine : testing::Test {
    std::string name = (fs::temp_directory_path() / "exitaudit-host-XXXXXX").string();
    fs::path root = mkdtemp(name.data());

    HostMachine() {
        write("proc/sys/kernel/osrelease", "6.12.1-amd64\n");
        write("proc/sys/kernel/version", "#1 SMP Debian 6.12.1-2 (2026-11-20)\n");
        write("proc/cpuinfo", "model name\t: AMD\nflags\t\t: fpu svm ssse3\n");
        for (const auto* module : {"kvm", "kvm_amd"})
            write(fs::path("sys/module") / module / "initstate", "live\n");
        write("sys/module/kvm_amd/refcnt", "0\n");
        fs::create_directories(root / "sys/module/kvm/holders/kvm_amd");
        write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        write("sys/module/module/parameters/sig_enforce", "N\n");
        dependencies("kernel/arch/x86/kvm/kvm.ko.xz");
        for (const auto* tool : {"sbin/dkms", "bin/make", "bin/patch", "bin/xz", "bin/qemu-system-x86_64"})
            write(fs::path("usr") / tool, "");
    }
    ~HostMachine() override { fs::remove_all(root); }

    void write(const fs::path& file, const std::string& content) const {
        fs::create_directories((root / file).parent_path());
        std::ofstream(root / file) << content;
    }

    void dependencies(const std::string& kvm) const {
        write("lib/modules/6.12.1-amd64/modules.dep",
              "kernel/arch/x86/kvm/kvm-amd.ko.xz: " + kvm + "\n" + kvm + ": kernel/virt/irqbypass.ko.xz\n");
    }

    void run_vm(const std::string& process) const {
        write("proc/" + process + "/comm", "qemu-system-x86\n");
        fs::create_directories(root / "proc" / process / "fd");
        fs::create_symlink("anon_inode:kvm-vm", root / "proc" / process / "fd/9");
    }

    Machine look() const {
        auto machine = look_at(root);
        machine.full.clear(); // of the machine that runs the tests
        return machine;
    }

    // The only reason why it refuses.
    std::string obstacle() const {
        const auto why = obstacles(look());
        return why.size() == 1 ? why.front() : std::to_string(why.size()) + " obstacles";
    }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(HostMachine, OfTheDistributionIsFit) {
    const auto machine = look();
    EXPECT_EQ(machine.release, "6.12.1-amd64");
    EXPECT_EQ(machine.vendor_module, "kvm_amd");
    EXPECT_EQ(machine.ledger, Ledger::absent);
    EXPECT_EQ(machine.module_file, "kernel/arch/x86/kvm/kvm.ko.xz");
    EXPECT_TRUE(machine.loaded);
    EXPECT_FALSE(machine.built_in || machine.installed() || machine.enforced);
    EXPECT_EQ(obstacles(machine), std::vector<std::string>{});
    EXPECT_TRUE(has(status_text(machine), "would build the patched kvm and kvm_amd for 6.12.1-amd64"));
    EXPECT_TRUE(has(status_text(machine), "(the distribution's)"));
}

TEST_F(HostMachine, WithThePatchedKvmNeedsNothing) {
    dependencies("updates/dkms/kvm.ledger.ko.xz");
    write("sys/module/kvm/parameters/exit_ledger", "Y\n");
    EXPECT_EQ(look().ledger, Ledger::on);
    EXPECT_TRUE(look().installed());
    EXPECT_TRUE(has(status_text(look()), "would nothing"));
    write("sys/module/kvm/parameters/exit_ledger", "N\n");
    EXPECT_EQ(look().ledger, Ledger::off);
}

TEST_F(HostMachine, ThatRunsVmsIsRefused) {
    run_vm("41");
    write("sys/module/kvm_amd/refcnt", "1\n");
    ASSERT_EQ(look().vms.size(), 1U);
    EXPECT_EQ(look().vms[0].process, 41);
    EXPECT_TRUE(has(obstacle(), "41 (qemu-system-x86)"));
}

TEST_F(HostMachine, WhoseVmsAreHiddenIsRefused) {
    write("sys/module/kvm_amd/refcnt", "2\n");
    EXPECT_TRUE(has(obstacle(), "2 uses of kvm_amd by processes that only root can see"));
}

TEST_F(HostMachine, WithOtherUsersOfKvmIsRefused) {
    fs::create_directories(root / "sys/module/kvm/holders/kvmgt");
    EXPECT_TRUE(has(obstacle(), "rmmod kvmgt"));
}

TEST_F(HostMachine, WithSignaturesEnforcedNeedsTheKeyOfDkms) {
    const std::string variables = "sys/firmware/efi/efivars/";
    write("sys/module/module/parameters/sig_enforce", "Y\n");
    EXPECT_TRUE(has(obstacle(), "module.sig_enforce"));
    write(variables + "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", std::string("\6\0\0\0\1", 5));
    EXPECT_TRUE(has(obstacle(), "mokutil --import"));
    write("var/lib/dkms/mok.pub", "the key");
    EXPECT_TRUE(has(obstacle(), "mokutil --import"));
    write(variables + "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23", "....another, the key, more");
    EXPECT_EQ(obstacles(look()), std::vector<std::string>{});
    EXPECT_TRUE(look().secure_boot);
}

TEST_F(HostMachine, ThatIsLockedDownNeedsTheKeyOfDkms) {
    write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_EQ(look().lockdown, "integrity");
    EXPECT_TRUE(has(obstacle(), "signed modules only"));
}

TEST_F(HostMachine, ThatLacksToolsIsRefusedWithTheirPackages) {
    fs::remove(root / "usr/sbin/dkms");
    fs::remove(root / "usr/bin/xz");
    EXPECT_TRUE(has(obstacle(), "apt-get install dkms xz-utils"));
}

TEST_F(HostMachine, WhoseKvmIsNoModuleOrSomebodyElsesIsRefused) {
    dependencies("updates/kvm.ko");
    EXPECT_TRUE(has(obstacle(), "updates/kvm.ko replaces"));
    dependencies("kernel/arch/x86/kvm/kvm.ko");
    fs::remove(root / "sys/module/kvm/initstate");
    EXPECT_TRUE(has(obstacle(), "built into"));
}

TEST_F(HostMachine, WithoutVirtualizationIsRefused) {
    write("proc/cpuinfo", "flags\t\t: fpu svmx\n");
    EXPECT_TRUE(has(obstacle(), "neither SVM nor VT-x"));
}

TEST_F(HostMachine, ThatIsFullOrLacksTheSourceIsRefused) {
    auto machine = look();
    machine.full = {"/var/lib"};
    machine.sources = "no source";
    EXPECT_EQ(obstacles(machine).size(), 2U);
    EXPECT_EQ(status_document(machine)["obstacles"][0], "no source");
    EXPECT_EQ(status_document(machine)["schema"], 1);
}

TEST_F(HostMachine, WhereAnInstallationWasInterruptedSaysSo) {
    fs::create_directories(root / "var/lib/dkms/exitaudit-kvm");
    EXPECT_TRUE(has(status_text(look()), "unfinished"));
    write("var/lib/exitaudit/installed", "");
    EXPECT_FALSE(has(status_text(look()), "unfinished"));
}

} // namespace
} // namespace exitaudit::host::test
