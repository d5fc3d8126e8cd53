// SPDX-License-Identifier: GPL-2.0-only
// Keeps the modules as the configuration wants them. It knows nothing of systemd: kmond tells it when to look.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "journal.hpp"
#include "modules.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "sysfs.hpp"
#include "transaction.hpp"

namespace kmon::control {

class Keeper {
public:
    using AskNetwork = std::function<Result<Network>()>;

    Keeper(Root root, Journal journal, AskNetwork network)
        : root_(std::move(root)), journal_(std::move(journal)), network_(std::move(network)) {}

    // The first configuration. What cannot be done is reported, and the rest is done.
    void start(const Config& config);

    // Another configuration, all or nothing: after an error the old one is in force.
    Result<void> reload(const Config& config);

    // Looks what changed: a module that was loaded, perhaps anew, gets its settings; an interface that came, or became
    // that of the default route, is watched. Parameters that somebody set by hand stay as they are.
    void refresh();

    // A module that is just being loaded is looked at again soon.
    bool unsettled() const;

    const Config& config() const { return config_; }
    Report report() const;
    const Watched& watched() const { return watched_; }

private:
    struct Kept {
        std::optional<ino_t> instance; // of the module that has its settings
        bool told_missing = false;
        std::optional<Error> problem;
    };

    std::vector<std::string> enabled_modules() const;
    void look_at(const std::string& module);
    void set_up(const std::string& module, ino_t instance);
    void tell_missing(const std::string& module);

    Result<void> set_all(Transaction& transaction, std::vector<Setting>& written);
    Result<void> set_watched(Transaction& transaction, std::vector<Setting>& written);
    Error undo(Transaction& transaction, const Config& old, Error why);
    void adopt(const Config& old);

    void follow_interfaces(bool new_configuration);
    Result<void> watch(const std::string& interfaces);
    void watch_those_taken();
    void tell_waiting(const Watched& before) const;
    void tell_written(const Setting& setting) const;
    void tell_refused(const std::string& module, const Error& error) const;

    Root root_;
    Journal journal_;
    AskNetwork network_;
    Config config_;
    std::map<std::string, Kept> modules_;
    Watched watched_;
    std::optional<Error> interface_problem_;
    std::optional<Watched> refused_; // by l2packet_counter
};

} // namespace kmon::control
