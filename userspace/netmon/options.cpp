// SPDX-License-Identifier: GPL-2.0-only
#include "options.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

#include "number_text.hpp"
#include "version.hpp"

namespace netmon {
namespace {

// The command line, where "[ew]th[01]" is a glob. CLI11 would take text in brackets for a list and split it. So a
// newline, which no name can contain, is appended while it parses.
class Words {
public:
    Words(int argc, char** argv) : words_(argv, argv + argc) {
        for (auto& word : words_) {
            if (word.starts_with('[') && word.ends_with(']')) word += guard;
            pointers_.push_back(word.data());
        }
    }

    const char* const* pointers() const { return pointers_.data(); }

    static void unguard(std::vector<std::string>& words) {
        for (auto& word : words)
            if (word.ends_with(guard)) word.pop_back();
    }

private:
    static constexpr char guard = '\n';

    std::vector<std::string> words_;
    std::vector<const char*> pointers_;
};

} // namespace

std::variant<Options, kmon::ExitCode> parse_command_line(int argc, char** argv) {
    Options options;
    double interval = 1;
    std::uint64_t count = 0;
    bool once = false;
    std::string unit = "s";

    CLI::App app("Print the statistics of network interfaces as JSON lines, once a second.", "netmon");
    app.set_version_flag("--version", std::string("netmon ") + kmon::version, "Print the version and exit");
    app.add_option("INTERFACE", options.interfaces,
                   "Interfaces to watch: names, globs, or \"all\" (default: from /etc/netmon.conf, else "
                   "UCI's netmon.interface, else all)");
    app.add_option("--exclude", options.excluded, "Exclude this interface, or those that match a glob; repeatable")
        ->option_text("INTERFACE")
        ->allow_extra_args(false); // it takes one value, not all that follow
    app.add_option("-i,--interval", interval, "Seconds between readings, fractions allowed (default 1)")
        ->transform(CLI::Validator(kmon::DecimalBetween{0.01, 86400}, ""))
        ->option_text("SECONDS");
    auto* const count_option = app.add_option("-n,--count", count, "Exit after N readings")
                                   ->transform(CLI::Validator(kmon::CountFrom{1}, ""))
                                   ->option_text("N");
    app.add_flag("--once", once, "Exit after one reading: the same as --count 1")->excludes(count_option);
    app.add_option("--timestamp", unit,
                   "Precision of the timestamp: seconds (s, the default), milliseconds (ms), microseconds (us)")
        ->check(CLI::IsMember({"s", "ms", "us"}))
        ->option_text("UNIT");
    app.add_flag("--details", options.style.details, "Add the operational state and the alternative names");
    app.add_flag("--rates", options.style.rates, "Add the rate per second of each figure since the previous reading");

    try {
        Words words(argc, argv);
        app.parse(argc, words.pointers());
        Words::unguard(options.interfaces);
        Words::unguard(options.excluded);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0; // the user asked for help or the version
        app.exit(error, std::cout, std::cerr);
        return asked ? kmon::ExitCode::ok : kmon::ExitCode::usage;
    }
    options.style.fraction_digits = unit == "us" ? 6 : unit == "ms" ? 3 : 0;
    options.interval = std::chrono::duration<double>(interval);
    if (once)
        options.count = 1;
    else if (count > 0)
        options.count = count;
    return options;
}

} // namespace netmon
