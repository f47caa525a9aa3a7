// One result out of several readings of the same.
#pragma once

#include "audit/result.hpp"

namespace audit {

/// Adds a further repeat to the results of those before, all of which passed: figures add
/// up, and the verdict is that of the repeat if it did not pass.
void join_repeat(Result& all, const Result& repeat);

}
