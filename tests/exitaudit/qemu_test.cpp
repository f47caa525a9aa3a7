// What is known of QEMU's versions.
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/places.hpp"

#include <gtest/gtest.h>

using exitaudit::require_intercepted_cr3;

TEST(Qemu, IsRefusedForShadowPagingWhereItIsKnownToLetReadsOfCr3Pass) {
    for (const auto* version : {"10.0.13", "10.0", "10.2.1", "11.1.3"})
        EXPECT_THROW(require_intercepted_cr3(version), exitaudit::Error) << version;
    for (const auto* version : {"7.2.22", "11.2.0", "12.0", "unknown"})
        EXPECT_NO_THROW(require_intercepted_cr3(version)) << version;
}
