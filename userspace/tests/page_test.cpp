// SPDX-License-Identifier: GPL-2.0-only
#include "page.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "format.hpp"
#include "graph.hpp"
#include "table.hpp"

namespace kmon {
namespace {

std::string printed(const Page& page, bool colour = false) {
    std::ostringstream out;
    print(out, page, colour);
    return out.str();
}

TEST(Page, StylesShowOnlyInColour) {
    const Page page = {Line("a").add("b", Style::bad).add("   ")};
    EXPECT_EQ(printed(page), "ab\n");
    EXPECT_EQ(printed(page, true), "a\033[31mb\033[0m\n");
}

TEST(Page, ALineIsFilledAndLimitedByColumns) {
    EXPECT_EQ(Line("█").fill(3).add("x").text(), "█  x");
    EXPECT_EQ(Line("abc").add("def").limit(4).text(), "abcd");
    EXPECT_EQ(Line("abc").fill(2).text(), "abc");
}

TEST(Page, WhatIsTooLongGoesOnBelowInItsOwnStyle) {
    const Page page = {Line("  ").add("first words", Style::bad).add(" and 20 s more"), Line("short")};
    const auto narrow = fitted(page, 14);
    EXPECT_EQ(printed(narrow), "  first words\n    and 20 s\n    more\nshort\n");
    EXPECT_EQ(narrow[0].spans()[1].style, Style::bad);
    EXPECT_EQ(printed(fitted(page, 80)), printed(page));
}

TEST(Table, LeavesOutColumnsBeforeItCutsAny) {
    Table table({{"name", Column::left}, {.head = "rx", .first_out = 1}, {"bytes"}, {.head = "seen", .first_out = 2}});
    table.row({text_cell("eth0"), count_cell(12), bytes_cell(1'234'567), text_cell("now")});
    EXPECT_EQ(printed(table.page(40, 0)), "name  rx      bytes  seen\neth0  12  1,234,567   now\n");
    EXPECT_EQ(printed(table.page(24, 0)), "name  rx    bytes  seen\neth0  12  1.23 MB   now\n");
    EXPECT_EQ(printed(table.page(22, 0)), "name  rx      bytes\neth0  12  1,234,567\n");
    EXPECT_EQ(printed(table.page(15, 0)), "name      bytes\neth0  1,234,567\n");
    EXPECT_EQ(printed(table.page(13, 0)), "name    bytes\neth0  1.23 MB\n");
}

TEST(Table, AlignsItsColumns) {
    Table table({{"name", Column::left}, {"count"}});
    table.row({text_cell("lo"), count_cell(1234)}).row({text_cell("veth0")});
    EXPECT_EQ(printed(table.page(80)), "  name   count\n  lo     1,234\n  veth0\n");
}

TEST(Table, GoesBriefWhereItIsTooWideWidestFirst) {
    Table table({{"", Column::left}, {"a"}, {"b"}});
    table.row({text_cell("x"), count_cell(UINT64_MAX), count_cell(1234)});
    EXPECT_EQ(printed(table.page(80, 0)),
              "                            a      b\nx  18,446,744,073,709,551,615  1,234\n");
    EXPECT_EQ(printed(table.page(20, 0)), "       a      b\nx  18.4E  1,234\n");
}

TEST(Table, IsCutWhereNothingHelps) {
    Table table({{"", Column::left}});
    table.row({text_cell("abcdefgh")});
    EXPECT_EQ(printed(table.page(4, 0)), "abcd\n");
}

TEST(Graph, Bar) {
    EXPECT_EQ(bar(0, 10, 8, true), "");
    EXPECT_EQ(bar(10, 10, 4, true), "████");
    EXPECT_EQ(bar(5, 10, 4, true), "██");
    EXPECT_EQ(bar(1, 1e9, 4, true), "▏") << "anything above 0 shows";
    EXPECT_EQ(bar(5, 10, 4, false), "##");
    EXPECT_EQ(bar(20, 10, 4, false), "####");
}

TEST(Graph, SparklineHasTheNewestAtTheRight) {
    EXPECT_EQ(sparkline({0, 4, 8}, 5, true), "   ▄█");
    EXPECT_EQ(sparkline({8, 0, 8}, 2, true), " █");
    EXPECT_EQ(sparkline({0, 0}, 2, true), "  ");
    EXPECT_EQ(sparkline({}, 3, true), "   ");
    EXPECT_EQ(sparkline({1, 1000}, 2, false), "_#");
}

} // namespace
} // namespace kmon
