// SPDX-License-Identifier: GPL-2.0-only
// Rules for every module's description, and what the documents of the programs say about it.
#include "modules/module_table.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "fixture.hpp"
#include "snapshot.hpp"
#include "stats_json.hpp"

namespace kmon {
namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream content;
    content << file.rdbuf();
    EXPECT_FALSE(content.str().empty()) << path;
    return content.str();
}

std::string source(const std::string& name) { return content_of(std::string(KMON_SOURCE) + "/" + name); }

class EachModule : public testing::TestWithParam<std::string> {
protected:
    const Module& module = *find_module(GetParam());
};

TEST_P(EachModule, IsBuiltByDkms) { EXPECT_NE(source("dkms.conf").find("\"" + module.name + "\""), std::string::npos); }

TEST_P(EachModule, HasItsKeysInTheManual) {
    if (module.keys.empty()) return; // `enabled` is the same for all modules
    const auto manual = source("userspace/man/kmon.toml.5.scd");
    const auto begin = manual.find("\n# [" + module.section + "]");
    ASSERT_NE(begin, std::string::npos);
    const auto section = manual.substr(begin, manual.find("\n# ", begin + 1) - begin);
    const auto general = manual.substr(manual.find("\n# EVERY MODULE"));
    for (const auto& key : keys_of(module)) {
        const bool common = key.name == "view_mode" || key.name == "view_gid";
        EXPECT_NE((common ? general : section).find("\n*" + key.name + "* = "), std::string::npos) << key.name;
    }
}

TEST_P(EachModule, HasItsKeysInThePackagedFile) {
    if (module.keys.empty()) return;
    const auto file = source("userspace/kmon.toml");
    const auto begin = file.find("\n[" + module.section + "]");
    ASSERT_NE(begin, std::string::npos);
    const auto section = file.substr(begin, file.find("\n[", begin + 1) - begin);
    EXPECT_NE(section.find("\nenabled = "), std::string::npos);
    for (const auto& key : module.keys)
        EXPECT_NE(section.find("\n" + key.name + " = "), std::string::npos) << key.name;
}

TEST_P(EachModule, HasAManualPageAndCompletions) {
    EXPECT_NE(source("userspace/man/" + module.name + ".4.scd").find(module.name), std::string::npos);
    for (const auto* name : {"kmonctl.bash", "_kmonctl"}) {
        const auto path = std::string(KMON_BUILD) + "/userspace/completions/" + name;
        EXPECT_NE(content_of(path).find(module.name), std::string::npos) << path;
    }
}

TEST_P(EachModule, IsShownInEveryForm) {
    const auto view = module.read(test::busy("second"));
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_FALSE((*view)->page({}).empty());
    EXPECT_FALSE((*view)->settings().empty());
    EXPECT_FALSE((*view)->figures().empty());
    EXPECT_TRUE((*view)->json().is_object());
    if (module.compare) {
        const Stimulus none = {[](unsigned) { return Result<void>(); }, [] { return Result<std::uint64_t>(0); },
                               [](unsigned) { return Result<void>(); }, [] {}};
        EXPECT_FALSE(module.compare(test::busy("second"), none).subject.empty());
    }
}

TEST_P(EachModule, ThatIsNotThereIsNotRunning) {
    const test::TempTree tree;
    const auto view = module.read(tree.root());
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().code, ExitCode::not_running);
}

// Each setting is written once, to the module that it belongs to.
TEST_P(EachModule, ItsSettingsAreParametersOfItsOwn) {
    std::set<std::string> seen;
    for (const auto& setting : settings_of(Config(), module.name)) {
        EXPECT_EQ(setting.module, module.name);
        EXPECT_TRUE(seen.insert(setting.parameter).second) << setting.parameter;
        EXPECT_TRUE(read_parameter(test::busy("second"), module.name, setting.parameter)) << setting.parameter;
    }
}

INSTANTIATE_TEST_SUITE_P(Modules, EachModule, testing::ValuesIn(module_names()),
                         [](const auto& module) { return module.param; });

TEST(ModuleTable, SettingsAreTheModulesOwnParameters) {
    Config config;
    config.values["l2packet_counter.reset_interval"] = 300U;
    config.values["l2packet_counter.direction"] = "both";
    config.values["localhost_monitor.log_packets"] = true;
    config.values["kstat.counter"] = 50U;
    config.values["kstat.start"] = false;
    config.values["netmon.interface"] = "wlan0";
    config.values["process_monitor.log"] = true;
    config.values["process_monitor.log_rate"] = 0U;
    EXPECT_EQ(settings_of(config, "l2packet_counter"),
              (std::vector<Setting>{{"l2packet_counter", "max_macs", "65536"},
                                    {"l2packet_counter", "reset_interval", "300"},
                                    {"l2packet_counter", "direction", "both"}}));
    EXPECT_EQ(settings_of(config, "localhost_monitor"),
              (std::vector<Setting>{{"localhost_monitor", "log_packets", "1"}}));
    EXPECT_EQ(settings_of(config, "kstat"),
              (std::vector<Setting>{{"kstat", "counter", "50"}, {"kstat", "start", "0"}}));
    EXPECT_EQ(settings_of(config, "netmon_proc"), (std::vector<Setting>{{"netmon_proc", "iface", "wlan0"}}));
    EXPECT_EQ(settings_of(config, "process_monitor"),
              (std::vector<Setting>{{"process_monitor", "log_rate", "0"}, {"process_monitor", "log", "1"}}));
    EXPECT_TRUE(settings_of(config, "no_such_module").empty());
}

TEST(ModuleTable, WhoMayReadIsSetAtLoadWhereItIsNotTheStandard) {
    Config config;
    EXPECT_TRUE(load_settings_of(config, "kstat").empty());
    config.values["kstat.view_mode"] = "0440";
    config.values["kstat.view_gid"] = 997U;
    EXPECT_EQ(load_settings_of(config, "kstat"),
              (std::vector<Setting>{{"kstat", "view_mode", "0440"}, {"kstat", "view_gid", "997"}}));
}

TEST(StatsJson, HasEachModuleAndAsManyAddressesAsAskedFor) {
    const auto macs = [](const Json& json) { return json["modules"]["l2packet_counter"]["interfaces"][0]["macs"]; };
    EXPECT_EQ(macs(stats_json(test::busy("second"))).size(), 50U);
    const auto json = stats_json(test::busy("second"), 2);
    ASSERT_EQ(macs(json).size(), 2U);
    EXPECT_GE(macs(json)[0]["packets"], macs(json)[1]["packets"]);
    EXPECT_EQ(json["modules"].size(), modules().size());
    const test::TempTree tree;
    EXPECT_NE(stats_json(tree.root())["modules"]["kstat"]["error"], "");
}

} // namespace
} // namespace kmon
