// What `exitaudit host` finds out about a machine, and when it refuses.
#include "exitaudit/host/vms.hpp"
#include "exitaudit/read/formats.hpp"

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
    EXPECT_TRUE(has(status_text(look()), "would do nothing"));
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
    EXPECT_TRUE(has(obstacle(), "-keyout /var/lib/dkms/mok.key -outform DER -out /var/lib/dkms/mok.pub; "
                                "mokutil --import /var/lib/dkms/mok.pub"));
    write("var/lib/dkms/mok.pub", "the key");
    EXPECT_TRUE(has(obstacle(), "only: mokutil --import /var/lib/dkms/mok.pub"));
    write(variables + "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23", "....another, the key, more");
    EXPECT_EQ(obstacles(look()), std::vector<std::string>{});
    EXPECT_TRUE(look().secure_boot);
}

TEST_F(HostMachine, MaySignWithAKeyOfItsOwn) {
    write("sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23", "....our key, more");
    write("var/lib/dkms/mok.pub", "the key");
    write("etc/dkms/framework.conf", "# mok_certificate=/no\nmok_signing_key=/root/old.key\n");
    EXPECT_EQ(look().certificate, "/var/lib/dkms/mok.pub");
    write("etc/dkms/framework.conf.d/b.conf", "mok_certificate='/etc/our.der' # kept\n");
    write("etc/dkms/framework.conf.d/a.conf", "mok_certificate=/no\nmok_signing_key=\"/root/our.key\"\n");
    write("etc/dkms/framework.conf.d/c.conf~", "mok_certificate=/no\n");
    EXPECT_EQ(look().certificate, "/etc/our.der");
    EXPECT_EQ(look().missing_key, "/root/our.key");
    EXPECT_FALSE(look().enrolled);
    write("etc/our.der", "our key");
    EXPECT_EQ(look().missing_key, "");
    EXPECT_TRUE(look().enrolled);
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
    EXPECT_FALSE(look().unfinished); // installed for another kernel
    fs::create_directories(root / "var/lib/dkms/exitaudit-kvm/0/6.12.1-amd64/x86_64/module");
    EXPECT_TRUE(look().unfinished); // killed before DKMS had copied anything
    std::string modules = "updates/dkms/kvm.ledger.ko:\nupdates/dkms/kvm-intel.ledger.ko:\n";
    write("lib/modules/6.12.1-amd64/modules.dep", modules);
    EXPECT_TRUE(look().unfinished); // or two of three
    write("lib/modules/6.12.1-amd64/modules.dep", modules + "updates/dkms/kvm-amd.ledger.ko: x.ko\n");
    EXPECT_FALSE(has(status_text(look()), "unfinished"));
}

// Debugfs's directory of a VM: PID-FD.
fs::path debugfs(const std::string& vm) { return "sys/kernel/debug/kvm/" + vm; }

struct RunningVms : HostMachine {
    RunningVms() {
        write("sys/module/kvm/parameters/exit_ledger", "Y\n");
        write(debugfs("41-9") / "vcpu0/exit_ledger",
              "total 6 60 60 1 9\n114 5 50 40 1 9\nundefined 1 1 1 1 1\n120 1 10 10 10 10\n");
        write(debugfs("41-9") / "vcpu1/exit_ledger", "total 2 20 20 1 9\n114 2 20 20 1 9\n");
        write(debugfs("41-9") / "exit_ledger", "total 8 80 80 1 9\n");
        write("proc/41/comm", "qemu-system-x86\n");
    }

    Sample sample() const { return take_sample(look(), root); }

    // Over one second.
    static Rates rates(const Sample& earlier, Sample later) {
        later.time = earlier.time + std::chrono::seconds(1);
        return rates_between(earlier, later);
    }
};

std::string refusal(const RunningVms& host, ExitCode code) {
    try {
        require_ledger(host.look(), host.root);
    } catch (const Error& error) {
        EXPECT_EQ(error.code, code);
        return error.what();
    }
    return "";
}

TEST_F(RunningVms, HaveARowForEachExitOfEachVcpu) {
    const auto rows = sample().rows;
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].vcpu->vm, "41-9");
    EXPECT_EQ(rows[0].vcpu->name, "qemu-system-x86");
    EXPECT_EQ(rows[0].vcpu->number, 0U);
    EXPECT_EQ(rows[0].exit, 114U);
    EXPECT_EQ(rows[0].count, 5U);
    EXPECT_EQ(rows[0].cycles, 50U);
    EXPECT_EQ(rows[0].inside, 40U);
    EXPECT_EQ(rows[1].exit, 120U);
    EXPECT_EQ(rows[2].vcpu->number, 1U);
    EXPECT_EQ(sample().numbering, ledger::Numbering::svm);
}

TEST_F(RunningVms, AreCalledWhatQemuCallsThem) {
    const auto named = [&](const char* option, const std::string& value) {
        const std::string words[]{"qemu", option, value, "-m", "1G"};
        std::string line;
        for (const auto& word : words) line += word + '\0';
        write("proc/41/cmdline", line);
        return sample().rows[0].vcpu->name;
    };
    EXPECT_EQ(named("-name", "web,process=x"), "web");
    EXPECT_EQ(named("-name", "guest=db-1,debug-threads=on"), "db-1");
    EXPECT_EQ(named("-name", "a \"b\"\x1b[1m\xc3\xa4"), "a__b___1m__"); // escaped nowhere
    EXPECT_EQ(named("-smp", "web"), "qemu-system-x86");
}

TEST_F(RunningVms, MayStartEndAndFollowEachOther) {
    const auto earlier = sample();
    fs::remove_all(root / debugfs("41-9") / "vcpu1");
    write(debugfs("41-9") / "vcpu0/exit_ledger", "114 3 33 30 1 9\n"); // fewer: another VM
    write(debugfs("42-9") / "vcpu0/exit_ledger", "120 4 8 8 1 9\n");
    write(debugfs("43-9") / "vcpu0/pid", "1\n"); // ends while it is read
    const auto between = rates(earlier, sample());
    ASSERT_EQ(between.rows.size(), 2U);
    EXPECT_EQ(between.rows[0].exits, 3);
    EXPECT_EQ(between.rows[0].per_exit, 11);
    EXPECT_EQ(between.rows[1].vcpu->vm, "42-9");
    EXPECT_EQ(between.rows[1].new_exits, 4U);
    EXPECT_EQ(between.exits, 7);
    fs::remove_all(root / debugfs(""));
    EXPECT_TRUE(sample().rows.empty());
    EXPECT_TRUE(rates(earlier, sample()).rows.empty());
}

TEST_F(RunningVms, MayChangeTheirName) {
    const auto earlier = sample();
    write("proc/41/comm", "web\n");
    const auto between = rates(earlier, sample());
    EXPECT_EQ(between.exits, 0);
    EXPECT_EQ(between.rows[0].vcpu->name, "web");
}

TEST_F(RunningVms, AreATable) {
    Sample none;
    none.numbering = ledger::Numbering::svm;
    auto between = rates(none, sample());
    sort_rates(between.rows, SortKey::exits);
    const auto lines = table_of(between, 100);
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_EQ(lines[1],
              "VM         NAME            VCPU EXIT                      EXITS/S     %      CYCLES/S  "
              "   %  PER EXIT      TOTAL");
    EXPECT_EQ(lines[2],
              "41-9       qemu-system-x86    0 0x72 cpuid                    5.0  62.5            50  "
              "62.5        10          5");
    EXPECT_TRUE(lines[3].starts_with("41-9       qemu-system-x86    1 0x72 cpuid ")) << lines[3];
    EXPECT_TRUE(lines[5].starts_with("                                sum ")) << lines[5];
}

TEST_F(RunningVms, HavePercentilesWhereTheHostKeepsHistograms) {
    const auto file = debugfs("41-9") / "vcpu0/exit_ledger";
    write(file, "114 5 50 40 1 9 3:5\n");
    const auto earlier = sample();
    write(file, "114 8 99 90 1 40 3:7 5:1\n");
    const auto between = rates(earlier, sample());
    EXPECT_TRUE(between.has_histograms);
    EXPECT_EQ(between.rows[0].median, 15U);
    EXPECT_EQ(between.rows[0].p99, 63U);
    EXPECT_EQ(between.rows[1].median, std::nullopt); // vCPU 1: no buckets
    EXPECT_TRUE(
        has(openmetrics_of(sample().rows, ledger::Numbering::svm),
            "exitaudit_exit_duration_cycles_bucket{vm=\"41-9\",vm_name=\"qemu-system-x86\",vcpu=\"0\","
            "exit=\"0x72\",name=\"cpuid\",le=\"15.0\"} 7\n"));
}

TEST_F(RunningVms, WithoutOneTheTableSaysSo) {
    fs::remove_all(root / debugfs("41-9"));
    EXPECT_EQ(table_of(rates(sample(), sample()), 100).front(), "no VM runs whose vCPUs show a ledger");
}

TEST_F(RunningVms, AreToldApartInCsvAndOpenMetrics) {
    const auto rows = sample().rows;
    const auto text = openmetrics_of(rows, ledger::Numbering::svm);
    EXPECT_TRUE(has(text, "exitaudit_exits_total{vm=\"41-9\",vm_name=\"qemu-system-x86\",vcpu=\"1\","
                          "exit=\"0x72\",name=\"cpuid\"} 2\n"))
        << text;
    Sample none;
    none.numbering = ledger::Numbering::svm;
    EXPECT_TRUE(
        csv_of(rates(none, sample()), "T").starts_with("T,41-9,qemu-system-x86,0,0x72,cpuid,5.0,50,"));
    EXPECT_TRUE(csv_header(sample()).starts_with("time,vm,vm_name,vcpu,exit,name,"));
}

TEST_F(RunningVms, NeedALedgerThatTheCallerMayRead) {
    EXPECT_EQ(refusal(*this, ExitCode::pass), "");
    write("sys/module/kvm/parameters/exit_ledger", "histograms\n");
    EXPECT_EQ(refusal(*this, ExitCode::pass), "");
    EXPECT_TRUE(has(status_text(look()), "on, with histograms"));
    write("sys/module/kvm/parameters/exit_ledger", "N\n");
    EXPECT_TRUE(has(refusal(*this, ExitCode::not_patched), "exit_ledger=1"));
    fs::remove(root / "sys/module/kvm/parameters/exit_ledger");
    EXPECT_TRUE(has(refusal(*this, ExitCode::not_patched), "keeps no ledger"));
    write("sys/module/kvm/parameters/exit_ledger", "Y\n");
    fs::remove_all(root / "sys/kernel/debug/kvm");
    EXPECT_TRUE(has(refusal(*this, ExitCode::could_not_run), "is not mounted: as root, mount -t debugfs"));
}

} // namespace
} // namespace exitaudit::host::test
