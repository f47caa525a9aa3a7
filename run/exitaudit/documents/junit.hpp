// A document's results in the XML that continuous integration systems read.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace exitaudit {

// A testsuite for each run that the document (docs/json.md) holds, a testcase for each of
// its results and of the host's, and likewise for a boot. A run whose verdict no result explains has a
// testcase `verdict`, and a patch that was graded one that says whether it builds.
std::string junit_document(const nlohmann::json& document);

} // namespace exitaudit
