// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>

#include "command.hpp"
#include "escape.hpp"
#include "exit_rows.hpp"
#include "exit_trace.hpp"
#include "format.hpp"
#include "history_span.hpp"
#include "host.hpp"
#include "local_time.hpp"
#include "number_text.hpp"
#include "replay.hpp"
#include "screen.hpp"
#include "stop_signals.hpp"
#include "time_text.hpp"
#include "top_page.hpp"

namespace kmon::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    bool once = false;
    double interval = 1;
    std::string at;    // a time of the history
    double replay = 0; // speed relative to real time; 0: paused
};

const char* const not_loaded = "process_monitor is not loaded";

// What the user has chosen with keys, in the live view or the history.
struct Keys {
    bool paused = false;
    bool help = false;
    bool interfaces = false;
    bool typing = false;
    std::string filter{};

    std::string* line() { return typing ? &filter : nullptr; }

    void take(Screen::Key key, TopModel& model) {
        switch (key) {
        case Screen::Key::pause: paused = !paused; break;
        case Screen::Key::help: help = !help; break;
        case Screen::Key::sort: model.sort(!model.by_bytes); break;
        case Screen::Key::panel: interfaces = !interfaces; break;
        case Screen::Key::filter: typing = true; break;
        case Screen::Key::entered: typing = false; break;
        default: break;
        }
    }

    void put_into(TopLook& look) const {
        look.help = help;
        look.interfaces = interfaces;
        look.filter = filter;
        look.typing = typing;
    }
};

std::chrono::milliseconds until(Clock::time_point time) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(time - Clock::now());
    return std::clamp(left, std::chrono::milliseconds(0), std::chrono::milliseconds(500));
}

// "1 s", "0.5 s"
std::string interval_text(double seconds) {
    std::ostringstream text;
    text << seconds << " s";
    return text.str();
}

// Takes a reading each interval.
class Readings {
public:
    Readings(Context& context, double interval) : context_(context), interval_(interval) { open_trace(); }

    void take() {
        const auto now = Clock::now();
        if (now >= next_names_) {
            constexpr std::chrono::seconds a_minute{60};
            next_names_ = now + a_minute;
            model.names = device_names(context_.root);
        }
        model.take(take_snapshot(context_.root), std::chrono::duration<double>(now - last_).count());
        last_ = now;
        take_exits();
    }

    TopLook look(std::size_t rows, std::size_t columns, std::vector<std::string> keys) const {
        return {rows,
                columns,
                context_.unicode,
                read_host(context_.root).name,
                local_time(context_.now(), "%H:%M:%S"),
                interval_text(interval_.count()),
                std::move(keys),
                monotonic_to_wall()};
    }

    // Is any module there?
    bool any() const {
        return std::ranges::any_of(model.rates, [](const auto& module) { return !module.missing; });
    }

    void change_interval(double factor) {
        interval_ = std::chrono::duration<double>(std::clamp(interval_.count() * factor, 0.1, 3600.0));
    }

    Clock::time_point next() const { return last_ + std::chrono::duration_cast<Clock::duration>(interval_); }

    TopModel model;

private:
    void open_trace() {
        auto trace = ExitTrace::open(context_.root);
        if (trace)
            trace_.emplace(std::move(*trace));
        else
            model.exits_missing = trace.error().code == ExitCode::not_permitted ? "only root sees them"
                                  : trace.error().code == ExitCode::not_running ? not_loaded
                                                                                : trace.error().what;
    }

    void take_exits() {
        if (!trace_) return open_trace(); // the module may have been loaded since
        if (const auto exits = trace_->read()) model.take(*exits);
        model.exits_lost = trace_->lost();
        model.exits_missing = trace_->attached() ? "" : not_loaded;
    }

    Context& context_;
    std::chrono::duration<double> interval_;
    std::optional<ExitTrace> trace_;
    Clock::time_point last_ = Clock::now();
    Clock::time_point next_names_;
};

Json rates_json(const TopModel& model, std::time_t now) {
    Json json = {{"timestamp", now}};
    for (const auto& module : model.rates) {
        Json rates = Json::object();
        for (const auto& figure : module.figures)
            rates[json_name(figure.name) + "_per_second"] = figure.rate.known() ? Json(figure.rate.now()) : Json();
        json[module.module] = std::move(rates);
    }
    Json macs = Json::array();
    for (const auto& mac : model.macs) {
        if (macs.size() == 20 || !(mac.frames > 0)) break;
        macs.push_back({{"interface", mac.interface},
                        {"mac", to_string(mac.address)},
                        {"frames_per_second", mac.frames},
                        {"bytes_per_second", mac.bytes}});
    }
    json["top_macs"] = std::move(macs);
    return json;
}

// Prints a page or a JSON line each interval. The first comes after two readings.
Result<ExitCode> print_readings(Context& context, const Options& options) {
    Readings readings(context, options.interval);
    readings.take();
    do {
        bool reader = true;
        {
            const auto progress = context.progress("measuring for " + interval_text(options.interval));
            while (reader && !StopSignals::came() && Clock::now() < readings.next())
                reader = wait_with_reader(std::chrono::milliseconds(50), context.out_descriptor);
        }
        if (!reader || StopSignals::came()) break;
        readings.take();
        if (options.once && !readings.any()) return fail(nothing_loaded());
        if (context.json)
            context.out << to_text(rates_json(readings.model, context.now()), -1) << '\n';
        else
            print(context.out, top_page(readings.model, readings.look(24, context.columns, {})), context.colour);
        context.out.flush();
    } while (!options.once && context.out);
    return ExitCode::ok;
}

Result<ExitCode> live(Context& context, const Options& options) {
    Readings readings(context, options.interval);
    auto screen = Screen::open(context.colour);
    if (!screen) return fail(screen.error());
    Keys keys;
    readings.take();
    while (!StopSignals::came()) {
        auto look = readings.look(screen->rows(), screen->columns(),
                                  {keys.paused ? "paused: p continue" : "p pause", "/ filter", "? help", "q quit"});
        keys.put_into(look);
        screen->show(top_page(readings.model, look));
        // React to a key at once, also while paused.
        const auto key =
            screen->wait_for_key(keys.paused ? std::chrono::milliseconds(500) : until(readings.next()), keys.line());
        if (key == Screen::Key::quit) return ExitCode::ok;
        if (key == Screen::Key::faster) readings.change_interval(0.5);
        if (key == Screen::Key::slower) readings.change_interval(2);
        keys.take(key, readings.model);
        if (!keys.paused && Clock::now() >= readings.next()) readings.take();
    }
    return ExitCode::ok;
}

// ---- the history

TopLook recorded_look(const Context& context, const Replay& replay, std::size_t rows, std::size_t columns,
                      std::vector<std::string> keys) {
    return {rows,
            columns,
            context.unicode,
            read_host(context.root).name,
            local_time(replay.time(), "%Y-%m-%d %H:%M:%S"),
            interval_text(static_cast<double>(replay.length())),
            std::move(keys),
            0};
}

// Plays the history up to that time, which fills the graphs. False: the history ends earlier.
Result<bool> go_to(Replay& replay, TopModel& model, std::int64_t time) {
    while (replay.time() < time) {
        const auto more = replay.next(model);
        if (!more || !*more) return more;
    }
    return true;
}

Result<ExitCode> print_recorded(Context& context, Replay& replay, TopModel& model, const Options& options) {
    for (bool more = true; more && context.out;) {
        if (context.json)
            context.out << to_text(rates_json(model, replay.time()), -1) << '\n';
        else
            print(context.out, top_page(model, recorded_look(context, replay, 24, context.columns, {})),
                  context.colour);
        context.out.flush();
        if (options.once || options.replay == 0) break;
        const auto due = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                                            static_cast<double>(replay.length()) / options.replay));
        while (more && !StopSignals::came() && Clock::now() < due)
            more = wait_with_reader(std::chrono::milliseconds(20), context.out_descriptor);
        if (StopSignals::came() || !more) break;
        const auto next = replay.next(model);
        if (!next) return fail(next.error());
        more = *next;
    }
    return ExitCode::ok;
}

// Runs until q. Starts paused if no speed was given.
Result<ExitCode> show_recorded(Context& context, Replay& replay, TopModel& model, const Options& options) {
    auto screen = Screen::open(context.colour);
    if (!screen) return fail(screen.error());
    Keys keys{.paused = options.replay == 0};
    double speed = options.replay == 0 ? 1 : options.replay;
    bool over = false;
    auto shown = Clock::now();
    while (!StopSignals::came()) {
        auto look = recorded_look(context, replay, screen->rows(), screen->columns(),
                                  {over          ? "the history ends here"
                                   : keys.paused ? "paused: p continue"
                                                 : "p pause",
                                   "+ faster", "- slower", "/ filter", "? help", "q quit"});
        keys.put_into(look);
        screen->show(top_page(model, look));
        const auto due = shown + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(static_cast<double>(replay.length()) / speed));
        const auto key =
            screen->wait_for_key(keys.paused || over ? std::chrono::milliseconds(500) : until(due), keys.line());
        if (key == Screen::Key::quit) return ExitCode::ok;
        if (key == Screen::Key::faster) speed = std::min(speed * 2, 100'000.0);
        if (key == Screen::Key::slower) speed = std::max(speed / 2, 0.1);
        keys.take(key, model);
        if (keys.paused || over || Clock::now() < due) continue;
        const auto next = replay.next(model);
        if (!next) return fail(next.error());
        over = !*next;
        shown = Clock::now();
    }
    return ExitCode::ok;
}

Result<ExitCode> recorded(Context& context, const Options& options) {
    const auto now = context.now();
    constexpr std::int64_t an_hour = 3600;
    std::int64_t from = now - an_hour;
    if (!options.at.empty()) {
        const auto time = parse_time(options.at, now);
        if (!time) return fail("'" + printable(options.at) + "' is not a time", ExitCode::usage, times_to_write);
        from = *time;
    }
    auto history = open_history(context);
    if (!history) return fail(history.error());
    auto replay = Replay::open(std::move(*history), from);
    if (!replay) return fail(replay.error());
    TopModel model;
    model.names = device_names(context.root);
    model.exits_missing = "not in the history";
    const auto there = go_to(*replay, model, from + 1);
    if (!there) return fail(there.error());
    const bool printed = options.once || context.json;
    return printed ? print_recorded(context, *replay, model, options) : show_recorded(context, *replay, model, options);
}

} // namespace

void add_top(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "top", "Show the rates of every module, live", [&context, options] {
        const StopSignals signals; // before there is anything to clean up
        if (!options->at.empty() || options->replay > 0) return recorded(context, *options);
        return options->once || context.json ? print_readings(context, *options) : live(context, *options);
    });
    command.add_flag("--once", options->once, "Print one page and exit");
    auto* interval = command.add_option("-i,--interval", options->interval, "Seconds between readings (default 1)")
                         ->type_name("SECONDS")
                         ->transform(CLI::Validator(DecimalBetween{0.1, 3600}, ""));
    command
        .add_option("--at", options->at,
                    "Show the rates at that time, from the history: 09:30, \"2027-01-15 09:30\", 2h (ago)")
        ->type_name("TIME")
        ->excludes(interval); // the steps are the recorder's
    command.add_option("--replay", options->replay, "Play the history from there, SPEED times as fast")
        ->type_name("SPEED")
        ->excludes(interval)
        ->transform(CLI::Validator(DecimalBetween{0.1, 100000}, ""));
}

} // namespace kmon::cli
