// What the host's instruments count between marks, and its judgement.
#include "exitaudit/witness/witness.hpp"
#include "logs.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace exitaudit::test {
namespace {

constexpr unsigned svm_msr = 0x7c, svm_cpuid = 0x72, svm_io = 0x7b, vmx_msr_write = 32;

// A log of a guest that fired these, 200 times each.
Log log_of(const std::vector<std::string>& names, std::string_view numbering = "svm") {
    Log log;
    log.run = {{"record", "run"}, {"plan", "costs marks=yes"}, {"numbering", numbering}, {"costs", 1}};
    for (const auto& name : names) {
        auto& result = log.results.emplace_back();
        result.number = log.results.size();
        result.name = name;
        result.record = {{"firings", 200}, {"guest_cycles", {{"median", 1000}, {"mean", 1000}}}};
    }
    return log;
}

class Host {
public:
    // The statistic `exits` of the guest's life.
    void stop(unsigned long number, bool end, const std::map<unsigned, unsigned>& exits, unsigned statistic,
              unsigned io_exits) {
        for (const auto& [exit, count] : exits)
            witness.line(fmt::format("trace {{ common_pid: 7, exit_reason: {} }} hitcount: {}", exit, count));
        witness.line(fmt::format(
            R"(qmp {{"return": [{{"provider": "kvm", "stats": [{{"name": "exits", "value": {}}}, {{"name": "io_exits", "value": {}}}]}}], "id": "stats"}})",
            statistic, io_exits));
        witness.line(
            fmt::format("mark {{ port: 1285, val: {} }} hitcount: 1", number << 8 | (end ? 3U : 1U)));
    }

    Witness witness;
};

const HostResult& named(const std::vector<HostResult>& results, std::string_view name) {
    const auto found = std::ranges::find(results, name, &HostResult::name);
    if (found == results.end()) throw std::logic_error("no such result");
    return *found;
}

TEST(Marks, FindInstrumentsThatAgree) {
    Host host;
    host.stop(1, false, {{svm_cpuid, 80}, {svm_io, 20}}, 100, 20);
    host.stop(1, true, {{svm_cpuid, 200}, {svm_io, 1}}, 301, 21);
    auto log = log_of({"cpuid.leaf0"});
    const auto results = host.witness.judge_marks(log);
    EXPECT_EQ(named(results, "host.tracepoint").message,
              "kvm_exit agrees with the catalogue at 1 trigger, 200 exits");
    EXPECT_EQ(named(results, "host.stats.exits").outcome, Outcome::ok);
    EXPECT_EQ(named(results, "host.stats.io_exits").message,
              "KVM's statistic io_exits counts nothing at 1 trigger, of which none causes what it counts");
    EXPECT_EQ(named(results, "host.stats.hypercalls").outcome, Outcome::skip);
    EXPECT_EQ(log.results[0].record["instruments"].dump(),
              R"({"kvm_exit":[[114,200]],"statistics":{"exits":200,"io_exits":0}})");
}

TEST(Marks, FindAStatisticThatOmitsWhatTheFastpathReEnters) {
    Host host;
    host.stop(1, false, {}, 100, 20);
    host.stop(1, true, {{vmx_msr_write, 200}, {30, 1}}, 101, 21);
    auto log = log_of({"msr.write-tsc-deadline"}, "vmx");
    const auto results = host.witness.judge_marks(log);
    EXPECT_EQ(named(results, "host.tracepoint").outcome, Outcome::ok);
    const auto& exits = named(results, "host.stats.exits");
    EXPECT_EQ(exits.outcome, Outcome::not_ok);
    EXPECT_NE(exits.message.find("1 of 1 trigger: it omits exits after which KVM's fastpath re-enters"),
              std::string::npos)
        << exits.message;
    ASSERT_EQ(exits.table.size(), 1U);
    EXPECT_EQ(exits.table[0], "msr.write-tsc-deadline        kvm_exit +200, exits +0");
}

TEST(Marks, CallOtherOmissionsByNoName) {
    Host host;
    host.stop(1, false, {}, 100, 20);
    host.stop(1, true, {{svm_cpuid, 200}, {svm_io, 1}}, 300, 21);
    auto log = log_of({"cpuid.leaf0"});
    EXPECT_EQ(named(host.witness.judge_marks(log), "host.stats.exits").message,
              "KVM's statistic exits differs from kvm_exit at 1 of 1 trigger");
}

TEST(Marks, FindATracepointThatMissesExits) {
    Host host;
    host.stop(1, false, {}, 100, 20);
    host.stop(1, true, {{svm_msr, 199}, {svm_io, 1}}, 300, 21);
    auto log = log_of({"msr.read-pat"});
    const auto results = host.witness.judge_marks(log);
    const auto& tracepoint = named(results, "host.tracepoint");
    EXPECT_EQ(tracepoint.outcome, Outcome::not_ok);
    ASSERT_EQ(tracepoint.table.size(), 1U);
    EXPECT_EQ(tracepoint.table[0], "msr.read-pat                  expected kvm_exit +200, seen +199");
}

TEST(Marks, NameTheTriggersThatTheyDoNotJudge) {
    Host host;
    host.stop(1, false, {}, 100, 20);
    host.stop(1, true, {{svm_cpuid, 200}, {svm_io, 1}}, 301, 21);
    host.stop(2, false, {}, 310, 22);
    host.stop(2, true, {{svm_io, 1}}, 311, 23);
    auto log = log_of({"cpuid.leaf0", "interrupt.host-tick"});
    EXPECT_EQ(named(host.witness.judge_marks(log), "host.tracepoint").message,
              "kvm_exit agrees with the catalogue at 1 trigger, 200 exits; not judged: interrupt.host-tick: "
              "this vCPU may not take this exit");
}

TEST(Marks, BelongToTheTriggerOfTheirNumber) {
    Host host;
    host.stop(1, false, {}, 100, 20); // and the firings were abandoned
    host.stop(2, false, {{svm_cpuid, 3}}, 110, 22);
    host.stop(2, true, {{svm_cpuid, 200}, {svm_io, 1}}, 311, 23);
    auto log = log_of({"msr.read-pat", "cpuid.leaf0"});
    EXPECT_EQ(named(host.witness.judge_marks(log), "host.stats.exits").message,
              "KVM's statistic exits agrees with kvm_exit at 1 trigger, 200 exits");
}

TEST(Marks, AreNoneOfOtherVmsExits) {
    Host host;
    host.witness.line(R"(qmp {"return": [{"thread-id": 7}], "id": ""})");
    host.stop(1, false, {}, 100, 20);
    host.witness.line("trace { common_pid: 8, exit_reason: 114 } hitcount: 55");
    host.stop(1, true, {{svm_cpuid, 200}, {svm_io, 1}}, 301, 21);
    auto log = log_of({"cpuid.leaf0"});
    EXPECT_EQ(named(host.witness.judge_marks(log), "host.tracepoint").outcome, Outcome::ok);
}

TEST(Marks, ThatNobodySawLeaveAReason) {
    Witness witness;
    witness.line("missing trace no permission");
    auto log = log_of({"cpuid.leaf0"});
    const auto results = witness.judge_marks(log);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].outcome, Outcome::skip);
    EXPECT_EQ(results[0].message, "no permission");
}

TEST(Marks, StopTheGuestByAWatcherBesideQemu) {
    const auto words = Marks::watched({"qemu", "-x"}, "/events", "/scratch");
    ASSERT_EQ(words.size(), 8U);
    EXPECT_EQ(words[0], "sh");
    EXPECT_NE(words[2].find(R"(statistics='"exits","io_exits",)"), std::string::npos);
    EXPECT_EQ(words[4], "/events");
    EXPECT_EQ(words[7], "-x");
}

} // namespace
} // namespace exitaudit::test
