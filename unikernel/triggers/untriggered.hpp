// Exit numbers that no trigger causes, and why.
#pragma once

#include "ledger/numbering.hpp"

#include <span>
#include <string_view>

namespace triggers {

/// Exit numbers from first to last that the manual defines or the kernel names, and that no trigger expects
/// or excludes.
struct Untriggered {
    ledger::ExitNumber first, last;
    std::string_view what;   ///< in the manual's words
    std::string_view reason; ///< why not: manual section, KVM function
};

/// All of one vendor, in the order of their numbers.
std::span<const Untriggered> untriggered(ledger::Numbering numbering);

}
