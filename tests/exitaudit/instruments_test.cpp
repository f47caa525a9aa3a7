// This machine's instruments, on a made-up tracefs and debugfs: what they leave in it,
// read from it, and say where it is not there.
#include "exitaudit/witness/instruments.hpp"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include <chrono>

#include <unistd.h>

namespace fs = std::filesystem;

using exitaudit::HostResult;
using exitaudit::InstrumentRoots;
using exitaudit::Instruments;
using exitaudit::Outcome;
using exitaudit::Witness;

namespace {

class InstrumentsTest : public testing::Test {
protected:
    InstrumentsTest() {
        std::string name = testing::TempDir() + "instruments.XXXXXX";
        root = mkdtemp(name.data());
        roots = {root / "tracing", root / "debug", root / "modules"};
    }
    ~InstrumentsTest() override { fs::remove_all(root); }

    void write(const fs::path& path, const std::string& text) {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }

    std::string read(const fs::path& path) {
        std::string text;
        std::getline(std::ifstream(root / path), text);
        return text;
    }

    // The kernel fills a new instance with such files; here they are there before.
    fs::path instance() const { return fmt::format("tracing/instances/exitaudit-{}", getpid()); }

    // A host whose VM of this process ran its vCPU on thread 77; thread 88 ran another's.
    // Both vendors define exit number 10.
    void make_host() {
        fs::create_directories(root / "tracing/events/kvm/kvm_exit");
        write(instance() / "events/kvm/kvm_exit/trigger", "");
        write(instance() / "events/kvm/kvm_exit/hist",
              "# event histogram\n"
              "{ common_pid:         77, exit_reason:         10 } hitcount:          5\n"
              "{ common_pid:         88, exit_reason:         10 } hitcount:          9\n"
              "\nTotals:\n    Hits: 14\n    Entries: 2\n    Dropped: 0\n");
        const auto vm = fs::path(fmt::format("debug/kvm/{}-9", getpid()));
        write(vm / "exits", "5\n");
        write(vm / "vcpu0/pid", "77\n");
        write(vm / "exit_ledger", "total 5 1 1 1 1\n10 5 1 1 1 1\n");
    }

    HostResult result(Instruments& instruments, std::string_view name) {
        Witness witness;
        instruments.testify(witness);
        for (auto& each : witness.results())
            if (each.name == name) return each;
        ADD_FAILURE() << name << " is missing";
        return {};
    }

    // The thread that looks out for the VM has no other sign of having seen it.
    HostResult watched(std::string_view name) {
        Instruments instruments(roots);
        instruments.watch(getpid());
        return result(instruments, name);
    }

    fs::path root;
    InstrumentRoots roots;
};

} // namespace

TEST_F(InstrumentsTest, CountOnlyTheGuestsThreads) {
    make_host();
    EXPECT_EQ(watched("host.tracepoint").message, "1 exit numbers and their total of 5 exits agree");
    EXPECT_EQ(watched("host.stats").message, "1 of KVM's statistics agree");
    EXPECT_TRUE(
        read(instance() / "events/kvm/kvm_exit/trigger").starts_with("hist:keys=common_pid,exit_reason"));
}

TEST_F(InstrumentsTest, LeaveTheTracepointAloneWhereOnlyCostsAreMeasured) {
    make_host();
    Instruments instruments(roots, false);
    EXPECT_EQ(read(instance() / "events/kvm/kvm_exit/trigger"), "");
    EXPECT_EQ(result(instruments, "host.tracepoint").outcome, Outcome::skip);
}

TEST_F(InstrumentsTest, TellALedgerThatDiffers) {
    make_host();
    write(fmt::format("debug/kvm/{}-9/exit_ledger", getpid()), "total 4 1 1 1 1\n10 4 1 1 1 1\n");
    EXPECT_EQ(watched("host.tracepoint").outcome, Outcome::not_ok);
    EXPECT_EQ(watched("host.stats").outcome, Outcome::not_ok);
}

TEST_F(InstrumentsTest, SayWhatToMount) {
    fs::create_directory(roots.tracing);
    EXPECT_EQ(watched("host.tracepoint").outcome, Outcome::skip);
    EXPECT_NE(watched("host.stats").message.find("mount -t debugfs none " + roots.debug.string()),
              std::string::npos);
    make_host();
    fs::remove_all(roots.tracing);
    EXPECT_NE(watched("host.tracepoint").message.find("mount -t tracefs none " + roots.tracing.string()),
              std::string::npos);
    EXPECT_EQ(watched("host.stats").outcome, Outcome::ok);
}

TEST_F(InstrumentsTest, SayThatTheVmShowsNoLedger) {
    make_host();
    fs::remove(root / fmt::format("debug/kvm/{}-9/exit_ledger", getpid()));
    EXPECT_EQ(watched("host.stats").outcome, Outcome::skip);
    EXPECT_NE(watched("host.tracepoint").message.find("is this KVM patched?"), std::string::npos);
}

TEST_F(InstrumentsTest, SkipWhereTheHistogramWasTooSmall) {
    make_host();
    write(instance() / "events/kvm/kvm_exit/hist",
          "{ common_pid:         77, exit_reason:         10 } hitcount:          5\n    Dropped: 3\n");
    EXPECT_EQ(watched("host.tracepoint").outcome, Outcome::skip);
}

TEST_F(InstrumentsTest, RemoveWhatAKilledRunLeft) {
    make_host();
    const auto stale = roots.tracing / "instances/exitaudit-2147483647"; // above the kernel's highest process
    const auto foreign = roots.tracing / "instances/other-2147483647";
    fs::create_directory(stale);
    fs::create_directory(foreign);
    const Instruments instruments(roots);
    EXPECT_FALSE(fs::exists(stale));
    EXPECT_TRUE(fs::exists(foreign));
}
