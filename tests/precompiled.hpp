// Included before every unit test, and precompiled: parsing these headers was half of what a test took to
// compile. Each test still includes what it uses.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

// In messages of failed tests JSON is shown as it is, not as GoogleTest shows a container.
NLOHMANN_JSON_NAMESPACE_BEGIN
void PrintTo(const json& value, std::ostream* out);
void PrintTo(const ordered_json& value, std::ostream* out);
NLOHMANN_JSON_NAMESPACE_END
