// What `perf kvm stat report` told, held against the ledger's final state.
//
// perf counts an exit when it meets the kvm_entry that follows the kvm_exit
// (handle_begin_event() and handle_end_event() in tools/perf/builtin-kvm.c). So it misses
// exactly one exit of each thread that ran a vCPU: the last one, after which there was no
// entry. For the vCPU that ended the guest that is the OUT to port 0xf4.
#pragma once

#include "exitaudit/witness/host_result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace exitaudit {

class PerfCounts {
public:
    // Takes one line of the report.
    void line(std::string_view text);

    // Compares it, by the names of exits that perf prints, with the ledger's counts by
    // exit number, of which `undefined` have none. Each of `threads` ran a vCPU. Skipped
    // where perf lost events or told nothing.
    HostResult compare(const std::map<std::uint64_t, std::uint64_t>& ledger, std::uint64_t undefined,
                       std::size_t threads, bool svm) const;

private:
    std::string obstacle(std::size_t threads) const;

    std::map<std::string, std::uint64_t> counts_;
    std::string lost_, last_line_;
};

} // namespace exitaudit
