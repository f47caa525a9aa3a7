// A VM's ledger as root on the host sees it: debugfs's exit_ledger, read again and again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace exit_sampler {

struct Row {
    std::uint64_t count = 0, cycles = 0;
    bool operator==(const Row&) const = default;
};

using Rows = std::map<std::string, Row>; // by "total", exit number or "undefined"

class LedgerFile {
public:
    LedgerFile() = default;
    ~LedgerFile() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    LedgerFile(const LedgerFile&) = delete;
    LedgerFile& operator=(const LedgerFile&) = delete;

    // Looks for the VM of this process; true once it has been found. While the file is
    // open the VM's counts stay, though the process may be gone.
    bool find(int process) {
        namespace fs = std::filesystem;
        std::error_code ignored; // no debugfs: no VM
        for (const auto& entry : fs::directory_iterator("/sys/kernel/debug/kvm", ignored))
            if (descriptor_ < 0 &&
                entry.path().filename().string().starts_with(std::to_string(process) + "-"))
                descriptor_ = open((entry.path() / "exit_ledger").c_str(), O_RDONLY | O_CLOEXEC);
        return found();
    }

    bool found() const { return descriptor_ >= 0; }

    // All rows as of now; nothing if the file cannot be read.
    std::optional<Rows> read() const {
        std::string text;
        char bytes[4096];
        if (lseek(descriptor_, 0, SEEK_SET) != 0) return std::nullopt;
        ssize_t size = 0;
        while ((size = ::read(descriptor_, bytes, sizeof bytes)) > 0)
            text.append(bytes, static_cast<std::size_t>(size));
        if (size < 0) return std::nullopt;
        Rows rows;
        std::istringstream lines(text);
        std::string name, rest;
        for (Row row; lines >> name >> row.count >> row.cycles && std::getline(lines, rest);)
            rows[name] = row;
        return rows;
    }
private:
    int descriptor_ = -1;
};

} // namespace exit_sampler
