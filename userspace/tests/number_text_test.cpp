// SPDX-License-Identifier: GPL-2.0-only
#include "number_text.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "netmon/options.hpp"

namespace {

using kmon::CountFrom;
using kmon::DecimalBetween;

TEST(NumberText, a_decimal_has_no_sign_and_is_a_number) {
    EXPECT_EQ(kmon::parse_decimal("10"), 10.0);
    EXPECT_EQ(kmon::parse_decimal("0.25"), 0.25);
    EXPECT_EQ(kmon::parse_decimal("1e3"), 1000.0);
    for (const char* const text :
         {"", "nan", "NaN", "-nan", "inf", "infinity", "1e999", "-1", "-0", "+1", " 1", "1 ", "0x10", "1,5", "1s"})
        EXPECT_EQ(kmon::parse_decimal(text), std::nullopt) << text;
}

TEST(NumberText, a_count_is_digits) {
    EXPECT_EQ(kmon::parse_count("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    for (const char* const text : {"", "-1", "+1", "1.0", "1e3", "0x10", " 1", "18446744073709551616", "nan"})
        EXPECT_EQ(kmon::parse_count(text), std::nullopt) << text;
}

TEST(NumberText, an_option_says_what_it_takes) {
    std::string text = "nan";
    EXPECT_EQ((DecimalBetween{0.01, 86400}(text)), "\"nan\" is not a number from 0.01 to 86400");
    text = "0.009";
    EXPECT_EQ((DecimalBetween{0.01, 86400}(text)), "\"0.009\" is not a number from 0.01 to 86400");
    text = "-1";
    EXPECT_EQ(CountFrom{1}(text), "\"-1\" is not a whole number of at least 1");
    text = "0";
    EXPECT_EQ(CountFrom{1}(text), "\"0\" is not a whole number of at least 1");
    text = "010";
    EXPECT_EQ(CountFrom{1}(text), "");
    EXPECT_EQ(text, "10");
}

// ---- the same on the command lines

// The options, or the exit status.
std::variant<netmon::Options, kmon::ExitCode> netmon_options(std::vector<std::string> words) {
    words.insert(words.begin(), "netmon");
    std::vector<char*> arguments;
    arguments.reserve(words.size());
    for (auto& word : words)
        arguments.push_back(word.data());
    testing::internal::CaptureStderr();
    auto options = netmon::parse_command_line(static_cast<int>(arguments.size()), arguments.data());
    EXPECT_EQ(testing::internal::GetCapturedStderr().empty(), std::holds_alternative<netmon::Options>(options));
    return options;
}

TEST(NumberText, netmon_takes_no_other_number) {
    for (const char* const number : {"nan", "inf", "-1", "0x10", "0.001", "86401", ""}) {
        const auto options = netmon_options({std::string("--interval=") + number});
        ASSERT_TRUE(std::holds_alternative<kmon::ExitCode>(options)) << number;
        EXPECT_EQ(std::get<kmon::ExitCode>(options), kmon::ExitCode::usage);
    }
    for (const char* const number : {"nan", "-1", "0", "1.5", "18446744073709551616"})
        EXPECT_TRUE(std::holds_alternative<kmon::ExitCode>(netmon_options({"--count", number}))) << number;
    const auto options = netmon_options({"--interval", "0.01", "--count", "010"});
    ASSERT_TRUE(std::holds_alternative<netmon::Options>(options));
    EXPECT_EQ(std::get<netmon::Options>(options).interval.count(), 0.01);
    EXPECT_EQ(std::get<netmon::Options>(options).count, 10U);
}

} // namespace
