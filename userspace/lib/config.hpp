// SPDX-License-Identifier: GPL-2.0-only
// What /etc/kmon.toml and /etc/kmon.toml.d/*.toml say.
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

    // The modules' keys, all of them: "kstat.counter", see modules/module.hpp; and those of [recorder].
    std::map<std::string, ConfigValue> values;

    struct Exporter {
        std::string host = "127.0.0.1"; // an IP address, IPv6 without brackets
        std::uint16_t port = 9778;
        std::string unix_socket{};     // a path; empty: none
        std::uint32_t top = 100;       // source addresses of each interface
        bool insecure = false;         // may listen beyond loopback without TLS
        std::string tls_certificate{}; // files; empty: no TLS
        std::string tls_key{};
        std::vector<std::string> users{}; // "NAME:HASH"; empty: everybody may ask
        bool operator==(const Exporter&) const = default;
    } exporter;

    // Names of devices, by MAC address: "aa:bb:cc:dd:ee:ff".
    std::map<std::string, std::string> devices;

    bool operator==(const Config&) const = default;

    // The value of a key that is there.
    template <class T>
    const T& get(const std::string& key) const {
        return std::get<T>(values.at(key));
    }

    // Is that module, by its own name (netmon_proc, not netmon), to be loaded?
    bool enabled(const std::string& module) const;
};

struct ConfigProblem {
    std::filesystem::path file;
    std::uint32_t line = 0; // 0: the file as a whole
    std::uint32_t column = 0;
    std::string key;     // "kstat.counter"; empty where there is none
    std::string what;    // "expected a number, found a string"
    std::string allowed; // "a number from 1 to 2147483647"; may be empty
    ExitCode code = ExitCode::bad_config;

    // "/etc/kmon.toml:12:5: kstat.counter: expected a number, found a string; allowed: ..."
    std::string text() const;
};

struct ConfigReading {
    static constexpr std::size_t most_problems = 20;

    Config config; // what is left of it where there are problems: for a look, not for use
    std::vector<std::filesystem::path> files;
    std::vector<ConfigProblem> problems; // the first of them
    std::size_t more = 0;                // how many there are beside these

    void add(ConfigProblem problem);

    // What is wrong, one problem a line; the last line says how many more there are.
    std::vector<std::string> words() const;
};

// All of it, with what is wrong. Without any file: the defaults.
ConfigReading read_config(const Root& root);

// One file alone, for a check of it before it is installed. It has to be there.
ConfigReading read_config_file(const std::filesystem::path& file);

// The same as one result; the error has a line for each problem.
Result<Config> load_config(const Root& root);
Result<Config> config_of(const ConfigReading& reading);

} // namespace kmon
