// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "temp_tree.hpp"

namespace {

using kmon::ExitCode;
using kmon::test::TempTree;

TEST(Sysfs, reads_a_parameter_without_its_newline) {
    const TempTree tree;
    tree.write("sys/module/kstat/parameters/counter", "10\n");
    EXPECT_EQ(kmon::read_parameter(tree.root(), "kstat", "counter").value(), "10");
}

TEST(Sysfs, an_empty_parameter_is_an_empty_string) {
    const TempTree tree;
    tree.write("sys/module/l2packet_counter/parameters/interface", "\n");
    EXPECT_EQ(kmon::read_parameter(tree.root(), "l2packet_counter", "interface").value(), "");
}

TEST(Sysfs, writes_the_value_and_a_newline_and_reads_back) {
    const TempTree tree;
    tree.write("sys/module/kstat/parameters/counter", "10\n");
    EXPECT_TRUE(kmon::write_parameter(tree.root(), {"kstat", "counter", "50"}));
    EXPECT_EQ(tree.read("sys/module/kstat/parameters/counter"), "50\n");
}

TEST(Sysfs, a_module_that_is_not_loaded_is_not_running) {
    const TempTree tree;
    const auto read = kmon::read_parameter(tree.root(), "kstat", "counter");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ExitCode::not_running);
    const auto written = kmon::write_parameter(tree.root(), {"kstat", "counter", "50"});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ExitCode::not_running);
    EXPECT_EQ(written.error().what, "cannot set kstat counter=50: the module kstat is not loaded");
    EXPECT_EQ(written.error().hint, "modprobe kstat");
}

TEST(Sysfs, an_older_module_without_the_parameter_is_told_apart) {
    const TempTree tree;
    tree.write("sys/module/kstat/initstate", "live\n");
    const auto written = kmon::write_parameter(tree.root(), {"kstat", "counter", "50"});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ExitCode::failed);
    EXPECT_NE(written.error().what.find("no such parameter"), std::string::npos) << written.error().what;
}

// A file of the kernel that accepts only numbers from -1000 to 1000, like a module's parameter.
TEST(Sysfs, the_kernels_refusal_keeps_its_errno) {
    const TempTree tree;
    tree.link("sys/module/kstat/parameters/counter", "/proc/self/oom_score_adj");
    const auto written = kmon::write_parameter(tree.root(), {"kstat", "counter", "2000000"});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().system, EINVAL);
    EXPECT_EQ(written.error().what, "cannot set kstat counter=2000000: the module refused the value");
    EXPECT_EQ(written.error().hint, "the kernel log says more: dmesg | grep kstat");
}

// A file that accepts 33 and then reads 00000033.
TEST(Sysfs, a_value_that_reads_back_as_another_is_an_error) {
    const TempTree tree;
    tree.link("sys/module/kstat/parameters/counter", "/proc/self/coredump_filter");
    const auto written = kmon::write_parameter(tree.root(), {"kstat", "counter", "33"});
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().what.find("it was accepted, but reads back as 000000"), std::string::npos)
        << written.error().what;
}

TEST(Sysfs, a_pipe_in_place_of_a_file_does_not_hold_us_up) {
    const TempTree tree;
    tree.link("sys/module/kstat/parameters/counter", "/dev/zero");
    EXPECT_FALSE(kmon::read_parameter(tree.root(), "kstat", "counter"));
}

TEST(Sysfs, a_module_that_is_loaded_anew_is_another_instance) {
    const TempTree tree;
    EXPECT_FALSE(kmon::module_instance(tree.root(), "kstat"));
    tree.write("sys/module/kstat/initstate", "coming\n");
    EXPECT_FALSE(kmon::module_instance(tree.root(), "kstat"));
    tree.write("sys/module/kstat/initstate", "live\n");
    const auto first = kmon::module_instance(tree.root(), "kstat");
    ASSERT_TRUE(first);
    EXPECT_EQ(kmon::module_instance(tree.root(), "kstat"), first);
    std::filesystem::rename(tree.path() / "sys/module/kstat", tree.path() / "away"); // so that its inode is not reused
    tree.write("sys/module/kstat/initstate", "live\n");
    EXPECT_NE(kmon::module_instance(tree.root(), "kstat"), first);
}

} // namespace
