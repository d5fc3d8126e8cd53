#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "config.hpp"
#include "journal.hpp"
#include "load_report.hpp"
#include "reload_request.hpp"
#include "service.hpp"
#include "version.hpp"

namespace {

using namespace kmon;
using kmond::Journal;

// The configuration, or its problems told.
Result<Config> checked_configuration(const Root& root, const Journal& journal) {
    const auto reading = read_config(root);
    kmond::tell(journal, reading.problems);
    return config_of(reading);
}

Result<void> load(const Root& root, const Journal& journal) {
    const auto config = checked_configuration(root, journal);
    if (!config) return fail(config.error());
    kmond::load_modules(root, *config);
    return {};
}

Result<void> reload(const Root& root, const Journal& journal) {
    if (auto loaded = load(root, journal); !loaded) return loaded;
    return request_reload(root);
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Keeps kmon's kernel modules as /etc/kmon.toml wants them. Started by kmon.service.", "kmond");
    bool only_load = false;
    bool only_reload = false;
    app.set_version_flag("--version", std::string("kmond ") + version);
    auto* load_flag = app.add_flag("--load", only_load, "load the enabled modules, and end");
    app.add_flag("--reload", only_reload,
                 "load what is newly enabled, have the running kmond reload, and tell how it went")
        ->excludes(load_flag);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
    }
    if (::geteuid() != 0) {
        std::cerr << "kmond: only root may run it; do: sudo kmond, or systemctl start kmon\n";
        return ExitCode::not_permitted;
    }

    const Root root;
    const auto journal = kmond::open_journal();
    const auto outcome = only_load     ? load(root, journal)
                         : only_reload ? reload(root, journal)
                                       : kmond::serve(root, journal);
    if (outcome) return ExitCode::ok;
    if (outcome.error().code != ExitCode::bad_config)
        std::cerr << "kmond: " << kmond::sentence(outcome.error()) << '\n';
    return outcome.error().code;
}
