// Collects facts about a host.
#include "exitaudit/witness/host_facts.hpp"

#include "exitaudit/support/json.hpp"

#include <fstream>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view separator = " | ";

// Calls `take(name, value)` for each "name=value".
template <typename Take> void each_pair(std::string_view text, Take take) {
    while (!text.empty()) {
        const auto end = text.find(separator);
        const auto pair = text.substr(0, end);
        if (const auto equals = pair.find('='); equals != std::string_view::npos)
            take(std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
    }
}

std::string first_line(const fs::path& path) {
    std::string line;
    std::getline(std::ifstream(path), line);
    return line;
}

// The processor's model and clock, from the first processor's paragraph.
void read_cpuinfo(const fs::path& path, HostFacts& facts) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line) && !line.empty();) {
        const auto colon = line.find(": ");
        if (colon == std::string::npos) continue;
        if (line.starts_with("model name"))
            facts.cpu = line.substr(colon + 2);
        else if (line.starts_with("cpu MHz"))
            facts.mhz = line.substr(colon + 2);
    }
}

// A file for each name, its first line the value.
std::map<std::string, std::string> values_in(const fs::path& directory, const std::string& prefix = "") {
    std::map<std::string, std::string> values;
    std::error_code ignored; // no such directory: no values
    for (const auto& entry : fs::directory_iterator(directory, ignored))
        if (auto value = first_line(entry.path()); !value.empty())
            values[prefix + entry.path().filename().string()] = std::move(value);
    return values;
}

} // namespace

void HostFacts::line(std::string_view text) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return;
    const auto kind = text.substr(0, space);
    text.remove_prefix(space + 1);
    if (kind == "cpu")
        cpu = text;
    else if (kind == "mhz")
        mhz = text;
    else if (kind == "vulnerabilities")
        each_pair(text, [&](auto name, auto value) { vulnerabilities[std::move(name)] = std::move(value); });
    else if (kind == "parameters")
        each_pair(text, [&](auto name, auto value) { kvm_parameters[std::move(name)] = std::move(value); });
}

HostFacts facts_of_machine(const fs::path& proc, const fs::path& sys) {
    HostFacts facts;
    read_cpuinfo(proc / "cpuinfo", facts);
    facts.command_line = first_line(proc / "cmdline");
    facts.vulnerabilities = values_in(sys / "devices/system/cpu/vulnerabilities");
    for (const auto* module : {"kvm", "kvm_intel", "kvm_amd"})
        facts.kvm_parameters.merge(
            values_in(sys / "module" / module / "parameters", std::string(module) + "."));
    return facts;
}

json document_of(const HostFacts& facts) {
    char* end = nullptr;
    const double mhz = std::strtod(facts.mhz.c_str(), &end);
    return {{"cpu", or_null(facts.cpu)},
            {"mhz", end == facts.mhz.c_str() ? json() : json(mhz)},
            {"command_line", or_null(facts.command_line)},
            {"vulnerabilities", facts.vulnerabilities},
            {"kvm_parameters", facts.kvm_parameters}};
}

} // namespace exitaudit
