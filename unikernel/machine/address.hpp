// Addresses of objects. All memory is identity-mapped, so linear addresses are also physical.
#pragma once

#include <cstdint>

namespace machine {

inline std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uint64_t>(object); }

}
