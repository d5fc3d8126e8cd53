// SPDX-License-Identifier: GPL-2.0-only
// The state of each module: as seen without kmond, as kmond answers, and how long a client waits for the answer.
#include "control/report.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "control/loading.hpp"
#include "control/requests.hpp"
#include "temp_tree.hpp"

namespace kmon::control {
namespace {

using test::TempTree;

constexpr auto release = "6.1.0-56-amd64";

// kstat is built but not loaded, process_monitor is loaded, the others are not enabled.
class ReportTest : public testing::Test {
protected:
    ReportTest() {
        tree.write("proc/sys/kernel/osrelease", std::string(release) + "\n");
        tree.write("proc/modules", "");
        std::filesystem::copy(std::filesystem::path(KMON_FIXTURES) / "modules/lib", tree.path() / "lib",
                              std::filesystem::copy_options::recursive);
        const auto built = tree.path() / "lib/modules" / release / "updates/dkms";
        std::filesystem::create_directories(built);
        std::filesystem::copy(KMON_BUILT_MODULE, built / "kstat.ko");
        tree.write("sys/module/process_monitor/initstate", "live\n");
        tree.write("sys/module/process_monitor/parameters/log", "0\n");
        tree.write("sys/module/process_monitor/parameters/log_rate", "100\n");
        tree.write("etc/kmon.toml", "[l2packet_counter]\nenabled = false\n[localhost_monitor]\nenabled = false\n"
                                    "[netmon]\nenabled = false\n");
        config = read_config(tree.root()).config;
    }

    Report seen() const { return observe(tree.root(), config, Network()); }

    TempTree tree;
    Config config;
};

TEST_F(ReportTest, ARefusedModuleHasItsReasonAndErrno) {
    tree.write("run/kmon/load-errors", "kstat 129\n"); // EKEYREJECTED
    const auto report = seen();
    const auto& problem = report.find("kstat")->problem;
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->what, "it is not signed, and this kernel loads only signed modules");
    EXPECT_EQ(problem->system, 129);
    EXPECT_EQ(verdict(report).error().what, "kstat: " + problem->what);
}

TEST_F(ReportTest, WhatTheKernelWasNotAskedYetIsForeseen) {
    EXPECT_EQ(seen().find("kstat")->problem->what, "it is not loaded");
    tree.write("sys/module/module/parameters/sig_enforce", "Y\n");
    EXPECT_EQ(seen().find("kstat")->problem->what, "it is not signed, and this kernel loads only signed modules");
    tree.write("etc/modprobe.d/x.conf", "blacklist kstat\n");
    EXPECT_EQ(seen().find("kstat")->problem->what, "modprobe.d blacklists it");
}

TEST_F(ReportTest, AModuleForAnotherKernelIsToldBeforeItIsTried) {
    std::filesystem::rename(tree.path() / "lib/modules" / release, tree.path() / "lib/modules/6.1.0-57-amd64");
    tree.write("proc/sys/kernel/osrelease", "6.1.0-57-amd64\n");
    EXPECT_EQ(seen().find("kstat")->problem->what.rfind("it was built for another kernel", 0), 0U);
}

TEST_F(ReportTest, AReasonIsForgottenOnceTheModuleRuns) {
    tree.write("run/kmon/load-errors", "kstat 129\nprocess_monitor 1\n");
    forget_refusal(tree.root(), "kstat");
    EXPECT_EQ(tree.read("run/kmon/load-errors"), "process_monitor 1\n");
    EXPECT_EQ(seen().find("kstat")->problem->what, "it is not loaded");
}

TEST_F(ReportTest, ASettingByHandIsADifferenceAndNoProblem) {
    tree.write("sys/module/process_monitor/parameters/log", "1\n");
    const auto report = seen();
    const auto* module = report.find("process_monitor");
    EXPECT_FALSE(module->problem);
    ASSERT_EQ(module->differences.size(), 1U);
    EXPECT_EQ(module->differences[0].parameter, "log");
    EXPECT_EQ(module->differences[0].is, "1");
    EXPECT_EQ(to_json(*module)["applied"], false);
}

TEST_F(ReportTest, AParameterThatTheLoadedModuleLacksIsAProblemWhereItIsToBeAnother) {
    std::filesystem::remove(tree.path() / "sys/module/process_monitor/parameters/log");
    EXPECT_FALSE(seen().find("process_monitor")->problem);
    config.values["process_monitor.log"] = true;
    const auto report = seen();
    ASSERT_TRUE(report.find("process_monitor")->problem);
    EXPECT_NE(report.find("process_monitor")->problem->what.find("reload the module"), std::string::npos);
}

TEST_F(ReportTest, ArrivesAsItWasSent) {
    tree.write("run/kmon/load-errors", "kstat 1\n");
    const auto socket = open_socket_for(tree.root(), Request::state);
    ASSERT_TRUE(socket) << socket.error().what;
    std::thread service([&] {
        const FileDescriptor connection(::accept(socket->get(), nullptr, nullptr));
        answer(connection, seen());
    });
    const auto heard = ask(tree.root(), Request::state);
    service.join();
    ASSERT_TRUE(heard) << heard.error().what;
    EXPECT_EQ(to_json(*heard), to_json(seen()));
}

TEST_F(ReportTest, WithoutKmondItIsNotRunning) {
    EXPECT_EQ(ask(tree.root(), Request::state).error().code, ExitCode::not_running);
    EXPECT_EQ(ask(tree.root(), Request::reload).error().code, ExitCode::not_running);
}

// A kmond stopped by SIGSTOP, for example: it listens but never answers.
TEST_F(ReportTest, AKmondThatHangsIsNotWaitedForForEver) {
    const auto socket = open_socket_for(tree.root(), Request::state);
    ASSERT_TRUE(socket);
    const auto began = std::chrono::steady_clock::now();
    const auto heard = ask(tree.root(), Request::state);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().system, ETIMEDOUT);
    EXPECT_EQ(heard.error().hint, "systemctl restart kmon");
}

TEST_F(ReportTest, AnAnswerOfAnotherVersionIsTakenAsFarAsItGoes) {
    EXPECT_FALSE(report_from_json(Json::parse(R"({"ok":true})")));
    const auto report = report_from_json(Json::parse(
        R"({"by":7,"modules":{"kstat":{"loaded":1,"problem":{"what":"no","code":"x"},"differences":[3]},"new":[]}})"));
    ASSERT_TRUE(report);
    ASSERT_EQ(report->modules.size(), 1U);
    EXPECT_FALSE(report->modules[0].loaded);
    EXPECT_EQ(report->modules[0].problem->what, "no");
}

} // namespace
} // namespace kmon::control
