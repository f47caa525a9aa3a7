// What an embedded host with sanitizers needs, and where its reports point.
#include "exitaudit/lanes/sanitizers.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/process.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;

struct Sanitizer {
    std::string_view name;
    unsigned factor;        // of CPU time with QEMU, as measured, rounded up
    std::string_view words; // for the kernel
};

// Without its word, KASAN says nothing after its first report, and KCSAN watches one access of 4000, which is
// few for a short run. It must not watch many more: during each one's delay QEMU runs the other CPU, until a
// timer interrupt comes, and that exit the audits count.
constexpr std::array sanitizers{Sanitizer{"kasan", 3, " kasan_multi_shot"},
                                Sanitizer{"kcsan", 6, " kcsan.skip_watch=2000"}, Sanitizer{"kmemleak", 1, ""},
                                Sanitizer{"lockdep", 2, ""}, Sanitizer{"ubsan", 1, ""}};

const Sanitizer& sanitizer_named(const std::string& name) {
    const auto found = std::ranges::find(sanitizers, name, &Sanitizer::name);
    if (found == sanitizers.end()) {
        std::vector<std::string_view> names;
        for (const auto& each : sanitizers) names.push_back(each.name);
        throw usage_error("unknown sanitizer '{}': --sanitize takes {}", name, fmt::join(names, ", "));
    }
    return *found;
}

// "svm_vcpu_run+0x4d5/0x1230", and one byte before: a return address belongs to the line after the call.
std::vector<std::string> addresses_at(const std::string& address) {
    const auto plus = address.find("+0x"), slash = address.find('/');
    const auto offset = std::stoul(address.substr(plus + 1, slash - plus - 1), nullptr, 16);
    if (offset == 0) return {address};
    return {fmt::format("{}+{:#x}{}", address.substr(0, plus), offset - 1, address.substr(slash)), address};
}

} // namespace

std::vector<std::string> sanitizers_of(std::string_view list) {
    std::vector<std::string> names;
    std::istringstream words{std::string(list)};
    for (std::string name; std::getline(words, name, ',');) names.emplace_back(sanitizer_named(name).name);
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    if (names.empty()) sanitizer_named("");
    if (std::ranges::count(names, "kasan") && std::ranges::count(names, "kcsan"))
        throw usage_error("kasan and kcsan exclude each other: run them one after the other");
    return names;
}

std::string sanitizer_words(const std::vector<std::string>& names) {
    std::string words;
    for (const auto& name : names) words += sanitizer_named(name).words;
    return words;
}

unsigned sanitizer_factor(const std::vector<std::string>& names) {
    unsigned factor = 1;
    for (const auto& name : names) factor = factor * sanitizer_named(name).factor;
    return factor;
}

KernelReports::Find line_finder(const fs::path& built) {
    const auto objects = built / "objects";
    return [objects, known = std::map<std::string, std::vector<std::string>>()](
               std::string module, const std::string& address) mutable {
        const auto [entry, is_new] = known.try_emplace(module + " " + address);
        if (!is_new) return entry->second;
        std::ranges::replace(module, '_', '-');
        std::vector<std::string> command{(objects / "source/scripts/faddr2line").string(),
                                         (objects / "arch/x86/kvm" / (module + ".ko")).string()};
        for (const auto& each : addresses_at(address)) command.push_back(each);
        // "(inlined by) svm_vcpu_run at arch/x86/kvm/svm/svm.c:4300"
        static const Pattern place(" at .*/(arch|virt)/(.*:[0-9]+)");
        std::istringstream answer(output_of(command).out);
        for (std::string line; std::getline(answer, line);)
            if (const auto found = place.search(line)) {
                const auto text = fmt::format("{}/{}", found->at(1), found->at(2));
                if (!std::ranges::count(entry->second, text)) entry->second.push_back(text);
            }
        return entry->second;
    };
}

} // namespace exitaudit
