// SPDX-License-Identifier: GPL-2.0-only
#include "options.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

#include "number_text.hpp"
#include "result.hpp"
#include "version.hpp"

namespace netmon {

std::variant<Options, int> parse_command_line(int argc, char** argv) {
    Options options;
    std::string interface;
    double interval = 1;
    std::uint64_t count = 0;
    bool once = false;

    CLI::App app("Prints the traffic figures of network interfaces as JSON lines, each second.", "netmon");
    app.set_version_flag("--version", std::string("netmon ") + kmon::version, "Print the version and exit");
    app.add_option("INTERFACE", interface,
                   "The interface to watch, or \"all\"; without it the one that /etc/netmon.conf names, "
                   "else that of UCI's netmon.interface, else all");
    app.add_option("--interval", interval, "Seconds between two readings, fractions too (default 1)")
        ->transform(CLI::Validator(kmon::DecimalBetween{0.01, 86400}, ""))
        ->option_text("SECONDS");
    auto* const count_option = app.add_option("--count", count, "End after N readings")
                                   ->transform(CLI::Validator(kmon::CountFrom{1}, ""))
                                   ->option_text("N");
    app.add_flag("--once", once, "One reading: the same as --count 1")->excludes(count_option);
    app.add_flag("--rates", options.rates, "Add to each figure its rate a second since the reading before");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0; // for help or the version
        app.exit(error, std::cout, std::cerr);
        return asked ? kmon::ExitCode::ok : kmon::ExitCode::usage;
    }
    if (app.count("INTERFACE") > 0) options.interface = interface;
    options.interval = std::chrono::duration<double>(interval);
    if (once)
        options.count = 1;
    else if (count > 0)
        options.count = count;
    return options;
}

} // namespace netmon
