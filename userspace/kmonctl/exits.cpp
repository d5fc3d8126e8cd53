// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <chrono>

#include "command.hpp"
#include "exit_rows.hpp"
#include "exit_trace.hpp"
#include "format.hpp"
#include "modules/process_monitor.hpp"
#include "number_text.hpp"
#include "stop_signals.hpp"

namespace kmon::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    bool follow = false;
    bool failed = false; // only those that ended by another code than 0, or by a signal
    double seconds = 10;
};

// One run of the command: what it has shown, and what it knows to be missing.
class Follower {
public:
    Follower(Context& context, const Options& options, ExitTrace trace)
        : context_(context), options_(options), trace_(std::move(trace)), missed_before_(missed()) {}

    Result<int> run() {
        const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
        introduce();
        bool last = false;
        while (!last) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
            const auto nap = options_.follow ? tick : std::clamp(left, std::chrono::milliseconds(0), tick);
            const bool reader = wait_with_reader(nap, context_.out_descriptor);
            last = !reader || StopSignals::came() || (!options_.follow && Clock::now() >= end);
            if (const auto done = show_new(); !done) return fail(done.error());
            if (!context_.out) last = true;
            look_around();
        }
        summarize();
        return ExitCode::ok;
    }

private:
    static constexpr std::chrono::milliseconds tick{100};

    void introduce() {
        if (context_.json) return;
        if (context_.err_is_terminal && !options_.follow)
            context_.err << "Exits of the next " << duration(static_cast<std::uint64_t>(options_.seconds * 1e9))
                         << "; --follow goes on until Ctrl-C.\n";
        print(context_.out, {exit_heading()}, context_.colour);
        context_.out.flush();
    }

    Result<void> show_new() {
        const auto records = trace_.read();
        if (!records) return fail(records.error());
        const auto to_wall = monotonic_to_wall();
        for (const auto& record : *records) {
            ++exits_;
            if (record.failed()) ++failed_;
            if (options_.failed && !record.failed()) continue;
            if (context_.json)
                context_.out << to_text(to_json(record, to_wall), -1) << '\n';
            else
                print(context_.out, {exit_row(record, to_wall)}, context_.colour);
        }
        if (!records->empty()) context_.out.flush();
        return {};
    }

    // Once a second: is the module still there, and was anything lost?
    void look_around() {
        if (Clock::now() < next_look_) return;
        next_look_ = Clock::now() + std::chrono::seconds(1);
        const bool attached = trace_.attached();
        if (attached != attached_)
            context_.err << (attached ? "kmonctl: process_monitor is back\n"
                                      : "kmonctl: process_monitor was unloaded; waiting for it\n");
        attached_ = attached;
        if (const auto now = lost(); now > lost_told_) {
            context_.err << "kmonctl: " << grouped(now - lost_told_)
                         << " exits lost: they came faster than they were read\n";
            lost_told_ = now;
        }
    }

    std::uint64_t missed() const {
        const auto view = read_process(context_.root);
        return view ? view->missed_probes : 0;
    }

    // What the buffer had no room for, and what the probe itself could not see.
    std::uint64_t lost() {
        const auto now = missed();
        return trace_.lost() + (now > missed_before_ ? now - missed_before_ : 0);
    }

    void summarize() {
        if (!context_.out) return;
        const auto lost_all = lost();
        if (context_.json)
            context_.out << to_text({{"summary", {{"exits", exits_}, {"failed", failed_}, {"lost", lost_all}}}}, -1)
                         << '\n';
        else
            context_.err << grouped(exits_) << " exits, " << grouped(failed_) << " of them failed; "
                         << (lost_all ? grouped(lost_all) : "none") << " lost.\n";
    }

    Context& context_;
    const Options& options_;
    ExitTrace trace_;
    std::uint64_t missed_before_;
    std::uint64_t exits_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t lost_told_ = 0;
    bool attached_ = true;
    Clock::time_point next_look_ = Clock::now() + std::chrono::seconds(1);
};

Result<int> exits(Context& context, const Options& options) {
    const StopSignals signals; // from before there is anything to take away
    auto trace = ExitTrace::open(context.root);
    if (!trace) return fail(trace.error());
    return Follower(context, options, std::move(*trace)).run();
}

} // namespace

void add_exits(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "exits", "Show the processes that end, as they do",
                                [&context, options] { return exits(context, *options); });
    command.add_flag("--follow", options->follow, "Until Ctrl-C, not for 10 seconds");
    command.add_flag("--failed", options->failed, "Only those with another exit code than 0, or killed by a signal");
    command.add_option("--seconds", options->seconds, "For so long, instead of 10")
        ->type_name("N")
        ->transform(CLI::Validator(DecimalBetween{0, 86400}, ""));
}

} // namespace kmon::cli
