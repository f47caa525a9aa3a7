// Reading the ledger from a Linux program, held against a made-up host.
#include "fake_host.hpp"

#include "exitaudit/read/formats.hpp"
#include "exitaudit/read/reader.hpp"
#include "exitaudit/support/file.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <string>

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace exitaudit;
using ledger::Numbering;

namespace {

ReadOptions reading_of(std::vector<std::string> exits) {
    ReadOptions options;
    options.exits = std::move(exits);
    return options;
}

ExitCode code_of(const std::function<void()>& refused) {
    try {
        refused();
    } catch (const Error& error) {
        return error.code;
    }
    return ExitCode::pass;
}

} // namespace

TEST(LedgerReader, TellsWhatTheLedgerTells) {
    FakeHost host(Numbering::svm);
    host.cause(0x7b, 3, 0x1'0000'0001);
    LedgerReader reader(host.cpuid());
    ASSERT_FALSE(reader.obstacle());
    const auto row = reader.whole_row(0x7b);
    EXPECT_EQ(row.count, 3u);
    EXPECT_EQ(row.cycles, 0x3'0000'0003u);
    EXPECT_EQ(row.inside, 0x3'0000'0003u);
    EXPECT_EQ(row.extremes, (ledger::Leaves::Extremes{500, 1000}));
    EXPECT_EQ(row.own, 0u);
}

TEST(LedgerReader, KnowsItsOwnExits) {
    // Nobody else asks this host: all of CPUID's exits are the reader's.
    for (const bool own_leaves : {true, false}) {
        FakeHost host(Numbering::vmx);
        host.has_own_leaves = own_leaves;
        host.cause(10, 7);
        LedgerReader reader(host.cpuid());
        const auto row = reader.whole_row(10);
        EXPECT_EQ(row.count, row.own + 7);
        const auto totals = reader.totals();
        EXPECT_EQ(totals.count, totals.own + 7);
        EXPECT_EQ(reader.queries(), totals.own + 1); // the total's cycles
    }
}

TEST(LedgerReader, TellsUndefinedFromNone) {
    FakeHost host(Numbering::vmx);
    LedgerReader reader(host.cpuid());
    EXPECT_TRUE(reader.whole_row(35).undefined);
    EXPECT_FALSE(reader.whole_row(36).undefined);
    EXPECT_EQ(reader.whole_row(36).count, 0u);
}

TEST(LedgerReader, ReadsOtherLayouts) {
    FakeHost host(Numbering::svm);
    host.use_layout("F21");
    host.cause(0x7b, 3);
    LedgerReader reader(host.cpuid());
    const auto row = reader.whole_row(0x7b);
    EXPECT_EQ(row.count, 3u);
    EXPECT_EQ(row.cycles, 3000u);
    EXPECT_FALSE(row.inside || row.extremes);
}

TEST(LedgerReader, DoesNotMakeUpCyclesThatALayoutLacks) {
    FakeHost host(Numbering::svm);
    host.use_layout("S21");
    host.cause(0x7b, 3);
    LedgerReader reader(host.cpuid());
    EXPECT_EQ(reader.row(0x7b).count, 3u);
    EXPECT_FALSE(reader.row(0x7b).cycles);
}

TEST(LedgerReader, NamesAHostThatIsNotPatched) {
    for (const bool in_vm : {true, false})
        for (const auto numbering : {Numbering::svm, Numbering::vmx}) {
            FakeHost host(numbering);
            host.spoil = [=](auto leaf, auto, auto& answer) {
                if (leaf == 1)
                    answer.ecx = in_vm ? 1u << 31 : 0;
                else if (leaf >= KVM_EXIT_LEDGER_LEAF_FIRST && leaf <= KVM_EXIT_LEDGER_LEAF_LAST)
                    answer = numbering == Numbering::svm ? FakeHost::Registers{}
                                                         : FakeHost::Registers{7, 0x340, 0x340, 0};
            };
            LedgerReader reader(host.cpuid());
            const auto obstacle = reader.obstacle();
            ASSERT_TRUE(obstacle);
            EXPECT_EQ(obstacle->code, in_vm ? ExitCode::not_patched : ExitCode::could_not_run);
            const std::string message = obstacle->what();
            EXPECT_TRUE(message.starts_with(in_vm ? "not patched: " : "not in a virtual machine: "))
                << message;
            EXPECT_NE(message.find(numbering == Numbering::svm ? "zeros" : "ordinary CPUID leaf"),
                      message.npos)
                << message;
            EXPECT_EQ(document_of(nullptr, reader)["patched"], false);
        }
}

TEST(WantedExits, AreNumbersNamesAndGlobs) {
    using Exits = std::vector<ledger::ExitNumber>;
    EXPECT_EQ(wanted_exits({"10", "0x0C", "35"}, Numbering::vmx), (Exits{10, 12, 35}));
    EXPECT_EQ(wanted_exits({"hlt"}, Numbering::vmx), Exits{12});
    EXPECT_EQ(wanted_exits({"HLT", "ud excp"}, Numbering::svm), (Exits{0x78, 0x46}));
    EXPECT_EQ(wanted_exits({"write_dr*"}, Numbering::svm).size(), 8u);
}

TEST(WantedExits, RefuseWhatIsNone) {
    const auto check = [](const char* word) { return code_of([&] { check_exits({word}); }); };
    EXPECT_EQ(check("hltt"), ExitCode::usage);
    EXPECT_EQ(check("12a"), ExitCode::usage);
    EXPECT_EQ(check("0x100000000"), ExitCode::usage);
    EXPECT_EQ(check("-1"), ExitCode::usage);
    EXPECT_EQ(check(""), ExitCode::usage);
    EXPECT_EQ(check("0xffffffff"), ExitCode::pass);
    EXPECT_EQ(check("npf"), ExitCode::pass); // somewhere
    EXPECT_EQ(code_of([] { wanted_exits({"npf"}, Numbering::vmx); }), ExitCode::usage);
}

TEST(Reading, ShowsWhatHappenedOrWhatIsNamed) {
    FakeHost host(Numbering::svm);
    host.cause(0x7b, 3);
    LedgerReader reader(host.cpuid());
    EXPECT_EQ(take_reading(reader, {}).rows.size(), 2u); // and CPUID's
    ReadOptions all;
    all.all = true;
    EXPECT_EQ(take_reading(reader, all).rows.size(), 0xa6u + 1 + 4);
    EXPECT_EQ(take_reading(reader, reading_of({"hlt", "0xa7"})).rows.size(), 2u);
}

TEST(Reading, IsATable) {
    FakeHost host(Numbering::svm);
    host.cause(0x7b, 3, 2000);
    LedgerReader reader(host.cpuid());
    const auto lines = table_of(take_reading(reader, reading_of({"io", "hlt", "0xa7"})), reader);
    ASSERT_EQ(lines.size(), 8u);
    EXPECT_EQ(lines[1], "0x7b io                           3             6000       2000       2000        "
                        "500          1000");
    EXPECT_EQ(lines[2], "0x78 hlt                          0                0          -          -          "
                        "-             -");
    EXPECT_EQ(lines[3], "0xa7 -                    undefined");
    EXPECT_EQ(lines[5],
              "# ledger: revision 1, layout F22, svm exit numbers, known by the ledger's signature");
}

TEST(Reading, IsADocument) {
    FakeHost host(Numbering::vmx);
    host.cause(30, 3);
    LedgerReader reader(host.cpuid());
    const auto reading = take_reading(reader, reading_of({"30", "35", "10"}));
    const auto document = document_of(&reading, reader);
    EXPECT_EQ(document["record"], "ledger");
    EXPECT_EQ(document["numbering"], "vmx");
    EXPECT_EQ(document["sdm"], 85);
    EXPECT_EQ(document["exits"][0].dump(),
              R"({"exit":30,"exit_name":"IO_INSTRUCTION","undefined":false,"count":3,"cycles":3000,)"
              R"("inside":3000,"shortest":500,"longest":1000})");
    EXPECT_EQ(document["exits"][1].dump(), R"({"exit":35,"exit_name":"-","undefined":true})");
    EXPECT_EQ(document["exits"][2]["count"], document["exits"][2]["own"]);
    EXPECT_EQ(document["total"]["count"], document["total"]["own"].get<std::uint64_t>() + 3);
}

namespace {

// Its four I/O exits fell into buckets 8 and 9, where its leaf of extremes lets a reader look.
struct HostWithHistograms : FakeHost {
    HostWithHistograms() : FakeHost(Numbering::svm) {
        keeps_histograms = true;
        cause(0x7b, 1, 300);
        cause(0x7b, 3, 600);
    }
};

ReadOptions histogram_of(std::vector<std::string> exits) {
    auto options = reading_of(std::move(exits));
    options.histogram = true;
    return options;
}

} // namespace

TEST(Histograms, AreReadBucketByBucket) {
    HostWithHistograms host;
    LedgerReader reader(host.cpuid());
    ASSERT_TRUE(reader.has_histograms());
    host.spoil = [](auto leaf, auto selected, auto& answer) {
        if (leaf == KVM_EXIT_LEDGER_LEAF_HISTOGRAM && selected == (0x7b | 9 << KVM_EXIT_LEDGER_BUCKET_SHIFT))
            answer.ebx = 1;
    };
    const auto rows = take_reading(reader, histogram_of({"io", "hlt", "0xa7"})).rows;
    EXPECT_EQ(filled(rows[0].buckets).size(), 2u);
    EXPECT_EQ(rows[0].buckets.at(8), 1u);
    EXPECT_EQ(rows[0].buckets.at(9), 0x1'0000'0003u);
    EXPECT_TRUE(filled(rows[1].buckets).empty());
    EXPECT_TRUE(rows[2].undefined);
    EXPECT_TRUE(take_reading(reader, reading_of({"io"})).rows[0].buckets.empty()); // not asked for
}

TEST(Histograms, OfAHostThatKeepsNoneAreAnError) {
    for (const bool own_leaves : {true, false}) {
        FakeHost host(Numbering::svm);
        host.has_own_leaves = own_leaves;
        LedgerReader reader(host.cpuid());
        EXPECT_FALSE(reader.has_histograms());
        EXPECT_EQ(code_of([&] { take_reading(reader, histogram_of({})); }), ExitCode::could_not_run);
    }
}

TEST(Histograms, AreCharts) {
    HostWithHistograms host;
    LedgerReader reader(host.cpuid());
    const auto rows = take_reading(reader, histogram_of({"io", "hlt", "0xa7"})).rows;
    EXPECT_EQ(charts_of(rows, Numbering::svm),
              (std::vector<std::string>{
                  "0x7b io: 4 exits, half of them within 1023 cycles, 99 % within 1023",
                  "         256 - 511                   1  #############",
                  "         512 - 1023                  3  ######################################",
                  "0x78 hlt: none", "0xa7 -: undefined"}));
}

TEST(Histograms, AreInTheDocument) {
    HostWithHistograms host;
    LedgerReader reader(host.cpuid());
    const auto reading = take_reading(reader, histogram_of({"io", "hlt"}));
    const auto document = document_of(&reading, reader);
    EXPECT_EQ(document["exits"][0]["buckets"].dump(), "[[8,1],[9,3]]");
    EXPECT_EQ(document["exits"][1]["buckets"].dump(), "[]");
}

TEST(Histograms, AreCsv) {
    HostWithHistograms host;
    LedgerReader reader(host.cpuid());
    EXPECT_EQ(buckets_csv_of(take_reading(reader, histogram_of({"io", "hlt"})).rows, Numbering::svm),
              "exit,name,first_cycle,last_cycle,count\n0x7b,io,256,511,1\n0x7b,io,512,1023,3\n");
}

TEST(Histograms, AreOpenMetricsOfEveryBucket) {
    HostWithHistograms host;
    LedgerReader reader(host.cpuid());
    const auto text = openmetrics_of(take_reading(reader, histogram_of({"io", "hlt"})).rows, Numbering::svm);
    const std::string bucket = "exitaudit_exit_duration_cycles_bucket{exit=\"0x7b\",name=\"io\",le=\"";
    EXPECT_NE(text.find("# TYPE exitaudit_exit_duration_cycles histogram\n"), text.npos);
    EXPECT_NE(text.find(bucket + "255.0\"} 0\n" + bucket + "511.0\"} 1\n" + bucket + "1023.0\"} 4\n" +
                        bucket + "2047.0\"} 4\n"),
              text.npos)
        << text;
    EXPECT_TRUE(text.ends_with(bucket + "+Inf\"} 4\n"
                                        "exitaudit_exit_duration_cycles_count{exit=\"0x7b\",name=\"io\"} 4\n"
                                        "exitaudit_exit_duration_cycles_sum{exit=\"0x7b\",name=\"io\"} 2100\n"
                                        "# EOF\n"))
        << text;
    std::size_t buckets = 0;
    for (auto at = text.find(bucket); at != text.npos; at = text.find(bucket, at + 1)) ++buckets;
    EXPECT_EQ(buckets, KVM_EXIT_LEDGER_BUCKETS);
    const auto rows = take_reading(reader, histogram_of({"io"})).rows;
    EXPECT_EQ(openmetrics_of(rows, Numbering::svm, false).find("bucket"), std::string::npos);
}

TEST(Histograms, GiveTopItsPercentiles) {
    HostWithHistograms host;
    LedgerReader reader(host.cpuid());
    const auto earlier = take_sample(reader);
    host.cause(0x7b, 99, 300);
    host.cause(0x7b, 1, 600);
    auto later = take_sample(reader);
    later.time = earlier.time + std::chrono::seconds(1);
    auto rates = rates_between(earlier, later);
    std::erase_if(rates.rows, [](const Rate& rate) { return rate.exit != 0x7b; });
    const auto& io = rates.rows.at(0);
    EXPECT_EQ(io.median, 511u);
    EXPECT_EQ(io.p99, 511u);
    const auto lines = table_of(rates, 1);
    EXPECT_TRUE(lines[1].ends_with(" PER EXIT        P50        P99      TOTAL")) << lines[1];
    EXPECT_TRUE(lines[2].ends_with("       303        511        511        104")) << lines[2];
    EXPECT_TRUE(csv_of(rates, "").ends_with(",303,104,511,511\n"));
    host.cause(0x7b, 2, 600);
    later.rows = take_sample(reader).rows;
    EXPECT_EQ(rates_between(earlier, later).rows.at(1).p99, 1023u);
}

TEST(Formats, OpenMetricsCountsWhatHappened) {
    FakeHost host(Numbering::svm);
    host.cause(0x7b, 3);
    LedgerReader reader(host.cpuid());
    const auto rows = take_reading(reader, reading_of({"io", "hlt", "0xa7"})).rows;
    EXPECT_EQ(openmetrics_of(rows, Numbering::svm),
              "# TYPE exitaudit_exits counter\n"
              "# HELP exitaudit_exits VM exits since the VM or vCPU started.\n"
              "exitaudit_exits_total{exit=\"0x7b\",name=\"io\"} 3\n"
              "# TYPE exitaudit_exit_cycles counter\n"
              "# HELP exitaudit_exit_cycles Cycles of the host's TSC that these exits took.\n"
              "exitaudit_exit_cycles_total{exit=\"0x7b\",name=\"io\"} 3000\n"
              "# TYPE exitaudit_kvm_cycles counter\n"
              "# HELP exitaudit_kvm_cycles Of these cycles, those in KVM alone.\n"
              "exitaudit_kvm_cycles_total{exit=\"0x7b\",name=\"io\"} 3000\n"
              "# EOF\n");
}

TEST(Formats, FiguresThatTheHostDoesNotReportAreLeftOut) {
    FakeHost host(Numbering::svm);
    host.use_layout("S21");
    host.cause(0x7b, 3);
    LedgerReader reader(host.cpuid());
    const auto rows = take_reading(reader, reading_of({"io"})).rows;
    EXPECT_EQ(openmetrics_of(rows, Numbering::svm).find("cycles"), std::string::npos);
    EXPECT_EQ(csv_of(rows, Numbering::svm),
              "exit,name,count,cycles,kvm_cycles,shortest,longest\n0x7b,io,3,,,,\n");
}

TEST(Formats, CsvHasALineForEachExit) {
    FakeHost host(Numbering::svm);
    host.cause(0x7b, 3);
    LedgerReader reader(host.cpuid());
    EXPECT_EQ(csv_of(take_reading(reader, reading_of({"io", "hlt", "0xa7"})).rows, Numbering::svm),
              "exit,name,count,cycles,kvm_cycles,shortest,longest\n"
              "0x7b,io,3,3000,3000,500,1000\n"
              "0x78,hlt,0,0,0,,\n"
              "0xa7,-,,,,,\n");
}

namespace {

// Rates over two seconds in which the host has five HLTs and one I/O.
Rates rates_of(FakeHost& host, LedgerReader& reader) {
    host.cause(0x78, 1, 10'000);
    host.cause(0x7b, 100, 1000);
    const auto earlier = take_sample(reader);
    host.cause(0x78, 5, 10'000);
    host.cause(0x7b, 1, 1000);
    auto later = take_sample(reader);
    later.time = earlier.time + std::chrono::seconds(2);
    return rates_between(earlier, later);
}

const Rate& rate_of(const Rates& rates, ledger::ExitNumber exit) {
    return *std::ranges::find(rates.rows, exit, &Rate::exit);
}

std::vector<ledger::ExitNumber> order(std::vector<Rate> rows, SortKey key) {
    sort_rates(rows, key);
    std::vector<ledger::ExitNumber> exits;
    for (const auto& row : rows) exits.push_back(row.exit);
    return exits;
}

} // namespace

TEST(Rates, ArePerSecond) {
    FakeHost host(Numbering::svm);
    LedgerReader reader(host.cpuid());
    const auto rates = rates_of(host, reader);
    EXPECT_EQ(rates.seconds, 2);
    const auto& hlt = rate_of(rates, 0x78);
    EXPECT_EQ(hlt.exits, 2.5);
    EXPECT_EQ(hlt.cycles, 25'000);
    EXPECT_EQ(hlt.per_exit, 10'000);
    EXPECT_EQ(hlt.total, 6u);
}

TEST(Rates, TellTheReadingsOwnExits) {
    FakeHost host(Numbering::svm);
    LedgerReader reader(host.cpuid());
    const auto rates = rates_of(host, reader);
    // Every defined number, and the cycles of the three that have counted.
    EXPECT_EQ(rates.queries, 0xa6u + 1 + 4 + 3);
    EXPECT_EQ(rates.own, static_cast<double>(rates.queries) / 2);
    EXPECT_EQ(rates.exits, 3 + rates.own);
}

TEST(Rates, SurviveACountThatWraps) {
    FakeHost host(Numbering::svm);
    host.has_own_leaves = false;
    LedgerReader reader(host.cpuid());
    host.cause(0x7b, 0xfffffffe, 0);
    const auto earlier = take_sample(reader);
    host.cause(0x7b, 3, 0);
    auto later = take_sample(reader);
    later.time = earlier.time + std::chrono::seconds(1);
    EXPECT_EQ(rate_of(rates_between(earlier, later), 0x7b).exits, 3);
}

TEST(Rates, AreSorted) {
    FakeHost host(Numbering::svm);
    LedgerReader reader(host.cpuid());
    const auto rows = rates_of(host, reader).rows;
    using Exits = std::vector<ledger::ExitNumber>;
    EXPECT_EQ(order(rows, SortKey::exits), (Exits{0x72, 0x78, 0x7b}));
    EXPECT_EQ(order(rows, SortKey::cycles), (Exits{0x72, 0x78, 0x7b}));
    EXPECT_EQ(order(rows, SortKey::cost), (Exits{0x78, 0x7b, 0x72}));
    EXPECT_EQ(order(rows, SortKey::name), (Exits{0x72, 0x78, 0x7b}));
    EXPECT_EQ(order(rows, SortKey::total).back(), 0x78u);
}

TEST(Rates, AreATableOfAsManyRowsAsFit) {
    FakeHost host(Numbering::svm);
    LedgerReader reader(host.cpuid());
    auto rates = rates_of(host, reader);
    sort_rates(rates.rows, SortKey::cost);
    const auto lines = table_of(rates, 1);
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_TRUE(lines[2].starts_with("0x78 hlt                      2.5")) << lines[2];
    EXPECT_TRUE(lines[3].starts_with("sum ")) << lines[3];
    EXPECT_EQ(lines[4], "# of these, 87.0 exits/s are of this reading: 174 CPUIDs each time");
}

TEST(Rates, AreCsv) {
    FakeHost host(Numbering::svm);
    LedgerReader reader(host.cpuid());
    auto rates = rates_of(host, reader);
    std::erase_if(rates.rows, [](const Rate& rate) { return rate.exit != 0x78; });
    EXPECT_EQ(csv_of(rates, "2026-11-23T05:40:00Z"), "2026-11-23T05:40:00Z,0x78,hlt,2.5,25000,10000,6,,\n");
}

namespace {

// `top` on a terminal of its own.
class OnATerminal {
public:
    explicit OnATerminal(TopOptions options) {
        options.interval = std::chrono::milliseconds(10);
        child_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (child_ != 0) return;
        FakeHost host(Numbering::svm);
        host.cause(0x7b, 3);
        LedgerReader reader(host.cpuid());
        _exit(show_top([&] { return take_sample(reader); }, options));
    }

    // Reads until the screen has shown this; false if it ends before.
    bool shows(const std::string& text) {
        char bytes[4096];
        while (screen_.find(text) == screen_.npos) {
            const auto size = read(terminal_, bytes, sizeof(bytes));
            if (size <= 0) // EIO: nobody has it open any more
                return false;
            screen_.append(bytes, static_cast<std::size_t>(size));
        }
        return true;
    }

    void type(char key) const { ASSERT_EQ(write(terminal_, &key, 1), 1); }
    void send(int signal) const { kill(child_, signal); }

    tcflag_t flags() const {
        termios settings{};
        tcgetattr(terminal_, &settings);
        return settings.c_lflag & (ICANON | ECHO);
    }

    // As waitpid() has it.
    int status() const {
        int status = 0;
        waitpid(child_, &status, 0);
        return status;
    }
private:
    pid_t child_;
    int terminal_ = -1;
    std::string screen_;
};

constexpr auto restored = "\x1b[?1049l";

} // namespace

TEST(Top, ObeysKeysAndRestoresTheTerminal) {
    OnATerminal top{{}};
    ASSERT_TRUE(top.shows("0x7b io"));
    EXPECT_EQ(top.flags(), 0u);
    top.type('n');
    top.type('q');
    EXPECT_TRUE(top.shows(restored));
    EXPECT_EQ(top.status(), 0);
    EXPECT_EQ(top.flags(), tcflag_t{ICANON | ECHO});
}

TEST(Top, RestoresTheTerminalWhenASignalEndsIt) {
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
        OnATerminal top{{}};
        ASSERT_TRUE(top.shows("0x7b io"));
        top.send(signal);
        EXPECT_TRUE(top.shows(restored));
        const auto status = top.status();
        if (signal == SIGINT)
            EXPECT_EQ(status, 0);
        else
            EXPECT_EQ(WTERMSIG(status), signal);
        EXPECT_EQ(top.flags(), tcflag_t{ICANON | ECHO});
    }
}

TEST(Top, EndsAfterItsIterations) {
    TopOptions options;
    options.iterations = 2;
    OnATerminal top{options};
    EXPECT_TRUE(top.shows(restored));
    EXPECT_EQ(top.status(), 0);
}

TEST(Top, WritesCountersForPrometheus) {
    TopOptions options;
    options.csv = true;
    options.iterations = 1;
    options.openmetrics = testing::TempDir() + "exits.prom";
    OnATerminal top{options};
    EXPECT_TRUE(top.shows("Z,0x72,cpuid,")); // without the screen of a terminal
    EXPECT_EQ(top.status(), 0);
    const auto text = read_file(options.openmetrics);
    EXPECT_NE(text.find("exitaudit_exits_total{exit=\"0x7b\",name=\"io\"} 3\n"), text.npos);
    EXPECT_TRUE(text.ends_with("# EOF\n"));
    std::filesystem::remove(options.openmetrics);
}
