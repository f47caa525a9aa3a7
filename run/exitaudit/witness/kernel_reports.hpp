// What the sanitizers of an embedded host's kernel report (KASAN, UBSAN, KCSAN, lockdep, kmemleak), and its
// other warnings: which of them are about the ledger?
#pragma once

#include "exitaudit/witness/host_result.hpp"

#include <functional>
#include <map>

namespace exitaudit {

struct KernelReport {
    std::string title;              // "BUG: KASAN: slab-out-of-bounds in svm_vcpu_run+0x4d5/0x1230 [kvm_amd]"
    std::vector<std::string> lines; // title and all, without the kernel's clock
    std::string place;              // of the ledger's lines, the first one named; empty: names none
};

class KernelReports {
public:
    void line(std::string_view text); // takes one line of the console

    bool is_reporting() const { return open_; } // the last line was one of a report

    // The source lines of "svm_vcpu_run+0x4d5/0x1230" in "kvm_amd", as far as they are known, those of
    // inlined functions first.
    using Find =
        std::function<std::vector<std::string>(const std::string& module, const std::string& address)>;

    // Which of the reports are about the ledger? KVM's functions contain its lines inlined.
    void locate(const Find& find);

    const KernelReport* first_of_ledger() const; // nullptr: there is none

    // host.sanitizers: fails by a report about the ledger. Others are listed, with their number.
    HostResult result() const;
private:
    std::vector<KernelReport> reports_;
    bool open_ = false;
};

} // namespace exitaudit
