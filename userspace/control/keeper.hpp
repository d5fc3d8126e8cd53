// SPDX-License-Identifier: GPL-2.0-only
// Keeps the modules as configured. It is independent of systemd: kmond tells it when to check.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "journal.hpp"
#include "report.hpp"
#include "sysfs.hpp"
#include "transaction.hpp"
#include "watched.hpp"

namespace kmon::control {

class Keeper {
public:
    using AskNetwork = std::function<Result<Network>()>;

    Keeper(Root root, Journal journal, AskNetwork network)
        : root_(std::move(root)), journal_(std::move(journal)), network_(std::move(network)) {}

    // Applies the first configuration. Failures are reported; the rest is applied.
    void start(const Config& config);

    // Applies another configuration, all or nothing: after an error the old one stays in force.
    Result<void> reload(const Config& config);

    // Checks what changed. A module that was loaded (again) gets its settings. An interface that appeared, or became
    // that of the default route, is watched. Parameters that somebody set by hand stay as they are.
    void refresh();

    // Is a module just being loaded? Then check again soon.
    bool unsettled() const;

    const Config& config() const { return config_; }
    Report report() const;
    // The interfaces that a module follows.
    const Watched& watched(const std::string& module) const { return modules_.at(module).watched; }
    // Does any module watch the interface of the default route?
    bool follows_default_route() const;

private:
    struct Kept {
        std::optional<ino_t> instance; // of the module that has its settings
        bool told_missing = false;
        std::optional<Error> problem;

        // Only for a module that watches interfaces.
        Watched watched{};
        std::optional<Error> interface_problem{};
        std::optional<Watched> refused{}; // what the module refused
    };

    std::vector<std::string> enabled_modules() const;
    void add_what_happened(const Module& module, const Kept& kept, ModuleReport& report) const;
    void look_at(const std::string& module);
    void set_up(const std::string& module, ino_t instance);
    void tell_missing(const std::string& module);

    Result<void> set_all(Transaction& transaction, std::vector<Setting>& written);
    Result<void> set_watched(const Module& module, Transaction& transaction, std::vector<Setting>& written);
    Error undo(Transaction& transaction, const Config& old, Error why);
    void adopt(const Config& old);

    void follow_interfaces(bool new_configuration);
    void follow_interfaces(const Module& module, bool new_configuration);
    Result<void> watch(const Module& module, const std::string& interfaces);
    void watch_those_taken(const Module& module, const Watched& watched) const;
    void tell_waiting(const std::string& module, const Watched& before, const Watched& now) const;
    void tell_watched(const std::string& module, const std::string& interfaces) const;
    void tell_written(const Setting& setting) const;
    void tell_refused(const std::string& module, const Error& error) const;

    Root root_;
    Journal journal_;
    AskNetwork network_;
    Config config_;
    std::map<std::string, Kept> modules_;
};

} // namespace kmon::control
