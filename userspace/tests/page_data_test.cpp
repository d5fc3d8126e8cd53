// SPDX-License-Identifier: GPL-2.0-only
// The live page and the dashboard are tested with two files: kmon's JSON and metrics of the busy guest. This test
// compares them with the current output. After an intended change: KMON_UPDATE=1 kmon_tests --gtest_filter='PageData.*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "fixture.hpp"
#include "last_reload.hpp"
#include "metrics_page.hpp"
#include "stats_json.hpp"

namespace kmon {
namespace {

// name: relative to tests/.
void expect_content(const std::string& name, const std::string& wanted) {
    const auto path = std::filesystem::path(KMON_SOURCE) / "tests" / name;
    if (std::getenv("KMON_UPDATE") != nullptr) std::ofstream(path) << wanted;
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    EXPECT_EQ(content.str(), wanted) << name;
}

TEST(PageData, TheJsonOfTheBusyGuest) {
    constexpr std::size_t top = 20;
    const auto root = test::busy("first");
    auto json = stats_json(root, take_snapshot(root, top), 1795271060, top);
    json["kmon"] = "1.0.0";
    json["monotonic_ms"] = 4711000; // the exporter adds it
    expect_content("page/fixtures/stats.json", to_text(json, 1) + "\n");
}

TEST(PageData, TheMetricsOfTheBusyGuest) {
    const test::TempTree tree;
    std::filesystem::copy(test::fixtures() / "busy/first", tree.path(), std::filesystem::copy_options::recursive);
    const auto root = test::root_of(tree.path());
    std::filesystem::create_directories(root.run / "kmon");
    ASSERT_TRUE(write_last_reload(root, {true, 1795271000}));
    const auto text = metrics_text(root, take_snapshot(root, standard_top), standard_top, MetricsFormat::prometheus);
    expect_content("observability/metrics.txt",
                   std::regex_replace(text, std::regex(R"((kmon_build_info\{version=")[^"]*)"), "$011.0.0"));
}

} // namespace
} // namespace kmon
