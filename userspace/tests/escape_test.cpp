// SPDX-License-Identifier: GPL-2.0-only
#include "escape.hpp"

#include <gtest/gtest.h>

namespace {

using kmon::json_string;
using kmon::printable;

TEST(Escape, json_strings_hold_any_name_on_one_line) {
    EXPECT_EQ(json_string("eth0"), R"("eth0")");
    EXPECT_EQ(json_string(""), R"("")");
    EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json_string("a\n\x1b[31m\x7f"), R"("a\u000a\u001b[31m\u007f")");
    EXPECT_EQ(json_string(std::string_view("a\0b", 3)), R"("a\u0000b")");
    EXPECT_EQ(json_string("\u00e9\u20ac\U0001F600"), "\"\u00e9\u20ac\U0001F600\"");
}

TEST(Escape, each_byte_that_is_no_utf8_becomes_the_replacement_character) {
    EXPECT_EQ(json_string("\xff"), R"("\ufffd")");
    EXPECT_EQ(json_string("a\xc3"), R"("a\ufffd")") << "cut short";
    EXPECT_EQ(json_string("\xc3("), R"("\ufffd(")");
    EXPECT_EQ(json_string("\xc0\xaf"), R"("\ufffd\ufffd")") << "overlong";
    EXPECT_EQ(json_string("\xe0\x80\xaf"), R"("\ufffd\ufffd\ufffd")") << "overlong";
    EXPECT_EQ(json_string("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "a surrogate";
    EXPECT_EQ(json_string("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "past U+10FFFF";
    EXPECT_EQ(json_string("\xf0\x9f\x98"), R"("\ufffd\ufffd\ufffd")") << "cut short";
}

TEST(Escape, printable_text_moves_no_cursor) {
    EXPECT_EQ(printable("br-lan.5"), "br-lan.5");
    EXPECT_EQ(printable("a\n\x1b[2J"), "a\\x0a\\x1b[2J");
    EXPECT_EQ(printable("a\\b\u00e9"), "a\\x5cb\\xc3\\xa9");
}

} // namespace
