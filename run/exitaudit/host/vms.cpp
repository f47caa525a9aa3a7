// The ledgers of running VMs, as debugfs shows them.
#include "exitaudit/host/vms.hpp"

#include "exitaudit/support/take.hpp"
#include "exitaudit/witness/instruments.hpp"
#include "exitaudit/witness/ledger_text.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <tuple>

namespace exitaudit::host {
namespace {

namespace fs = std::filesystem;

constexpr auto debugfs = "sys/kernel/debug";

// What a table, CSV or OpenMetrics would have to escape becomes an underscore.
std::string plain(std::string text) {
    constexpr std::string_view others = "+-.:@";
    std::ranges::replace_if(
        text,
        [&](unsigned char c) {
            return c >= 0x80 || (std::isalnum(c) == 0 && others.find(static_cast<char>(c)) == others.npos);
        },
        '_');
    return text;
}

// What QEMU's -name gives it ("NAME,..." or "guest=NAME,..."); else the program's name.
std::string name_of_vm(const fs::path& process) {
    std::ifstream words(process / "cmdline", std::ios::binary);
    std::string word, name;
    while (std::getline(words, word, '\0'))
        if (word == "-name" && std::getline(words, name, '\0')) {
            std::string_view rest = name;
            take_prefix(rest, "guest=");
            return plain(std::string(rest.substr(0, rest.find(','))));
        }
    std::getline(std::ifstream(process / "comm"), name);
    return plain(name);
}

// A file that is gone, because its VM is, has no rows.
void take_rows(const fs::path& file, const Vcpu& vcpu, std::vector<Row>& rows) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        ledger::ExitNumber exit = 0; // "total" and "undefined" are none
        ExitRow row;
        if (words >> exit >> row)
            rows.push_back({.vcpu = vcpu,
                            .exit = exit,
                            .count = row.count,
                            .cycles = row.cycles,
                            .inside = row.inside,
                            .extremes = ledger::Leaves::Extremes{row.shortest, row.longest},
                            .buckets = row.buckets});
    }
}

} // namespace

void require_ledger(const Machine& machine, const fs::path& root) {
    if (machine.ledger != Ledger::on)
        throw Error(
            machine.ledger == Ledger::absent
                ? "not patched: this machine's KVM keeps no ledger; `exitaudit host` says what it takes"
                : "not patched: this machine's ledger is off: load kvm with exit_ledger=1",
            ExitCode::not_patched);
    if (const auto why = obstacle(root / debugfs, "debugfs", "kvm", "is KVM loaded?"); !why.empty())
        throw failure("{}", why);
}

// Source: kvm_create_vm_debugfs(), kvm_create_vcpu_debugfs().
Sample take_sample(const Machine& machine, const fs::path& root) {
    Sample sample{.numbering =
                      machine.vendor_module == "kvm_amd" ? ledger::Numbering::svm : ledger::Numbering::vmx,
                  .of_host = true};
    std::error_code ignored; // VMs come and go
    for (const auto& vm : fs::directory_iterator(root / debugfs / "kvm", ignored)) {
        const auto directory = vm.path().filename().string();
        std::string_view rest = directory;
        const auto process = take_number<int>(rest);
        if (!process || !take_prefix(rest, "-")) continue;
        const auto name = name_of_vm(root / "proc" / std::to_string(*process));
        for (const auto& file : fs::directory_iterator(vm, ignored)) {
            const auto vcpu = file.path().filename().string();
            rest = vcpu;
            if (!take_prefix(rest, "vcpu")) continue;
            if (const auto number = take_number<unsigned>(rest))
                take_rows(file.path() / "exit_ledger", {directory, name, *number}, sample.rows);
        }
    }
    std::ranges::sort(sample.rows, {}, [](const Row& row) { return std::tie(row.vcpu, row.exit); });
    return sample;
}

} // namespace exitaudit::host
