// SPDX-License-Identifier: GPL-2.0-only
// The text that Prometheus scrapes.
#include "metrics_text.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "fixture.hpp"
#include "last_reload.hpp"
#include "metrics_page.hpp"

namespace kmon {
namespace {

using test::busy;

std::string text_of(const Family& family, const Samples& samples, MetricsFormat format, std::uint64_t since = 0) {
    MetricsText text(format);
    text.add(family, samples, since);
    return text.take();
}

const auto prometheus = MetricsFormat::prometheus;
const auto openmetrics = MetricsFormat::openmetrics;

// ---- the two formats

TEST(MetricsText, ACounter) {
    const auto family = counter("kmon_x_bytes", "Bytes.", {"a", "b"}, {});
    const Samples samples = {{{"1", "two"}, 3}, {.labels = {"", "two"}, .value = 18446744073709551615U, .created = 9}};
    EXPECT_EQ(text_of(family, samples, prometheus, 7), "# HELP kmon_x_bytes_total Bytes.\n"
                                                       "# TYPE kmon_x_bytes_total counter\n"
                                                       "kmon_x_bytes_total{a=\"1\",b=\"two\"} 3\n"
                                                       "kmon_x_bytes_total{b=\"two\"} 18446744073709551615\n");
    EXPECT_EQ(text_of(family, samples, openmetrics, 7), "# HELP kmon_x_bytes Bytes.\n"
                                                        "# TYPE kmon_x_bytes counter\n"
                                                        "# UNIT kmon_x_bytes bytes\n"
                                                        "kmon_x_bytes_total{a=\"1\",b=\"two\"} 3\n"
                                                        "kmon_x_bytes_created{a=\"1\",b=\"two\"} 7\n"
                                                        "kmon_x_bytes_total{b=\"two\"} 18446744073709551615\n"
                                                        "kmon_x_bytes_created{b=\"two\"} 9\n"
                                                        "# EOF\n");
}

TEST(MetricsText, AHistogramIsCumulative) {
    const auto family = histogram("kmon_x_size_bytes", "Sizes.", {"a"}, {});
    const Samples samples = {{{"1"}, 500, {{127, 3}, {255, 0}, {Bucket::no_bound, 2}}}};
    EXPECT_EQ(text_of(family, samples, prometheus), "# HELP kmon_x_size_bytes Sizes.\n"
                                                    "# TYPE kmon_x_size_bytes histogram\n"
                                                    "kmon_x_size_bytes_bucket{a=\"1\",le=\"127\"} 3\n"
                                                    "kmon_x_size_bytes_bucket{a=\"1\",le=\"255\"} 3\n"
                                                    "kmon_x_size_bytes_bucket{a=\"1\",le=\"+Inf\"} 5\n"
                                                    "kmon_x_size_bytes_sum{a=\"1\"} 500\n"
                                                    "kmon_x_size_bytes_count{a=\"1\"} 5\n");
    const auto open = text_of(family, samples, openmetrics, 8);
    EXPECT_NE(open.find("_bucket{a=\"1\",le=\"127.0\"} 3\n"), std::string::npos) << open;
    EXPECT_NE(open.find("kmon_x_size_bytes_created{a=\"1\"} 8\n# EOF\n"), std::string::npos) << open;
}

TEST(MetricsText, GaugesAndInfos) {
    EXPECT_EQ(text_of(gauge("kmon_x", "X.", {}, {}), {{{}, 1}}, openmetrics, 5),
              "# HELP kmon_x X.\n# TYPE kmon_x gauge\nkmon_x 1\n# EOF\n");
    const auto about = info("kmon_x", "X.", {"version"}, {});
    EXPECT_EQ(text_of(about, {{{"1.0"}, 1}}, openmetrics, 5),
              "# HELP kmon_x X.\n# TYPE kmon_x info\nkmon_x_info{version=\"1.0\"} 1\n# EOF\n");
    EXPECT_EQ(text_of(about, {{{"1.0"}, 1}}, prometheus, 5),
              "# HELP kmon_x_info X.\n# TYPE kmon_x_info gauge\nkmon_x_info{version=\"1.0\"} 1\n");
    EXPECT_EQ(text_of(about, {}, prometheus), "");
}

TEST(MetricsText, SecondsAreExact) {
    const auto family = in_nanoseconds(counter("kmon_x_seconds", "X.", {}, {}));
    const auto value = [&](std::uint64_t ns) {
        const auto text = text_of(family, {{{}, ns}}, prometheus);
        return text.substr(text.rfind(' ') + 1);
    };
    EXPECT_EQ(value(0), "0\n");
    EXPECT_EQ(value(1), "0.000000001\n");
    EXPECT_EQ(value(2131670153), "2.131670153\n");
    EXPECT_EQ(value(5'000'000'000), "5\n");
    EXPECT_EQ(value(1'500'000'000), "1.5\n");
    EXPECT_EQ(value(18446744073709551615U), "18446744073.709551615\n");
}

TEST(MetricsText, LabelsAreEscaped) {
    const auto text = text_of(gauge("kmon_x", "X.", {"a"}, {}), {{{"q\"b\\n\nu\xc3\xa9\xff"}, 1}}, prometheus);
    EXPECT_NE(text.find("kmon_x{a=\"q\\\"b\\\\n\\nu\xc3\xa9\xef\xbf\xbd\"} 1\n"), std::string::npos) << text;
}

// ---- which of them the client asks for

TEST(MetricsText, TheFormatIsNegotiated) {
    for (const auto* accept :
         {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;"
          "version=0.0.4;q=0.5,*/*;q=0.1", // Prometheus 2.42
          "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3",
          "application/openmetrics-text", "text/plain;q=0.5, Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.5"})
        EXPECT_EQ(preferred_format(accept), openmetrics) << accept;
    for (const auto* accept :
         {"", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "text/plain;version=0.0.4",
          "application/openmetrics-text;version=2.0.0", "application/openmetrics-text;q=0",
          "application/openmetrics-text;q=0.3,text/plain;q=0.5", ",,;;==q", "application/openmetrics-text;q=nan;q=0"})
        EXPECT_EQ(preferred_format(accept), prometheus) << accept;
}

// ---- the page

std::string page(const Root& root, std::size_t top = 100, MetricsFormat format = prometheus) {
    return metrics_text(root, take_snapshot(root, top), top, format);
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsPage, HasWhatTheModulesCounted) {
    const auto text = page(busy("first"), 2);
    for (const auto* line : {
             R"(kmon_module_up{module="kstat"} 1)",
             R"(kmon_loopback_packets_total{ip_version="4",protocol="udp"} 150)",
             R"(kmon_loopback_packet_size_bytes_bucket{le="+Inf"} 607)",
             R"(kmon_loopback_packet_size_bytes_count 607)",
             R"(kmon_l2_source_packets_total{interface="veth0",mac="52:54:00:12:34:56"} 9000)",
             R"(kmon_l2_source_packets_total{interface="veth0",mac="02:00:00:00:00:01"} 100)",
             R"(kmon_l2_source_packets_total{interface="veth0",mac="other"} 4380)",
             R"(kmon_l2_folded_sources{interface="veth0"} 48)",
             R"(kmon_l2_packets_total{interface="veth0"} 13480)",
             R"(kmon_tcp_out_segments_total{ip_version="4"} 1696)",
             R"(kmon_interface_receive_dropped_total{interface="veth0"} 13480)",
             R"(kmon_process_failed_exits_total{reason="signal"} 6)",
             R"(kmon_process_exit_cpu_seconds_total{mode="user"} 2.131670153)",
         })
        EXPECT_TRUE(has_line(text, line)) << line;
    EXPECT_EQ(text.find("kmon_config_last_reload"), std::string::npos) << "kmond does not run there";
}

// The grammar of the format, line by line: each family once, its head first, its samples together, no series twice.
void expect_well_formed(const std::string& text) {
    const std::regex head(R"(# (HELP|TYPE|UNIT) (kmon_[a-z0-9_]+) .+)");
    const std::regex sample(
        R"((kmon_[a-z0-9_]+)(\{[a-z_]+="([^"\\\n]|\\["\\n])*"(,[a-z_]+="([^"\\\n]|\\["\\n])*")*\})? [0-9]+(\.[0-9]+)?)");
    std::set<std::string> heads;
    std::set<std::string> series;
    std::string family;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (line == "# EOF") {
            EXPECT_TRUE(lines.peek() == EOF);
        } else if (std::regex_match(line, match, head)) {
            family = match[2];
            EXPECT_TRUE(heads.insert(match[1].str() + family).second) << line;
        } else if (std::regex_match(line, match, sample)) {
            EXPECT_TRUE(match[1].str().starts_with(family)) << line << " under " << family;
            EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
        } else {
            ADD_FAILURE() << "what is this: " << line;
        }
    }
    EXPECT_GT(series.size(), 50U);
}

TEST(MetricsPage, IsWellFormed) {
    for (const auto* moment : {"first", "second"})
        for (const auto format : {prometheus, openmetrics})
            expect_well_formed(page(busy(moment), 100, format));
}

// In Prometheus's format, a counter's family has the name of its samples, so everything that ends in _total is a
// counter.
TEST(MetricsPage, OnlyCountersAreTotals) {
    const std::regex type(R"(# TYPE (kmon_[a-z0-9_]+) ([a-z]+))");
    const auto text = page(busy("second"));
    std::size_t counters = 0;
    for (std::sregex_iterator match(text.begin(), text.end(), type), end; match != end; ++match) {
        EXPECT_EQ((*match)[1].str().ends_with("_total"), (*match)[2] == "counter") << (*match)[0];
        counters += (*match)[2] == "counter";
    }
    EXPECT_GT(counters, 20U);
}

TEST(MetricsPage, SaysWhyAModuleIsDown) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    const auto root = test::root_of(tree.path());
    const auto text = page(root);
    EXPECT_NE(text.find("kmon_module_up{module=\"kstat\",reason=\"no modules are installed for the running kernel"),
              std::string::npos)
        << text.substr(0, 1000);
    EXPECT_TRUE(has_line(text, R"(kmon_module_up{module="localhost_monitor"} 1)"));
    EXPECT_EQ(text.find("kmon_tcp_out"), std::string::npos);
    expect_well_formed(text);
}

TEST(MetricsPage, SaysWhatAViewHasThatCannotBeRead) {
    const test::BusyCopy tree;
    tree.write("proc/kstat/stats.json", "{\n");
    const auto text = page(test::root_of(tree.path()));
    EXPECT_NE(text.find("stats.json:1: not a JSON object\"} 0\n"), std::string::npos) << text.substr(0, 1000);
}

TEST(MetricsPage, SaysWhichModulesAreWanted) {
    const test::BusyCopy tree;
    tree.write("etc/kmon.toml", "[kstat]\nenabled = false\n");
    const auto text = page(test::root_of(tree.path()));
    EXPECT_TRUE(has_line(text, R"(kmon_module_enabled{module="kstat"} 0)"));
    EXPECT_TRUE(has_line(text, R"(kmon_module_enabled{module="netmon_proc"} 1)"));
}

TEST(MetricsPage, SaysHowTheLastReloadWent) {
    const test::BusyCopy tree;
    const auto root = test::root_of(tree.path());
    std::filesystem::create_directories(root.run / "kmon");
    ASSERT_TRUE(write_last_reload(root, {false, 1700000000}));
    const auto text = page(root);
    EXPECT_TRUE(has_line(text, "kmon_config_last_reload_successful 0"));
    EXPECT_TRUE(has_line(text, "kmon_config_last_reload_success_timestamp_seconds 1700000000"));
    for (const auto* garbage : {"", "{", "[]", "{\"worked\":1,\"worked_at\":2}", "{\"worked\":true}"}) {
        tree.write("run/kmon/last-reload", garbage);
        EXPECT_FALSE(read_last_reload(root)) << garbage;
    }
}

TEST(MetricsPage, AsJsonHasTheSameSamples) {
    const auto root = busy("second");
    const auto json = metrics_json(root, take_snapshot(root, 2), 2);
    std::size_t found = 0;
    for (const auto& family : json)
        for (const auto& sample : family["samples"])
            if (family["name"] == "kmon_l2_source_packets_total" && sample["labels"]["mac"] == "52:54:00:12:34:56") {
                EXPECT_EQ(sample["value"], 36000U);
                ++found;
            }
    EXPECT_EQ(found, 1U);
}

// ---- the document

std::string kind_in_words(const Family& family) { return type_name(family.kind); }

std::string row(const Family& family) {
    std::string labels;
    for (const auto& label : family.labels)
        labels += (labels.empty() ? "`" : ", `") + label + "`";
    return "| `" + sample_name(family) + "` | " + kind_in_words(family) + " | " + labels + " | " + family.help + " |\n";
}

std::string tables() {
    const std::string head = "\n| name | type | labels | |\n|---|---|---|---|\n";
    std::string text = "\n## All modules together\n" + head;
    for (const auto& common : common_metrics())
        text += row(common.family);
    for (const auto& module : modules()) {
        text += "\n## " + module.name + "\n" + head;
        for (const auto& family : module.metrics)
            text += row(family);
    }
    return text;
}

// The end of the document is generated: KMON_WRITE=1 kmon_tests --gtest_filter=MetricsDocument.*
TEST(MetricsDocument, HasEachFamilyAsItsDescriptionSays) {
    const auto path = std::string(KMON_SOURCE) + "/docs/metrics.md";
    std::ifstream file(path);
    std::stringstream content;
    content << file.rdbuf();
    file.close();
    const auto text = content.str();
    const auto begin = text.find("\n## All modules together\n");
    ASSERT_NE(begin, std::string::npos) << path;
    if (std::getenv("KMON_WRITE") != nullptr) {
        std::ofstream(path) << text.substr(0, begin) << tables();
        return;
    }
    EXPECT_EQ(text.substr(begin), tables()) << "KMON_WRITE=1 writes it";
}

} // namespace
} // namespace kmon
