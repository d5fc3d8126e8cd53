// SPDX-License-Identifier: GPL-2.0-only
// All JSON that kmon prints conforms to userspace/schema/*.json and has no keys that are not in there.
#include <array>
#include <cstdio>
#include <fstream>
#include <set>

#include "cli_fixture.hpp"
#include "exit_record.hpp"
#include "kmonctl/exit_rows.hpp"
#include "netmon/reading.hpp"
#include "recorded_history.hpp"

namespace kmon::cli {
namespace {

const std::string source = KMON_SOURCE;

class Schema : public Cli {
protected:
    void SetUp() override {
        if (std::system("python3 -c 'import jsonschema' 2>/dev/null") != 0) // NOLINT(cert-env33-c): a test's own words
            GTEST_SKIP() << "python3-jsonschema is not installed";
    }

    // The errors in `text` according to that schema. Empty if there are none.
    std::string faults(const std::string& schema, const std::string& text) const {
        const auto file = tree.write("output.json", text);
        const auto command = source + "/userspace/tests/validate-json --strict " + source + "/userspace/schema/" +
                             schema + ".json " + file.string() + " 2>&1";
        FILE* pipe = ::popen(command.c_str(), "r"); // NOLINT(cert-env33-c)
        std::string words;
        std::array<char, 4096> buffer{};
        for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
            words.append(buffer.data(), got);
        if (::pclose(pipe) != 0 && words.empty()) words = "validate-json failed";
        return words;
    }

    void validates(const std::string& schema, const std::vector<const char*>& arguments) {
        const auto outcome = run(root, arguments);
        EXPECT_EQ(faults(schema, outcome.out), "") << outcome.err;
    }

    test::BusyCopy tree;
    Root root = test::root_of(tree.path());
};

TEST_F(Schema, OfEveryView) {
    for (const auto& [schema, file] :
         {std::pair("localhost_monitor", "localhost_stats.json"),
          std::pair("l2packet_counter", "l2packet_counter.json"), std::pair("kstat", "kstat/stats.json"),
          std::pair("netmon_proc", "netmon"), std::pair("process_monitor", "process_monitor.json")})
        EXPECT_EQ(faults(schema, tree.read(std::string("proc/") + file)), "");
    EXPECT_EQ(faults("netmon_proc", R"({"interface":"eth9","error":"not found"})"), "");
}

TEST_F(Schema, OfStats) {
    validates("kmonctl-stats", {"stats", "--json"});
    validates("kmonctl-stats", {"stats", "kstat", "--json"});
    tree.write("proc/kstat/stats.json", R"({"module":"kstat","version":"1.0)");
    tree.write("proc/netmon", R"({"interface":"eth9","error":"not found"})");
    validates("kmonctl-stats", {"stats", "--json"});
}

TEST_F(Schema, OfTop) { validates("kmonctl-top", {"top", "--once", "--json", "--interval", "0.1"}); }

TEST_F(Schema, OfStatus) {
    validates("kmonctl-status", {"status", "--json"});
    tree.remove("sys/module/kstat");
    tree.remove("proc/kstat");
    tree.write("sys/module/process_monitor/parameters/log_rate", "7\n");
    tree.write("etc/kmon.toml", "[l2packet_counter]\ninterface = \"eth7\"\nview_mode = \"0400\"\n");
    validates("kmonctl-status", {"status", "--json"});
    tree.write("etc/kmon.toml", "[l2packet_counter]\ninterfaces = \"eth7\"\n");
    service = fail("cannot ask systemd");
    validates("kmonctl-status", {"status", "--json"});
    service = Service{"loaded", "inactive", "enabled", "5 of 5 modules"};
    validates("kmonctl-status", {"status", "--json"});
}

TEST_F(Schema, OfDoctor) {
    validates("kmonctl-doctor", {"doctor", "--json"});
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    validates("kmonctl-doctor", {"doctor", "--json"});
}

// As the module writes it with direction=both.
TEST_F(Schema, OfSentFrames) {
    std::ifstream file(source + "/userspace/tests/fuzz/views/l2_sent");
    const std::string sent{std::istreambuf_iterator<char>(file), {}};
    ASSERT_FALSE(sent.empty());
    tree.write("proc/l2packet_counter.json", sent);
    EXPECT_EQ(faults("l2packet_counter", sent), "");
    validates("kmonctl-stats", {"stats", "--json"});
    validates("kmonctl-macs", {"macs", "--json"});
}

TEST_F(Schema, OfMacsAndVersion) {
    tree.write("etc/ethers", "52:54:0:12:34:56 router\n");
    validates("kmonctl-macs", {"macs", "--json"});
    validates("kmonctl-version", {"version", "--json"});
    tree.remove("sys/module/kstat");
    validates("kmonctl-version", {"version", "--json"});
}

TEST_F(Schema, OfCheck) {
    validates("kmonctl-check", {"check", "--json"});
    tree.write("etc/kmon.toml", "[l2packet_counter]\ninterface = [\"eth0\"]\nmax_macs = 5\n");
    validates("kmonctl-check", {"check", "--json"});
    tree.write("etc/kmon.toml", "[kstat]\ncounter = 0\nconter = 1\n");
    validates("kmonctl-check", {"check", "--json"});
}

TEST_F(Schema, OfMetrics) {
    validates("kmonctl-metrics", {"metrics", "--json"});
    tree.remove("proc/kstat");
    validates("kmonctl-metrics", {"metrics", "--json", "--top", "0"});
}

// kmon-exporter answers the same: exporter_history_test.cpp.
TEST_F(Schema, OfHistory) {
    test::record_three_hours(tree);
    const auto ask = [&](std::vector<const char*> arguments) {
        arguments.insert(arguments.end(), {"--from", "@1800000000", "--to", "@1800010800", "--json"});
        arguments.insert(arguments.begin(), "history");
        validates("kmonctl-history", arguments);
    };
    for (const auto* table : {"devices", "interfaces", "exits", "tcp", "loopback"}) {
        ask({table});
        ask({table, "--by", "hour", "--top", "1"});
    }
    ask({"--by", "interval", "--device", test::nas});
}

TEST_F(Schema, OfPastExits) {
    past.push_back({});
    validates("kmonctl-exits", {"exits", "--since", "1h", "--json"});
    validates("kmonctl-exits", {"exits", "--since", "1h", "--json", "--summary"});
    EXPECT_EQ(faults("kmonctl-exits", R"({"seq":12,"lost":3})"), "");
}

TEST_F(Schema, OfWhatChangesModules) {
    tree.write("proc/kstat/nout", "");
    validates("kmonctl-reset", {"reset", "--json"});
    validates("kmonctl-kstat", {"kstat", "counter", "25", "--json"});
    validates("kmonctl-kstat", {"stop", "--json"});
    validates("kmonctl-load", {"load", "--json"});
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    validates("kmonctl-load", {"load", "--json"});
    validates("kmonctl-apply", {"apply", "--json"});
}

TEST_F(Schema, OfExits) {
    std::ifstream trace(test::fixtures() / "busy/trace");
    std::string lines;
    std::size_t exits = 0;
    for (std::string line; std::getline(trace, line);) {
        if (const auto at = line.find("process_exit: "); at != std::string::npos) line.erase(0, at);
        if (const auto record = parse_exit(line)) {
            lines += to_text(to_json(*record, 1'800'000'000'000'000'000, exits % 2 ? "/user.slice" : ""), -1) + '\n';
            ++exits;
        }
    }
    EXPECT_GT(exits, 100U);
    EXPECT_EQ(faults("kmonctl-exits", lines), "");
}

TEST_F(Schema, OfNetmon) {
    const Link link{.index = 2, .name = "eth0", .stats = {}, .alternative_names = {"wan"}, .operstate = 6};
    EXPECT_EQ(faults("netmon", netmon::json_line(link, "1700000000", nullptr, std::nullopt)), "");
    EXPECT_EQ(faults("netmon", netmon::json_line(link, "1700000000.123456", nullptr, 1.0, true)), "");
    EXPECT_EQ(faults("netmon", netmon::json_line(link, "1700000000", &link, 1.0)), "");
}

// A validator that accepts everything would miss these.
TEST_F(Schema, RefusesWhatIsNotDescribed) {
    EXPECT_NE(faults("kstat", ""), "");
    EXPECT_NE(faults("kstat", R"({"ip_version":5,"packets":1,"segments":1})"), "");
    EXPECT_NE(faults("kstat", R"({"ip_version":4,"packets":-1,"segments":1})"), "");
    EXPECT_NE(faults("kstat", R"({"ip_version":4,"packets":1,"segments":1,"new":1})"), "");
    EXPECT_NE(faults("kmonctl-version", R"({"kmon":"1","kernel":"6"})"), "");
    auto json = run(root, {"stats", "--json"}).json();
    json["modules"]["kstat"].erase("packets");
    EXPECT_NE(faults("kmonctl-stats", json.dump()), "");
}

// docs/schema.md lists every schema, and every command with --json has one.
TEST(SchemaFiles, AreListed) {
    std::ifstream page(source + "/docs/schema.md");
    if (!page) GTEST_SKIP() << "no documents in this copy of the source";
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(source + "/userspace/schema")) {
        if (entry.path().extension() != ".json") continue;
        ++files;
        EXPECT_NE(text.find("(../userspace/schema/" + entry.path().filename().string() + ")"), std::string::npos)
            << entry.path();
    }
    EXPECT_GE(files, 20U);
}

} // namespace
} // namespace kmon::cli
