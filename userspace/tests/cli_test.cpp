// SPDX-License-Identifier: GPL-2.0-only
// Every command of kmonctl except doctor, selftest and the pages of top.
#include "cli_fixture.hpp"

#include <unistd.h>

#include <map>

#include "modules/l2packet_counter.hpp"
#include "version.hpp"

namespace kmon::cli {
namespace {

// ---- the command line itself ----

TEST_F(Cli, WrongUseIsStatus2WithWordsOnStandardError) {
    for (const auto& arguments : std::vector<std::vector<const char*>>{{},
                                                                       {"nonsense"},
                                                                       {"stats", "--nonsense"},
                                                                       {"stats", "eth0"},
                                                                       {"top", "--interval", "0"},
                                                                       {"top", "--interval", "nan"},
                                                                       {"stats", "--top=-1"},
                                                                       {"exits", "--seconds", "nan"},
                                                                       {"exits", "--seconds", "inf"},
                                                                       {"exits", "--seconds", "x"}}) {
        const auto outcome = run(test::busy("second"), arguments);
        EXPECT_EQ(outcome.code, ExitCode::usage);
        EXPECT_EQ(outcome.out, "");
        EXPECT_EQ(outcome.err.rfind("kmonctl: ", 0), 0U) << outcome.err;
    }
}

TEST_F(Cli, AMisspeltCommandIsGuessed) {
    EXPECT_NE(run(test::busy("second"), {"stat"}).err.find("did you mean 'sta"), std::string::npos);
    for (const auto& hostile : std::vector<std::vector<const char*>>{
             {"\033[31m"}, {"stats", "\033[31m"}, {"stats", "--top", "\033[31m"}, {"macs", "--sort", "\xff\033"}})
        EXPECT_EQ(run(test::busy("second"), hostile).err.find('\033'), std::string::npos) << hostile.back();
}

TEST_F(Cli, AMisspeltOptionIsGuessed) {
    EXPECT_NE(run(test::busy("second"), {"stats", "--josn"}).err.find("did you mean '--json'?"), std::string::npos);
    EXPECT_NE(run(test::busy("second"), {"top", "--intervall=3"}).err.find("did you mean '--interval'?"),
              std::string::npos);
}

TEST_F(Cli, HelpOfACommandIsThatCommandsOwn) {
    EXPECT_EQ(run(test::busy("second"), {"help", "stats"}).out, run(test::busy("second"), {"stats", "--help"}).out);
    EXPECT_EQ(run(test::busy("second"), {"help"}).out, run(test::busy("second"), {"--help"}).out);
    const auto outcome = run(test::busy("second"), {"help", "statu"});
    EXPECT_EQ(outcome.code, ExitCode::usage);
    EXPECT_NE(outcome.err.find("did you mean 'status'?"), std::string::npos);
}

TEST_F(Cli, ColourIsAsAskedFor) {
    EXPECT_EQ(run(test::busy("second"), {"status"}).out.find('\033'), std::string::npos);
    EXPECT_NE(run(test::busy("second"), {"status", "--color", "always"}).out.find('\033'), std::string::npos);
    EXPECT_EQ(run(test::busy("second"), {"status", "--color=never"}).out.find('\033'), std::string::npos);
    EXPECT_EQ(run(test::busy("second"), {"status", "--color", "green"}).code, ExitCode::usage);
}

TEST_F(Cli, HelpIsData) {
    const auto outcome = run(test::busy("second"), {"--help"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_NE(outcome.out.find("stats"), std::string::npos);
    EXPECT_EQ(outcome.err, "");
    EXPECT_NE(run(test::busy("second"), {"stats", "--help"}).out.find("--top"), std::string::npos);
}

// ---- stats ----

// Most of these frames belong to protocols that this host does not speak.
TEST_F(Cli, StatsShowsWhatWasDroppedOnReceptionAsNoFault) {
    const auto out = run(test::busy("second"), {"stats", "netmon_proc", "--color", "always"}).out;
    EXPECT_NE(out.find("53,920"), std::string::npos);
    EXPECT_EQ(out.find("\033[33m"), std::string::npos) << out;
}

TEST_F(Cli, StatsIsPlainAsciiWhereTheLocaleIs) {
    unicode = false;
    const auto out = run(test::busy("second"), {"stats"}).out;
    EXPECT_TRUE(std::ranges::all_of(out, [](char c) { return static_cast<unsigned char>(c) < 0x7f; }));
    EXPECT_NE(out.find("####"), std::string::npos);
}

TEST_F(Cli, ANameCannotReachTheTerminal) {
    const test::BusyCopy tree;
    tree.replace("proc/netmon", R"("veth1")", R"("e\u001b[2J\n")");
    const auto outcome = run(test::root_of(tree.path()), {"stats", "netmon_proc"});
    EXPECT_EQ(outcome.out.find('\033'), std::string::npos);
    EXPECT_NE(outcome.out.find(R"(e\x1b[2J\x0a)"), std::string::npos) << outcome.out;
}

TEST_F(Cli, StatsWithOneModuleMissingShowsTheOthers) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    const auto outcome = run(test::root_of(tree.path()), {"stats"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_NE(outcome.out.find("kstat is not loaded"), std::string::npos);
    EXPECT_NE(outcome.out.find("LOOPBACK"), std::string::npos);

    const auto one = run(test::root_of(tree.path()), {"stats", "kstat"});
    EXPECT_EQ(one.code, ExitCode::not_running);
    EXPECT_EQ(one.out, "");
    EXPECT_NE(one.err.find("kstat is not loaded"), std::string::npos);
}

TEST_F(Cli, StatsWithoutAnyModuleIsNotRunning) {
    const test::TempTree tree;
    const auto outcome = run(tree.root(), {"stats", "--json"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    EXPECT_EQ(outcome.err.rfind("kmonctl: no module is loaded", 0), 0U) << outcome.err;
}

TEST_F(Cli, StatsAsJsonHasEveryMacAndEveryModule) {
    const auto json = run(test::busy("second"), {"stats", "--json", "--top", "0"}).json();
    EXPECT_EQ(json["host"], "kmon");
    EXPECT_EQ(json["timestamp"], 1'800'000'000);
    EXPECT_EQ(json["modules"].size(), 5U);
    EXPECT_EQ(json["modules"]["l2packet_counter"]["interfaces"][0]["macs"].size(), 50U);
}

TEST_F(Cli, ABrokenViewInJsonIsAnErrorOfItsModule) {
    const test::BusyCopy tree;
    tree.write("proc/kstat/stats.json", R"({"module":"kstat","version":"1.0)");
    const auto outcome = run(test::root_of(tree.path()), {"stats", "--json"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_NE(outcome.json()["modules"]["kstat"]["error"].get<std::string>().find("middle of a line"),
              std::string::npos);
}

// ---- status ----

TEST_F(Cli, StatusOfARunningMachineIsGood) {
    const auto outcome = run(test::busy("second"), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_LE(longest_line(outcome.out), 80U);
    for (const auto* part : {"on veth0, br0 (waiting)", "started, counter 10", "active, enabled: 5 of 5 modules"})
        EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
}

TEST_F(Cli, StatusWithoutAModuleNamesItAndIsNotRunning) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    const auto outcome = run(test::root_of(tree.path()), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    const auto json = run(test::root_of(tree.path()), {"status", "--json"}).json();
    EXPECT_EQ(json["modules"]["kstat"]["loaded"], false);
    EXPECT_NE(json["modules"]["kstat"]["cure"], "");
}

TEST_F(Cli, StatusTellsHowManyMoreMistakesThereAre) {
    const test::BusyCopy tree;
    std::string text = "[kstat]\n";
    for (int i = 0; i < 50; ++i)
        text += "no" + std::to_string(i) + " = 1\n";
    tree.write("etc/kmon.toml", text);
    EXPECT_NE(run(test::root_of(tree.path()), {"status"}).out.find("and 30 more"), std::string::npos);
    const auto json = run(test::root_of(tree.path()), {"status", "--json"}).json();
    EXPECT_EQ(json["configuration"]["problems"].back(), "and 30 more");
}

TEST_F(Cli, StatusOfAModuleThatIsJustComingIsNotGood) {
    const test::BusyCopy tree;
    tree.write("sys/module/kstat/initstate", "coming\n");
    const auto outcome = run(test::root_of(tree.path()), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    EXPECT_NE(outcome.out.find("✗ kstat"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("just being loaded"), std::string::npos) << outcome.out;
}

TEST_F(Cli, StatusTakesAModuleThatIsSwitchedOffForGranted) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    tree.write("etc/kmon.toml", "[kstat]\nenabled = false\n");
    const auto outcome = run(test::root_of(tree.path()), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.out;
    EXPECT_NE(outcome.out.find("not loaded, as configured"), std::string::npos);
}

TEST_F(Cli, StatusOfAServiceThatIsDownIsNotRunning) {
    service->active = "failed";
    const auto outcome = run(test::busy("second"), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    EXPECT_NE(outcome.out.find("systemctl start kmon"), std::string::npos);
}

TEST_F(Cli, StatusOfABadConfigurationIs78) {
    const test::BusyCopy tree;
    tree.write("etc/kmon.toml", "[kstat]\ncounter = 0\n");
    const auto outcome = run(test::root_of(tree.path()), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::bad_config);
    EXPECT_NE(outcome.out.find("kmon.toml:2:"), std::string::npos) << outcome.out;
}

TEST_F(Cli, StatusNamesWhyAModuleWasRefusedAndHasItsErrno) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    tree.write("run/kmon/load-errors", "kstat 129\n");
    const std::string release = "6.1.0-56-amd64";
    tree.write("proc/sys/kernel/osrelease", release + "\n");
    std::filesystem::copy(test::fixtures() / "modules/lib", tree.path() / "lib",
                          std::filesystem::copy_options::recursive);
    std::filesystem::create_directories(tree.path() / "lib/modules" / release / "updates/dkms");
    std::filesystem::copy(KMON_BUILT_MODULE, tree.path() / "lib/modules" / release / "updates/dkms/kstat.ko");
    const auto json = run(test::root_of(tree.path()), {"status", "--json"}).json();
    EXPECT_EQ(json["modules"]["kstat"]["problem"]["errno"], 129) << json;
    EXPECT_EQ(json["modules"]["kstat"]["reason"].get<std::string>().rfind("it is not signed", 0), 0U) << json;
    const auto metrics = run(test::root_of(tree.path()), {"metrics"}).out;
    EXPECT_NE(metrics.find("kmon_module_up{module=\"kstat\",reason=\"it is not signed"), std::string::npos) << metrics;
}

TEST_F(Cli, StatusOfAStoppedServiceDoesNotRepeatItsLastWords) {
    service = Service{"loaded", "inactive", "enabled", "5 of 5 modules; kstat started"};
    const auto outcome = run(test::busy("second"), {"status"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    EXPECT_EQ(outcome.out.find("5 of 5 modules"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("inactive, enabled"), std::string::npos);
}

// Without colour, in UTF-8 and in ASCII.
TEST_F(Cli, GoodWarningAndBadAreThreeSigns) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    tree.write("sys/module/process_monitor/parameters/log_rate", "7\n"); // by hand
    for (const bool utf8 : {true, false}) {
        unicode = utf8;
        std::istringstream lines(run(test::root_of(tree.path()), {"status"}).out);
        std::map<std::string, std::string> marks;
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string mark;
            std::string name;
            words >> mark >> name;
            marks[name] = mark;
        }
        EXPECT_EQ(marks["localhost_monitor"], utf8 ? "●" : "+");
        EXPECT_EQ(marks["process_monitor"], utf8 ? "▲" : "!");
        EXPECT_EQ(marks["kstat"], utf8 ? "✗" : "x");
    }
}

TEST_F(Cli, StatusAndDoctorBeginWithHostKernelVersionAndDate) {
    for (const auto* command : {"status", "doctor"}) {
        const auto out = run(test::busy("second"), {command}).out;
        EXPECT_EQ(
            out.rfind("kmon " + std::string(kmon::version) + " on kmon, Linux 6.12.117+deb13-amd64\n2027-01-15 ", 0),
            0U)
            << out;
        const auto json = run(test::busy("second"), {command, "--json"}).json();
        EXPECT_EQ(json["kmon"], kmon::version);
        EXPECT_EQ(json["host"], "kmon");
        EXPECT_EQ(json["kernel"], "6.12.117+deb13-amd64");
        EXPECT_EQ(json["timestamp"], 1'800'000'000);
    }
}

// ---- check ----

TEST_F(Cli, CheckOfAnEmptyNameIsWrongUse) {
    const auto outcome = run(test::busy("second"), {"check", ""});
    EXPECT_EQ(outcome.code, ExitCode::usage);
    EXPECT_EQ(outcome.out, "");
}

TEST_F(Cli, CheckPointsAtTheFault) {
    const test::TempTree tree;
    const auto file = tree.write("etc/kmon.toml", "[kstat]\nconter = 5\n");
    const auto outcome = run(tree.root(), {"check"});
    EXPECT_EQ(outcome.code, ExitCode::bad_config);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.rfind(file.string() + ":2:1: ", 0), 0U) << outcome.err;

    const auto json = run(tree.root(), {"check", "--json"});
    EXPECT_EQ(json.code, ExitCode::bad_config);
    EXPECT_EQ(json.json()["ok"], false);
    EXPECT_EQ(json.json()["problems"][0]["line"], 2);
}

TEST_F(Cli, CheckOfAGoodFileShowsWhatItMeans) {
    const test::TempTree tree;
    const auto file = tree.write("other.toml", "[kstat]\ncounter = 5\n").string();
    EXPECT_EQ(run(tree.root(), {"check", file.c_str()}).out, file + ": good\n");
    const auto json = run(tree.root(), {"check", file.c_str(), "--json"}).json();
    EXPECT_EQ(json["config"]["kstat"]["counter"], 5);
    EXPECT_EQ(json["config"]["l2packet_counter"]["interface"], "auto");
}

TEST_F(Cli, CheckOfAMissingFileFails) {
    const test::TempTree tree;
    EXPECT_NE(run(tree.root(), {"check", "/nonexistent.toml"}).code, ExitCode::ok);
    EXPECT_EQ(run(tree.root(), {"check"}).code, ExitCode::ok) << "no file at all: the defaults hold";
}

// ---- reset, start, stop ----

TEST_F(Cli, ResetWritesTheWord) {
    const test::BusyCopy tree;
    tree.write("proc/kstat/nout", "");
    tree.write("proc/process_monitor", "");
    EXPECT_EQ(run(test::root_of(tree.path()), {"reset", "kstat"}).code, ExitCode::ok);
    EXPECT_EQ(tree.read("proc/kstat/nout"), "reset");
    EXPECT_EQ(tree.read("proc/process_monitor"), "");
    EXPECT_EQ(run(test::root_of(tree.path()), {"reset", "--json"}).json()["reset"].size(), 4U);
    EXPECT_EQ(tree.read("proc/process_monitor"), "reset");
}

TEST_F(Cli, ResetOfWhatIsNotThere) {
    const test::TempTree tree;
    EXPECT_EQ(run(tree.root(), {"reset"}).code, ExitCode::not_running);
    EXPECT_EQ(run(tree.root(), {"reset", "kstat"}).code, ExitCode::not_running);
    EXPECT_EQ(run(tree.root(), {"reset", "netmon_proc"}).code, ExitCode::usage);
}

TEST_F(Cli, StartAndStopWriteTheParameter) {
    const test::BusyCopy tree;
    EXPECT_EQ(run(test::root_of(tree.path()), {"stop"}).code, ExitCode::ok);
    EXPECT_EQ(tree.read("sys/module/kstat/parameters/start")[0], '0');
    EXPECT_EQ(run(test::root_of(tree.path()), {"start", "--json"}).json()["module"], "kstat");
    EXPECT_EQ(tree.read("sys/module/kstat/parameters/start")[0], '1');
}

TEST_F(Cli, KstatsStepAndSwitchAreSetByItsOwnCommand) {
    const test::BusyCopy tree;
    const auto root = test::root_of(tree.path());
    EXPECT_EQ(run(root, {"kstat", "stop"}).code, ExitCode::ok);
    EXPECT_EQ(tree.read("sys/module/kstat/parameters/start")[0], '0');
    EXPECT_EQ(run(root, {"kstat", "counter", "25"}).code, ExitCode::ok);
    EXPECT_EQ(tree.read("sys/module/kstat/parameters/counter").substr(0, 2), "25");
    for (const auto& wrong : std::vector<std::vector<const char*>>{{"kstat"},
                                                                   {"kstat", "counter"},
                                                                   {"kstat", "counter", "0"},
                                                                   {"kstat", "counter", "-1"},
                                                                   {"kstat", "start", "3"}})
        EXPECT_EQ(run(root, wrong).code, ExitCode::usage);
}

// ---- macs ----

TEST_F(Cli, MacsAreSortedFoundAndNamed) {
    const test::BusyCopy tree;
    const auto root = test::root_of(tree.path());
    tree.write("etc/ethers", "# the router\n52:54:0:12:34:56 router # by the door\nnonsense\n");
    const auto macs = run(root, {"macs", "--json"}).json()["macs"];
    ASSERT_EQ(macs.size(), 50U);
    for (std::size_t i = 1; i < macs.size(); ++i)
        EXPECT_GE(macs[i - 1]["packets"], macs[i]["packets"]);
    EXPECT_EQ(macs[0]["name"], "router");
    const auto found = run(root, {"macs", "--json", "Router"}).json()["macs"];
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]["mac"], "52:54:00:12:34:56");
    EXPECT_EQ(run(root, {"macs", "--json", "52-54-00-12"}).json()["macs"][0]["name"], "router");
    EXPECT_EQ(run(root, {"macs", "ff:ff"}).code, ExitCode::failed);
    EXPECT_EQ(run(root, {"macs", "--sort", "age"}).code, ExitCode::usage);
    EXPECT_LE(longest_line(run(root, {"macs"}).out), 80U);

    const auto view = *read_l2(root);
    const auto interface = view.json(2)["interfaces"][0];
    EXPECT_EQ(interface["mac_count"], 50);
    EXPECT_EQ(interface["macs"][0]["name"], "router");
    EXPECT_FALSE(interface["macs"][1].contains("name")) << "which has none";
    const auto page = run(root, {"stats", "l2packet_counter"}).out;
    EXPECT_NE(page.find("52:54:00:12:34:56  router"), std::string::npos) << page;
}

TEST_F(Cli, MacsWithoutANameHaveTheirVendor) {
    const test::BusyCopy tree;
    const auto root = test::root_of(tree.path());
    auto view = tree.read("proc/l2packet_counter.json");
    const std::string mac = "52:54:00:12:34:56"; // made up: bit 1 of its first byte is set
    EXPECT_NE(run(root, {"macs", mac.c_str()}).out.find("(random)"), std::string::npos);
    view.replace(view.find(mac), mac.size(), "28:6f:b9:12:34:56");
    tree.write("proc/l2packet_counter.json", view);
    tree.write("usr/share/ieee-data/oui.txt", "28-6F-B9   (hex)\t\tNokia Shanghai Bell Co., Ltd.\n");
    EXPECT_NE(run(root, {"macs", "28:6f"}).out.find("Nokia Shanghai B"), std::string::npos);
    EXPECT_EQ(run(root, {"macs", "28:6f", "--json"}).json()["macs"][0]["vendor"], "Nokia Shanghai Bell Co., Ltd.");
}

TEST_F(Cli, StartWithoutTheModuleIsNotRunning) {
    const test::TempTree tree;
    EXPECT_EQ(run(tree.root(), {"start"}).code, ExitCode::not_running);
}

// ---- apply, version, exits, top ----

TEST_F(Cli, ApplyOfABadFileChangesNothing) {
    const test::BusyCopy tree;
    tree.write("etc/kmon.toml", "[kstat]\nstart = 3\n");
    const auto outcome = run(test::root_of(tree.path()), {"apply"});
    EXPECT_EQ(outcome.code, ExitCode::bad_config);
    EXPECT_EQ(tree.read("sys/module/kstat/parameters/start"), "1\n");
}

// Without kmond: says what is missing, and is not a success.
TEST_F(Cli, ApplyWithAMissingModuleFailsAndNamesIt) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    tree.write("etc/kmon.toml", "[l2packet_counter]\ninterface = []\n");
    const auto outcome = run(test::root_of(tree.path()), {"apply", "--json"});
    EXPECT_NE(outcome.code, ExitCode::ok);
    EXPECT_NE(outcome.err.find("kstat: "), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.json()["by"], "kmonctl");
    EXPECT_EQ(outcome.json()["modules"].size(), 5U);
    EXPECT_EQ(outcome.json()["modules"]["kstat"]["loaded"], false);
    EXPECT_NE(outcome.json()["modules"]["kstat"]["problem"]["what"], "");
    EXPECT_EQ(outcome.json()["modules"]["process_monitor"]["applied"], true);
}

TEST_F(Cli, TopOnceWithNothingLoadedIsNotRunning) {
    const test::TempTree tree;
    const auto outcome = run(tree.root(), {"top", "--once", "--interval", "0.1"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    EXPECT_EQ(outcome.out, "");
}

// As a process that was killed, before another one got its PID.
TEST_F(Cli, ExitsTakesOverWhatADeadProcessLeft) {
    const test::TempTree tree;
    tree.write("sys/kernel/tracing/events/kmon/process_exit/id", "1\n");
    std::filesystem::create_directories(tree.path() / "sys/kernel/tracing/instances" /
                                        ("kmon." + std::to_string(::getpid())));
    const auto outcome = run(tree.root(), {"exits", "--seconds", "0"});
    EXPECT_EQ(outcome.err.find("File exists"), std::string::npos) << outcome.err;
}

TEST_F(Cli, VersionNamesEachModule) {
    const auto json = run(test::busy("second"), {"version", "--json"}).json();
    EXPECT_EQ(json["modules"]["kstat"], "1.0.0");
    EXPECT_EQ(json["kernel"], "6.12.117+deb13-amd64");
    const test::TempTree empty;
    EXPECT_NE(run(empty.root(), {"version"}).out.find("not loaded"), std::string::npos);
}

TEST_F(Cli, ExitsWithoutTheModuleSaysSo) {
    const test::TempTree tree;
    tree.write("sys/kernel/tracing/instances/x", "");
    const auto outcome = run(tree.root(), {"exits", "--seconds", "0"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
}

TEST_F(Cli, MetricsAreTheSameOnStandardOutputAndInTheTextfile) {
    const test::TempTree directory;
    const auto name = directory.path().string();
    const auto printed = run(test::busy("second"), {"metrics"});
    EXPECT_EQ(printed.code, ExitCode::ok);
    EXPECT_NE(printed.out.find("\nkmon_l2_source_packets_total{interface=\"veth0\",mac=\"52:54:00:12:34:56\"} 36000\n"),
              std::string::npos);
    directory.write("kmon.prom", "old\n");
    const auto written = run(test::busy("second"), {"metrics", "--textfile", name.c_str()});
    EXPECT_EQ(written.code, ExitCode::ok) << written.err;
    EXPECT_EQ(written.out, "");
    EXPECT_EQ(directory.read("kmon.prom"), printed.out);
    EXPECT_EQ(std::filesystem::status(directory.path() / "kmon.prom").permissions(), std::filesystem::perms(0644));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1) << "something is left over";
    EXPECT_TRUE(run(test::busy("second"), {"metrics", "--openmetrics"}).out.ends_with("\n# EOF\n"));
    EXPECT_NE(run(test::busy("second"), {"metrics", "--top=0"}).out.find("mac=\"other\"} 53920\n"), std::string::npos);
    EXPECT_EQ(run(test::busy("second"), {"metrics", "--json"}).json().at(0)["name"], "kmon_build_info");
}

TEST_F(Cli, MetricsThatCannotBeWrittenLeaveNothingBehind) {
    const test::TempTree directory;
    const auto name = (directory.path() / "none").string();
    const auto outcome = run(test::busy("second"), {"metrics", "--textfile", name.c_str()});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_NE(outcome.err.find("cannot create " + name), std::string::npos) << outcome.err;
    std::filesystem::create_directories(directory.path() / "kmon.prom/in-the-way");
    const auto there = directory.path().string();
    EXPECT_EQ(run(test::busy("second"), {"metrics", "--textfile", there.c_str()}).code, ExitCode::failed);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST_F(Cli, MetricsWithoutAnyModuleSayThat) {
    const test::TempTree tree;
    const auto outcome = run(tree.root(), {"metrics"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_NE(outcome.out.find("kmon_module_up{module=\"kstat\",reason=\""), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("kmon_tcp_out"), std::string::npos);
}

TEST_F(Cli, PastExitsComeOutOfTheJournal) {
    ExitRecord failed;
    failed.tgid = 11;
    failed.status = 3 << 8;
    failed.name = "cc1";
    past = {failed, failed};
    past[1].name = "ld";
    const auto all = run(test::busy("second"), {"exits", "--since", "10m"});
    EXPECT_EQ(all.code, ExitCode::ok);
    EXPECT_EQ(past_since, 1'800'000'000 - 600);
    EXPECT_NE(all.out.find("cc1"), std::string::npos);
    EXPECT_NE(all.err.find("2 exits; 7 left out of the journal."), std::string::npos) << all.err;
    const auto one = run(test::busy("second"), {"exits", "--since", "10m", "--name", "ld", "--json"});
    EXPECT_EQ(one.out.find("cc1"), std::string::npos);
    EXPECT_NE(one.out.find("{\"summary\":{\"exits\":1,\"left_out\":7}}"), std::string::npos) << one.out;
    past.clear();
    EXPECT_NE(run(test::busy("second"), {"exits", "--since", "10m"}).err.find("journal = \"failed\""),
              std::string::npos);
    EXPECT_EQ(run(test::busy("second"), {"exits", "--since", "yesterdai"}).code, ExitCode::usage);
    EXPECT_EQ(run(test::busy("second"), {"exits", "--since", "yesterday"}).code, ExitCode::ok) << "as with history";
    EXPECT_EQ(run(test::busy("second"), {"exits", "--since", "1h", "--follow"}).code, ExitCode::usage);
}

TEST_F(Cli, PastExitsArePickedBySignalAndByName) {
    ExitRecord killed;
    killed.tgid = 11;
    killed.status = 9;
    killed.name = "systemd-journal"; // 15 bytes, as the kernel has it
    past = {killed, ExitRecord()};
    for (const auto* signal : {"SIGKILL", "KILL", "kill", "9"})
        EXPECT_NE(run(test::busy("second"), {"exits", "--since", "1h", "--signal", signal}).err.find("1 exits;"),
                  std::string::npos)
            << signal;
    for (const auto* signal : {"KIL", "0", "65", "-9", ""})
        EXPECT_EQ(run(test::busy("second"), {"exits", "--since", "1h", "--signal", signal}).code, ExitCode::usage)
            << signal;
    EXPECT_NE(run(test::busy("second"), {"exits", "--since", "1h", "--name", "systemd-journald"}).err.find("1 exits;"),
              std::string::npos);
}

} // namespace
} // namespace kmon::cli
