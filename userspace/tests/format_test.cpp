// SPDX-License-Identifier: GPL-2.0-only
#include "format.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace kmon {
namespace {

constexpr std::uint64_t most = UINT64_MAX;
constexpr std::uint64_t s = 1'000'000'000;

TEST(Format, Grouped) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(grouped(most), "18,446,744,073,709,551,615");
}

TEST(Format, Brief) {
    EXPECT_EQ(brief(0), "0");
    EXPECT_EQ(brief(999), "999");
    EXPECT_EQ(brief(1000), "1.00k");
    EXPECT_EQ(brief(9994), "9.99k");
    EXPECT_EQ(brief(9996), "10.0k");
    EXPECT_EQ(brief(99960), "100k");
    EXPECT_EQ(brief(999499), "999k");
    EXPECT_EQ(brief(999500), "1.00M");
    EXPECT_EQ(brief(most), "18.4E");
}

TEST(Format, BriefNeverTakesMoreThanFiveCharacters) {
    for (std::uint64_t value = 1; value < most / 11; value = value * 11 / 10 + 1)
        EXPECT_LE(brief(value).size(), 5U) << value;
}

TEST(Format, BriefBytes) {
    EXPECT_EQ(brief_bytes(999), "999 B");
    EXPECT_EQ(brief_bytes(1234), "1.23 kB");
    EXPECT_EQ(brief_bytes(most), "18.4 EB");
}

TEST(Format, Percent) {
    EXPECT_EQ(percent(0, 0), "-");
    EXPECT_EQ(percent(0, 5), "0.0 %");
    EXPECT_EQ(percent(1, 3), "33.3 %");
    EXPECT_EQ(percent(5, 5), "100 %");
    EXPECT_EQ(percent(99999, 100000), "99.9 %") << "what is not all does not look so";
}

TEST(Format, Duration) {
    EXPECT_EQ(duration(0), "0 s");
    EXPECT_EQ(duration(950'000), "950 us");
    EXPECT_EQ(duration(999'600), "1.00 ms");
    EXPECT_EQ(duration(1'234'000), "1.23 ms");
    EXPECT_EQ(duration(999'600'000), "1.00 s");
    EXPECT_EQ(duration(12'340'000'000), "12.3 s");
    EXPECT_EQ(duration(59'960'000'000), "1m 00s");
    EXPECT_EQ(duration(243 * s), "4m 03s");
    EXPECT_EQ(duration(7500 * s), "2h 05m");
    EXPECT_EQ(duration((3 * 86400 + 4 * 3600) * s), "3d 04h");
    EXPECT_EQ(seconds(20), "20 s");
    EXPECT_EQ(seconds(86400), "1d 00h");
}

TEST(Format, WrapsAtBlanksAndNeverInsideAValue) {
    using Lines = std::vector<std::string>;
    EXPECT_EQ(wrapped("", 10, 10), Lines{""});
    EXPECT_EQ(wrapped("one two three", 7, 7), (Lines{"one two", "three"}));
    EXPECT_EQ(wrapped("one two three", 3, 13), (Lines{"one", "two three"}));
    EXPECT_EQ(wrapped("text view resets every 20 s", 26, 26), (Lines{"text view resets every", "20 s"}));
    EXPECT_EQ(wrapped("last seen 4m 03s ago", 13, 13), (Lines{"last seen", "4m 03s ago"}));
    EXPECT_EQ(wrapped("counted 12.3 MB, more", 12, 12), (Lines{"counted", "12.3 MB,", "more"}));
    EXPECT_EQ(wrapped("a share of 41.2 %", 15, 15), (Lines{"a share of", "41.2 %"}));
    EXPECT_EQ(wrapped("kstat 1 of 5 modules", 9, 9), (Lines{"kstat", "1 of 5", "modules"})) << "of is a word";
    EXPECT_EQ(wrapped("abcdefghij", 4, 4), (Lines{"abcd", "efgh", "ij"})) << "where there is no blank";
    EXPECT_EQ(wrapped("●●● ●●", 4, 4), (Lines{"●●●", "●●"})) << "columns are characters";
}

TEST(Format, Ago) {
    EXPECT_EQ(ago(100, 112), "12 s ago");
    EXPECT_EQ(ago(100, 100), "now");
    EXPECT_EQ(ago(200, 100), "now") << "the clock was set";
}

TEST(Format, WidthAndCutCountCharacters) {
    EXPECT_EQ(width("abc"), 3U);
    EXPECT_EQ(width("▁▂█"), 3U);
    EXPECT_EQ(cut("▁▂█", 2), "▁▂");
    EXPECT_EQ(cut("abc", 0), "");
    EXPECT_EQ(cut("abc", 9), "abc");
}

} // namespace
} // namespace kmon
