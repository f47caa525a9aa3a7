// What is known of a host.
#include "exitaudit/witness/host_facts.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include <unistd.h>

namespace exitaudit::test {
namespace {

namespace fs = std::filesystem;

TEST(HostFacts, ComeFromTheEmbeddedHostsLines) {
    HostFacts facts;
    facts.line("cpu AMD EPYC Processor");
    facts.line("mhz 2445.405");
    facts.line(
        "vulnerabilities spectre_v1=Vulnerable: __user pointer | retbleed=Mitigation: untrained; SMT on");
    facts.line("parameters kvm.halt_poll_ns=200000 | kvm.odd=a=b");
    facts.line("parameters kvm_amd.npt=Y");
    facts.line("unheard-of x");
    facts.line("cpu");
    const auto document = document_of(facts);
    EXPECT_EQ(document["cpu"], "AMD EPYC Processor");
    EXPECT_EQ(document["mhz"], 2445.405);
    EXPECT_TRUE(document["command_line"].is_null());
    EXPECT_EQ(document["vulnerabilities"]["retbleed"], "Mitigation: untrained; SMT on");
    EXPECT_EQ(document["kvm_parameters"],
              (nlohmann::json{{"kvm.halt_poll_ns", "200000"}, {"kvm.odd", "a=b"}, {"kvm_amd.npt", "Y"}}));
}

TEST(HostFacts, ComeFromTheMachinesFiles) {
    const auto root = fs::temp_directory_path() / ("facts." + std::to_string(getpid()));
    const auto write = [&](const fs::path& path, const char* text) {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    };
    write("proc/cpuinfo",
          "processor\t: 0\nmodel name\t: A: B\ncpu MHz\t\t: 3000.5\n\nprocessor\t: 1\nmodel name\t: C\n");
    write("proc/cmdline", "quiet mitigations=auto\n");
    write("sys/devices/system/cpu/vulnerabilities/mds", "Not affected\n");
    write("sys/module/kvm_intel/parameters/ept", "Y\n");
    const auto facts = facts_of_machine(root / "proc", root / "sys");
    fs::remove_all(root);
    EXPECT_EQ(facts.cpu, "A: B");
    EXPECT_EQ(facts.mhz, "3000.5");
    EXPECT_EQ(facts.command_line, "quiet mitigations=auto");
    EXPECT_EQ(facts.vulnerabilities, (std::map<std::string, std::string>{{"mds", "Not affected"}}));
    EXPECT_EQ(facts.kvm_parameters, (std::map<std::string, std::string>{{"kvm_intel.ept", "Y"}}));
}

TEST(HostFacts, NothingKnownIsNull) {
    const auto document = document_of({});
    EXPECT_TRUE(document["cpu"].is_null());
    EXPECT_TRUE(document["mhz"].is_null());
}

} // namespace
} // namespace exitaudit::test
