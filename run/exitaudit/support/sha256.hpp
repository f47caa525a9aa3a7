// SHA-256, to recognize content that was seen before.
#pragma once

#include <string>
#include <string_view>

namespace exitaudit {

// The digest in hexadecimal. Source: FIPS 180-4.
std::string sha256(std::string_view bytes);

} // namespace exitaudit
