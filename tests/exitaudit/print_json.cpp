// How a failed test shows JSON: declared before every test.
#include <nlohmann/json.hpp>

#include <ostream>

NLOHMANN_JSON_NAMESPACE_BEGIN

void PrintTo(const json& value, std::ostream* out) { *out << value.dump(2); }

void PrintTo(const ordered_json& value, std::ostream* out) { *out << value.dump(2); }

NLOHMANN_JSON_NAMESPACE_END
