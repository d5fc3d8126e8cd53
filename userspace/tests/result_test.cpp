// SPDX-License-Identifier: GPL-2.0-only
#include "result.hpp"

#include <gtest/gtest.h>

namespace {

kmon::Result<int> half(int number) {
    if (number % 2 != 0) return kmon::fail("3 is odd", kmon::ExitCode::usage, "take an even number");
    return number / 2;
}

TEST(Result, holds_a_value_or_says_why_not) {
    EXPECT_EQ(half(4).value(), 2);
    const auto none = half(3);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().what, "3 is odd");
    EXPECT_EQ(none.error().code, kmon::ExitCode::usage);
    EXPECT_EQ(none.error().hint, "take an even number");
}

} // namespace
