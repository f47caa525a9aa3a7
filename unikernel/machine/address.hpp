// Where things lie. All memory is mapped one to one, so linear addresses are physical ones too.
#pragma once

#include <cstdint>

namespace machine {

inline std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uint64_t>(object); }

}
