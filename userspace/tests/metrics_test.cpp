// SPDX-License-Identifier: GPL-2.0-only
// The metrics of the modules.
#include "metrics.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <regex>
#include <set>

#include "fixture.hpp"
#include "modules/l2packet_counter.hpp"
#include "snapshot.hpp"

namespace kmon {
namespace {

using test::busy;

const Family& family(const std::string& name) {
    for (const auto& module : modules())
        for (const auto& candidate : module.metrics)
            if (candidate.name == name) return candidate;
    throw std::runtime_error("no family " + name);
}

Samples samples(const std::string& name, const char* moment = "second", std::size_t top = View::all) {
    const auto snapshot = take_snapshot(busy(moment), top);
    for (const auto& reading : snapshot)
        for (const auto& candidate : reading.module->metrics)
            if (candidate.name == name) return candidate.samples(**reading.view, top);
    throw std::runtime_error("no family " + name);
}

std::uint64_t value(const std::string& name, const std::vector<std::string>& labels = {}, const char* moment = "second",
                    std::size_t top = View::all) {
    for (const auto& sample : samples(name, moment, top))
        if (sample.labels == labels) return sample.value;
    ADD_FAILURE() << name << " has no such sample";
    return 0;
}

std::uint64_t sum(const Samples& samples) { return sum_of(samples, &Sample::value); }

// ---- true of every family ----

class EachModulesMetrics : public testing::TestWithParam<std::string> {
protected:
    const Module& module = *find_module(GetParam());
};

TEST_P(EachModulesMetrics, AreNamedAsPrometheusWantsThem) {
    const std::regex good("kmon_[a-z0-9]+(_[a-z0-9]+)+");
    const std::regex good_label("[a-z_]+");
    ASSERT_FALSE(module.metrics.empty());
    for (const auto& f : module.metrics) {
        EXPECT_TRUE(std::regex_match(f.name, good)) << f.name;
        for (const std::string ending : {"_total", "_created", "_info", "_count", "_sum", "_bucket"})
            EXPECT_FALSE(f.name.ends_with(ending)) << f.name << ": the kind appends " << ending;
        EXPECT_TRUE(f.help.ends_with(".")) << f.name;
        EXPECT_EQ(f.help.find_first_of("\\\n\"|"), std::string::npos) << f.name;
        for (const auto& label : f.labels) {
            EXPECT_TRUE(std::regex_match(label, good_label)) << f.name << " " << label;
            EXPECT_EQ(label.find("pid"), std::string::npos) << f.name << ": each process would be a series";
        }
        EXPECT_TRUE(f.scale == 1 || !f.unit().empty()) << f.name;
        EXPECT_EQ(f.scale != 1, f.kind == Family::Kind::counter && f.unit() == "seconds") << f.name;
    }
}

TEST_P(EachModulesMetrics, AreThereOnceForEachSetOfLabels) {
    const auto view = module.read(busy("second"));
    ASSERT_TRUE(view);
    for (const auto& f : module.metrics) {
        std::set<std::vector<std::string>> seen;
        for (const auto& sample : f.samples(**view, 3)) {
            EXPECT_EQ(sample.labels.size(), f.labels.size()) << f.name;
            EXPECT_TRUE(seen.insert(sample.labels).second) << f.name;
            EXPECT_EQ(sample.buckets.empty(), f.kind != Family::Kind::histogram) << f.name;
        }
        // The module in the fixture counts only received frames.
        const bool of_sent = f.name.starts_with("kmon_l2_destination_") || f.name.starts_with("kmon_l2_sent_");
        EXPECT_EQ(seen.empty(), of_sent) << f.name;
    }
}

TEST_P(EachModulesMetrics, CountersOnlyGrow) {
    const auto first = module.read(busy("first"));
    const auto second = module.read(busy("second"));
    ASSERT_TRUE(first && second);
    std::size_t compared = 0;
    for (const auto& f : module.metrics) {
        if (f.kind != Family::Kind::counter) continue;
        std::map<std::vector<std::string>, std::uint64_t> before;
        for (const auto& sample : f.samples(**first, 5))
            before[sample.labels] = sample.value;
        for (const auto& sample : f.samples(**second, 5))
            if (before.count(sample.labels)) {
                EXPECT_GE(sample.value, before[sample.labels]) << f.name;
                ++compared;
            }
    }
    EXPECT_GT(compared, 0U);
}

// The counts of sent frames with direction=both: fuzz/views/l2_sent.
TEST(L2Metrics, HaveEveryFactOfWhatIsSent) {
    const test::BusyCopy tree;
    std::filesystem::copy_file(std::string(KMON_SOURCE) + "/userspace/tests/fuzz/views/l2_sent",
                               tree.path() / "proc/l2packet_counter.json",
                               std::filesystem::copy_options::overwrite_existing);
    const auto& module = *find_module("l2packet_counter");
    const auto view = module.read(test::root_of(tree.path()));
    ASSERT_TRUE(view) << view.error().what;
    std::map<std::string, std::uint64_t> sums;
    for (const auto& f : module.metrics)
        if (f.name.starts_with("kmon_l2_sent_"))
            for (const auto& sample : f.samples(**view, View::all)) {
                EXPECT_EQ(sample.labels, std::vector<std::string>{"eth0"});
                sums[f.name] += sample.value;
            }
    EXPECT_EQ(sums, (std::map<std::string, std::uint64_t>{{"kmon_l2_sent_packets", 110},
                                                          {"kmon_l2_sent_bytes", 11000},
                                                          {"kmon_l2_sent_group_packets", 4},
                                                          {"kmon_l2_sent_group_bytes", 400},
                                                          {"kmon_l2_sent_untracked_packets", 3},
                                                          {"kmon_l2_sent_untracked_bytes", 300},
                                                          {"kmon_l2_sent_evicted_packets", 2},
                                                          {"kmon_l2_sent_evicted_bytes", 200}}));
}

// Every number and every boolean of the view is also a metric.
void expect_numbers(const Json& json, const std::set<std::uint64_t>& told, const std::string& path) {
    if (json.is_object() || json.is_array()) {
        for (const auto& item : json.items())
            expect_numbers(item.value(), told, path + "." + item.key());
    } else if (json.is_number() || json.is_boolean()) {
        const auto number = json.is_boolean() ? std::uint64_t{json.get<bool>()} : json.get<std::uint64_t>();
        EXPECT_TRUE(told.count(number)) << path << " = " << number << " is in no family";
    }
}

void leave_out(Json& json, const char* list, const char* key) {
    if (!json.contains(list)) return;
    for (auto& item : json[list])
        item.erase(key);
}

TEST_P(EachModulesMetrics, HaveEveryFactOfTheView) {
    const auto view = module.read(busy("second"));
    ASSERT_TRUE(view);
    std::set<std::uint64_t> told;
    for (const auto& f : module.metrics) {
        const auto all = f.samples(**view, View::all);
        told.insert(sum(all)); // a total in the view need not be a family: it is the sum of one
        for (const auto& sample : all) {
            told.insert({sample.value, sample.created});
            std::uint64_t in_buckets = 0;
            for (const auto& bucket : sample.buckets) {
                told.insert({bucket.count, bucket.most + 1});
                in_buckets += bucket.count;
            }
            told.insert(in_buckets);
        }
    }
    auto json = (*view)->json();
    leave_out(json, "sizes", "bytes"); // a histogram has one sum
    leave_out(json, "protocols", "ip_version");
    leave_out(json, "ip_versions", "ip_version"); // both are labels
    expect_numbers(json, told, module.name);
}

INSTANTIATE_TEST_SUITE_P(Modules, EachModulesMetrics, testing::ValuesIn(module_names()),
                         [](const auto& module) { return module.param; });

TEST(Metrics, NoNameStandsTwice) {
    std::set<std::string> names;
    for (const auto& module : modules())
        for (const auto& f : module.metrics)
            EXPECT_TRUE(names.insert(f.name).second) << f.name;
}

// ---- the figures ----

TEST(Metrics, LoopbackHasProtocolsAndAHistogram) {
    EXPECT_EQ(value("kmon_loopback_packets", {"4", "udp"}, "first"), 150U);
    EXPECT_EQ(value("kmon_loopback_segments", {"4", "tcp"}, "first"), 1696U);
    EXPECT_EQ(value("kmon_loopback_bytes", {"4", "tcp"}, "first"), 2112892U);
    const auto sizes = samples("kmon_loopback_packet_size_bytes", "first");
    ASSERT_EQ(sizes.size(), 1U);
    EXPECT_EQ(sizes[0].value, 2277548U);
    std::vector<std::uint64_t> bounds;
    std::uint64_t packets = 0;
    for (const auto& bucket : sizes[0].buckets) {
        bounds.push_back(bucket.most);
        packets += bucket.count;
    }
    EXPECT_EQ(bounds, (std::vector<std::uint64_t>{127, 255, 511, 1023, Bucket::no_bound}));
    EXPECT_EQ(packets, 607U);
}

TEST(Metrics, SourcesAndTheRestAddUpToTheTotal) {
    for (const std::size_t top : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{50}, View::all}) {
        const auto packets = samples("kmon_l2_source_packets", "second", top);
        EXPECT_EQ(packets.size(), 1 + std::min<std::size_t>(top, 50) + 1) << top; // br0 is away: it has only a rest
        EXPECT_EQ(sum(packets), 53920U) << top;
        EXPECT_EQ(sum(samples("kmon_l2_source_bytes", "second", top)), value("kmon_l2_bytes", {"veth0"})) << top;
        EXPECT_EQ(value("kmon_l2_folded_sources", {"veth0"}, "second", top), 50 - std::min<std::size_t>(top, 50));
    }
    EXPECT_EQ(value("kmon_l2_source_packets", {"veth0", "52:54:00:12:34:56"}, "second", 1), 36000U);
    EXPECT_EQ(value("kmon_l2_source_packets", {"veth0", "other"}, "second", 1), 53920U - 36000U);
    EXPECT_EQ(value("kmon_l2_attached", {"br0", "tracepoint"}), 0U);
}

TEST(Metrics, ProcessesThatFailedAreOfTwoKinds) {
    EXPECT_EQ(value("kmon_process_exits", {}, "first"), 78U);
    EXPECT_EQ(value("kmon_process_failed_exits", {"code"}, "first"), 11U);
    EXPECT_EQ(value("kmon_process_failed_exits", {"signal"}, "first"), 6U);
    EXPECT_EQ(value("kmon_process_exit_cpu_seconds", {"user"}, "first"), 2131670153U);
    EXPECT_EQ(family("kmon_process_exit_cpu_seconds").scale, 1'000'000'000U);
    EXPECT_EQ(family("kmon_process_exit_cpu_seconds").unit(), "seconds");
}

TEST(Metrics, AnInterfaceThatIsNotThereHasNoFigures) {
    const test::BusyCopy tree;
    tree.write("proc/netmon", R"({"interface":"eth9","error":"not found"})"
                              "\n");
    const auto* netmon = find_module("netmon_proc");
    const auto view = netmon->read(test::root_of(tree.path()));
    ASSERT_TRUE(view);
    EXPECT_TRUE(family("kmon_interface_receive_bytes").samples(**view, View::all).empty());
    EXPECT_EQ(family("kmon_interface_present").samples(**view, View::all).at(0).value, 0U);
}

TEST(Metrics, TheHistoryHasWhatCounts) {
    EXPECT_TRUE(family("kmon_process_exits").recorded);
    EXPECT_TRUE(family("kmon_loopback_packet_size_bytes").recorded);
    EXPECT_TRUE(family("kmon_l2_sources").recorded);
    EXPECT_FALSE(family("kmon_tcp_out_running").recorded);
    EXPECT_FALSE(family("kmon_process_probe").recorded);
}

// ---- very many MACs ----

struct Table {
    std::map<std::uint32_t, L2View::Mac> macs;
    std::uint64_t evicted_packets = 0;
    std::uint64_t evicted_bytes = 0;

    std::string text() const {
        std::uint64_t packets = evicted_packets;
        std::uint64_t bytes = evicted_bytes;
        std::string lines;
        for (const auto& [number, mac] : macs) {
            packets += mac.packets;
            bytes += mac.bytes;
            lines += R"({"interface":"a","mac":")" + to_string(mac.address) + R"(","packets":)" +
                     std::to_string(mac.packets) + R"(,"bytes":)" + std::to_string(mac.bytes) +
                     R"(,"first_seen":1700000000,"last_seen":1700000001})" + "\n";
        }
        return R"({"module":"l2packet_counter","version":"1","schema":1,"hook":"auto","reset_interval":20,"max_macs":9})"
               "\n"
               R"({"interface":"a","waiting":false,"hook":"tracepoint","macs":)" +
               std::to_string(macs.size()) + R"(,"packets":)" + std::to_string(packets) + R"(,"bytes":)" +
               std::to_string(bytes) + R"(,"untracked_packets":0,"untracked_bytes":0,"evicted_packets":)" +
               std::to_string(evicted_packets) + R"(,"evicted_bytes":)" + std::to_string(evicted_bytes) +
               R"(,"skipped_packets":0})" + "\n" + lines;
    }
};

L2View parsed(const Table& table, std::size_t top) {
    auto lines = Lines::of_text("view", table.text());
    auto view = parse_l2(lines, top);
    if (!view) throw std::runtime_error(view.error().what);
    return std::move(*view);
}

MacAddress address(std::uint32_t number) {
    return {2,
            0,
            static_cast<std::uint8_t>(number >> 24),
            static_cast<std::uint8_t>(number >> 16),
            static_cast<std::uint8_t>(number >> 8),
            static_cast<std::uint8_t>(number)};
}

// Frames arrive, MACs overtake each other, some are forgotten and come back. No sum shown for the rest goes down,
// neither of frames nor of bytes, although the two are ordered differently.
TEST(Metrics, TheRestNeverGoesDown) {
    std::mt19937 random(17);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    for (const std::size_t top : {std::size_t{1}, std::size_t{5}}) {
        Table table;
        std::map<std::string, std::uint64_t> rest;
        for (int moment = 0; moment < 1000; ++moment) {
            for (int i = 0; i < 5; ++i) {
                const auto number = below(30);
                auto& mac = table.macs[number];
                mac.address = address(number);
                const auto frames = 1 + below(number + 3);
                mac.packets += frames;
                mac.bytes += frames * (60 + below(9000));
            }
            if (below(4) == 0) {
                const auto gone = table.macs.find(below(30));
                if (gone != table.macs.end()) {
                    table.evicted_packets += gone->second.packets;
                    table.evicted_bytes += gone->second.bytes;
                    table.macs.erase(gone);
                }
            }
            const auto view = parsed(table, top);
            for (const std::string name : {"kmon_l2_source_packets", "kmon_l2_source_bytes"}) {
                const auto now = family(name).samples(view, top).back();
                ASSERT_EQ(now.labels.back(), "other");
                ASSERT_GE(now.value, rest[name]) << name << " at moment " << moment;
                rest[name] = now.value;
            }
        }
        EXPECT_GT(rest["kmon_l2_source_packets"], 1000U);
    }
}

// Reading with a bound gives the same as reading everything.
TEST(Metrics, ABoundedReadingSaysTheSame) {
    std::mt19937 random(18);
    Table table;
    for (std::uint32_t i = 0; i < 5000; ++i)
        table.macs[i] = {.address = address(i), .packets = random() % 1000, .bytes = random() % 100000};
    const auto whole = parsed(table, View::all);
    ASSERT_EQ(whole.interfaces[0].macs.size(), 5000U);
    for (const std::size_t top : {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{4999}}) {
        const auto bounded = parsed(table, top);
        EXPECT_EQ(bounded.interfaces[0].known_macs, 5000U);
        EXPECT_LE(bounded.interfaces[0].macs.size(), 2 * top);
        EXPECT_EQ(bounded.json(top)["interfaces"], whole.json(top)["interfaces"]) << top;
        for (const auto& f : find_module("l2packet_counter")->metrics) {
            const auto a = f.samples(bounded, top);
            const auto b = f.samples(whole, top);
            ASSERT_EQ(a.size(), b.size()) << f.name;
            for (std::size_t i = 0; i < a.size(); ++i) {
                EXPECT_EQ(a[i].labels, b[i].labels) << f.name;
                EXPECT_EQ(a[i].value, b[i].value) << f.name;
                EXPECT_EQ(a[i].created, b[i].created) << f.name;
            }
        }
    }
}

// Independent of the interface's name, and of other spellings of the same JSON line.
TEST(Metrics, AnyLineOfAMacIsRead) {
    for (
        const std::string line :
        {R"({"interface":"a","mac":"02:00:00:00:00:01","packets":7,"bytes":8,"first_seen":9,"last_seen":10})",
         R"({"interface":"\",\"mac\":\"x","mac":"02:00:00:00:00:01","packets":7,"bytes":8,"first_seen":9,"last_seen":10})",
         R"({ "mac": "02:00:00:00:00:01", "bytes": 8, "packets": 7, "last_seen": 10, "first_seen": 9, "new": 1 })"}) {
        Table table;
        table.macs[1].address = address(1);
        auto text = table.text();
        text = text.substr(0, text.find("{\"interface\":\"a\",\"mac\"")) + line + "\n";
        auto lines = Lines::of_text("view", text);
        const auto view = parse_l2(lines);
        ASSERT_TRUE(view) << view.error().what;
        const auto& mac = view->interfaces[0].macs.at(0);
        EXPECT_EQ(to_string(mac.address), "02:00:00:00:00:01");
        EXPECT_EQ(mac.packets, 7U);
        EXPECT_EQ(mac.bytes, 8U);
        EXPECT_EQ(mac.first_seen, 9U);
        EXPECT_EQ(mac.last_seen, 10U);
    }
}

} // namespace
} // namespace kmon
