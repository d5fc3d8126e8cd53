// SPDX-License-Identifier: GPL-2.0-only
// The configuration in /etc/kmon.toml and /etc/kmon.toml.d/*.toml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config_key.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon {

struct Config {
    Config(); // the defaults

    // All keys of the modules, such as "kstat.counter" (see modules/module.hpp), and those of [recorder].
    std::map<std::string, ConfigValue> values;

    struct Exporter {
        std::string host = "127.0.0.1"; // an IP address, IPv6 without brackets
        std::uint16_t port = 9778;
        std::string unix_socket{};     // a path; empty: none
        std::uint32_t top = 100;       // source addresses of each interface
        bool insecure = false;         // may listen beyond loopback without TLS
        std::string tls_certificate{}; // files; empty: no TLS
        std::string tls_key{};
        std::vector<std::string> users{}; // "NAME:HASH"; empty: everybody may connect
        bool operator==(const Exporter&) const = default;
    } exporter;

    // Names of devices, by MAC address: "aa:bb:cc:dd:ee:ff".
    std::map<std::string, std::string> devices;

    bool operator==(const Config&) const = default;

    // The value of a key that exists.
    template <class T>
    const T& get(const std::string& key) const {
        return std::get<T>(values.at(key));
    }

    // Should that module be loaded? By module name (netmon_proc), not section (netmon).
    bool enabled(const std::string& module) const;
};

struct ConfigProblem {
    std::filesystem::path file;
    std::uint32_t line = 0; // 0: the file as a whole
    std::uint32_t column = 0;
    std::string key;     // "kstat.counter"; empty if no key is concerned
    std::string what;    // "expected a number, found a string"
    std::string allowed; // "a number from 1 to 2147483647"; may be empty
    ExitCode code = ExitCode::bad_config;

    // "/etc/kmon.toml:12:5: kstat.counter: expected a number, found a string; allowed: ..."
    std::string text() const;
};

struct ConfigReading {
    static constexpr std::size_t most_problems = 20;

    Config config; // incomplete if there are problems: to look at, not to apply
    std::vector<std::filesystem::path> files;
    std::vector<ConfigProblem> problems; // the first ones
    std::size_t more = 0;                // how many more there are

    void add(ConfigProblem problem);

    // The problems, one per line; the last line says how many more there are.
    std::vector<std::string> words() const;
};

// Reads the whole configuration and its problems. If there is no file: the defaults.
ConfigReading read_config(const Root& root);

// Reads only one file, which must exist, to check it before it is installed.
ConfigReading read_config_file(const std::filesystem::path& file);

// The same as a Result; the error has a line for each problem.
Result<Config> load_config(const Root& root);
Result<Config> config_of(const ConfigReading& reading);

} // namespace kmon
