// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>
#include <optional>

#include "cgroups.hpp"
#include "command.hpp"
#include "escape.hpp"
#include "exit_rows.hpp"
#include "exit_trace.hpp"
#include "format.hpp"
#include "modules/process_monitor.hpp"
#include "number_text.hpp"
#include "stop_signals.hpp"
#include "table.hpp"
#include "time_text.hpp"

namespace kmon::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    bool follow = false;
    bool summary = false;
    double seconds = 10;
    std::string since;       // from the journal; empty: live
    std::uint64_t count = 0; // exit after showing this many; 0: no limit

    // Show only exits...
    bool failed = false; // with a non-zero code, or by a signal
    std::string name;
    std::int64_t pid = 0;
    std::int64_t ppid = 0;
    int code = -1;
    std::string signal; // "9"
    std::optional<std::uint32_t> uid;
    std::string cgroup; // including the cgroups below it
};

// For CLI11: "SIGKILL", "kill" or "9" becomes "9".
std::string to_signal_number(std::string& text) {
    auto name = text;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    for (int signal = 1; signal <= 64; ++signal) {
        const auto known = signal_name(signal);
        if (name != known && "SIG" + name != known && name != std::to_string(signal)) continue;
        text = std::to_string(signal);
        return {};
    }
    return "there is no signal \"" + printable(text) + "\"; kill -l lists them";
}

// The kernel keeps 15 bytes of a name.
bool has_name(const ExitRecord& record, const std::string& wanted) {
    constexpr std::size_t kept = 15;
    return record.name == wanted.substr(0, kept);
}

bool is_wanted(const ExitRecord& record, const Options& only) {
    return (!only.failed || record.failed()) && (only.name.empty() || has_name(record, only.name)) &&
           (only.pid == 0 || record.tgid == only.pid) && (only.ppid == 0 || record.ppid == only.ppid) &&
           (only.code < 0 || (record.signal() == 0 && record.code() == only.code)) &&
           (only.signal.empty() || only.signal == std::to_string(record.signal())) &&
           (!only.uid || (record.more && record.more->uid == *only.uid));
}

// Exits, failures and CPU time by name. Beyond a limit, all further names share one row.
class Summary {
public:
    void add(const ExitRecord& record) {
        constexpr std::size_t most = 10'000;
        const bool room = sums_.size() < most || sums_.contains(record.name);
        auto& sum = sums_[room ? record.name : "(others)"];
        ++sum.exits;
        sum.failed += record.failed() ? 1 : 0;
        sum.cpu_ns += record.cpu_ns();
    }

    Page page(std::size_t columns) const {
        Table table({{"name", Column::left, 15}, {"exits"}, {"failed"}, {"CPU"}});
        for (const auto& [name, sum] : sorted())
            table.row({text_cell(printable(name), Style::strong), count_cell(sum.exits), fault_cell(sum.failed),
                       text_cell(duration(sum.cpu_ns))});
        return table.page(columns, 0);
    }

    Json json() const {
        Json list = Json::array();
        for (const auto& [name, sum] : sorted())
            list.push_back({{"name", name}, {"exits", sum.exits}, {"failed", sum.failed}, {"cpu_ns", sum.cpu_ns}});
        return list;
    }

private:
    struct Sum {
        std::uint64_t exits = 0;
        std::uint64_t failed = 0;
        std::uint64_t cpu_ns = 0;
    };

    std::vector<std::pair<std::string, Sum>> sorted() const {
        std::vector<std::pair<std::string, Sum>> all(sums_.begin(), sums_.end());
        std::ranges::stable_sort(all, std::greater(), [](const auto& one) { return one.second.exits; });
        return all;
    }

    std::map<std::string, Sum> sums_;
};

// One run of the command: counts what it has shown and what was lost.
class Follower {
public:
    Follower(Context& context, const Options& options, ExitTrace trace)
        : context_(context), options_(options), trace_(std::move(trace)), missed_before_(missed()) {}

    Result<ExitCode> run() {
        const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
        introduce();
        bool last = false;
        while (!last) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
            const auto nap = options_.follow ? tick : std::clamp(left, std::chrono::milliseconds(0), tick);
            // Read often, because a process's cgroup may be removed soon; but in a storm of exits, read many at a time.
            const bool reader = wait_with_reader(std::min(nap, breath), context_.out_descriptor) &&
                                wait_with_reader(nap, context_.out_descriptor, trace_.descriptor());
            last = !reader || StopSignals::came() || (!options_.follow && Clock::now() >= end);
            if (const auto done = show_new(); !done) return fail(done.error());
            if (enough()) last = true;
            if (!context_.out) last = true;
            look_around();
        }
        summarize();
        return ExitCode::ok;
    }

private:
    static constexpr std::chrono::milliseconds tick{100};
    static constexpr std::chrono::milliseconds breath{5};

    void introduce() {
        if (context_.json || options_.summary) return;
        if (context_.err_is_terminal && !options_.follow)
            context_.err << "Showing exits for " << duration(static_cast<std::uint64_t>(options_.seconds * 1e9))
                         << "; --follow continues until Ctrl-C.\n";
        print(context_.out, {exit_heading(context_.columns)}, context_.colour);
        context_.out.flush();
    }

    Result<void> show_new() {
        const auto records = trace_.read();
        if (!records) return fail(records.error());
        const auto to_wall = monotonic_to_wall();
        for (const auto& record : *records) {
            if (enough()) break;
            ++exits_;
            if (record.failed()) ++failed_;
            ++number_;
            if (!is_wanted(record, options_) || !is_in_wanted_cgroup(record)) continue;
            ++shown_;
            if (options_.summary)
                summary_.add(record);
            else if (context_.json)
                context_.out << to_text(numbered(to_json(record, to_wall, cgroup_of(record))), -1) << '\n';
            else
                print(context_.out, {exit_row(record, to_wall, context_.columns)}, context_.colour);
        }
        if (!records->empty()) context_.out.flush();
        return {};
    }

    // Look it up now: the cgroup may be removed soon.
    std::string cgroup_of(const ExitRecord& record) { return record.more ? cgroups_.path(record.more->cgroup) : ""; }

    bool is_in_wanted_cgroup(const ExitRecord& record) {
        return options_.cgroup.empty() || is_within(cgroup_of(record), options_.cgroup);
    }

    // Adds the number of the exit. Exits that are not shown or were lost are numbered, too.
    Json numbered(const Json& record) const {
        Json json = {{"seq", number_}};
        json.update(record);
        return json;
    }

    // Reports exits lost since the last check.
    void tell_lost(std::uint64_t now) {
        const auto fresh = now - lost_told_;
        lost_told_ = now;
        if (context_.json && !options_.summary && context_.out)
            context_.out << to_text({{"seq", number_ + 1}, {"lost", fresh}}, -1) << std::endl;
        number_ += fresh;
        context_.err << "kmonctl: " << grouped(fresh) << " exits lost: they came faster than they were read\n";
    }

    bool enough() const { return options_.count != 0 && shown_ >= options_.count; }

    // Once a second: is the module still loaded, and was anything lost?
    void look_around() {
        if (Clock::now() < next_look_) return;
        next_look_ = Clock::now() + std::chrono::seconds(1);
        const bool attached = trace_.attached();
        if (attached != attached_)
            context_.err << (attached ? "kmonctl: process_monitor is back\n"
                                      : "kmonctl: process_monitor was unloaded; waiting for it\n");
        attached_ = attached;
        if (const auto now = lost(); now > lost_told_) tell_lost(now);
    }

    std::uint64_t missed() const {
        const auto view = read_process(context_.root);
        return view ? view->missed_probes : 0;
    }

    // Exits that did not fit into the buffer, and those that the probe missed.
    std::uint64_t lost() {
        const auto now = missed();
        return trace_.lost() + (now > missed_before_ ? now - missed_before_ : 0);
    }

    void summarize() {
        if (!context_.out) return;
        const auto lost_all = lost();
        if (lost_all > lost_told_) tell_lost(lost_all);
        if (options_.summary && !context_.json) print(context_.out, summary_.page(context_.columns), context_.colour);
        context_.out.flush(); // before the message that follows
        if (context_.json) {
            Json summary = {{"exits", exits_}, {"failed", failed_}, {"lost", lost_all}};
            if (options_.summary) summary["by_name"] = summary_.json();
            context_.out << to_text({{"summary", std::move(summary)}}, -1) << '\n';
        } else
            context_.err << grouped(exits_) << " exits, " << grouped(failed_) << " of them failed; "
                         << (shown_ < exits_ ? grouped(shown_) + " shown; " : "")
                         << (lost_all ? grouped(lost_all) : "none") << " lost.\n";
    }

    Context& context_;
    const Options& options_;
    ExitTrace trace_;
    Cgroups cgroups_{context_.root};
    std::uint64_t missed_before_;
    std::uint64_t exits_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t shown_ = 0;
    std::uint64_t number_ = 0; // of the last exit
    Summary summary_;
    std::uint64_t lost_told_ = 0;
    bool attached_ = true;
    Clock::time_point next_look_ = Clock::now() + std::chrono::seconds(1);
};

// Shows the exits that kmond wrote to the journal.
Result<ExitCode> past_exits(Context& context, const Options& options) {
    const auto since = parse_time(options.since, context.now());
    if (!since) return fail("'" + printable(options.since) + "' is not a time", ExitCode::usage, times_to_write);
    std::uint64_t shown = 0;
    Summary summary;
    if (!context.json && !options.summary) print(context.out, {exit_heading(context.columns)}, context.colour);
    const auto left_out = context.past_exits(*since, [&](const ExitRecord& record) {
        if (!is_wanted(record, options)) return true;
        ++shown;
        if (options.summary)
            summary.add(record);
        else if (context.json)
            context.out << to_text(to_json(record, 0, ""), -1) << '\n';
        else
            print(context.out, {exit_row(record, 0, context.columns)}, context.colour);
        return context.out && (options.count == 0 || shown < options.count);
    });
    if (!left_out) return fail(left_out.error());
    if (context.json) {
        Json last = {{"exits", shown}, {"left_out", *left_out}};
        if (options.summary) last["by_name"] = summary.json();
        context.out << to_text({{"summary", std::move(last)}}, -1) << '\n';
        return ExitCode::ok;
    }
    if (options.summary) print(context.out, summary.page(context.columns), context.colour);
    context.out.flush();
    context.err << grouped(shown) << " exits; " << (*left_out ? grouped(*left_out) : "none")
                << " left out of the journal.\n";
    if (shown == 0 && !failed_exits_wanted(read_config(context.root).config))
        context.err << "kmond does not write exits to the journal; set journal = \"failed\" in [process_monitor] of "
                       "/etc/kmon.toml\n";
    return ExitCode::ok;
}

Result<ExitCode> exits(Context& context, const Options& options) {
    if (!options.since.empty()) return past_exits(context, options);
    const StopSignals signals; // before there is anything to clean up
    auto trace = ExitTrace::open(context.root);
    if (!trace) return fail(trace.error());
    return Follower(context, options, std::move(*trace)).run();
}

} // namespace

void add_exits(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "exits", "Show each process as it exits",
                                [&context, options] { return exits(context, *options); });
    auto* follow = command.add_flag("-f,--follow", options->follow, "Run until Ctrl-C instead of 10 seconds");
    auto* since = command.add_option(
        "--since", options->since, "Show failed exits since then, from the journal: 10m, 15:04, 2026-11-29, @SECONDS");
    since->type_name("TIME")->excludes(follow);
    command.add_flag("--failed", options->failed, "Only exits with a non-zero code or by a signal");
    command.add_option("--seconds", options->seconds, "Run for N seconds instead of 10")
        ->type_name("N")
        ->excludes(since)
        ->transform(CLI::Validator(DecimalBetween{0, 86400}, ""));
    command.add_option("-n,--count", options->count, "Exit after showing N")
        ->type_name("N")
        ->transform(CLI::Validator(CountFrom{1}, ""));
    command.add_flag("--summary", options->summary, "At the end, show by name: exits, failures, CPU time");
    command.add_option("--name", options->name, "Only processes with this name")->type_name("NAME");
    command.add_option("--pid", options->pid, "Only this process")->type_name("PID")->check(CLI::Range(1, 1 << 22));
    command.add_option("--ppid", options->ppid, "Only children of this process")
        ->type_name("PID")
        ->check(CLI::Range(1, 1 << 22));
    command.add_option("--code", options->code, "Only exits with this code")
        ->type_name("CODE")
        ->check(CLI::Range(0, 255));
    command.add_option("--signal", options->signal, "Only exits by this signal: SIGKILL, KILL or 9")
        ->type_name("SIGNAL")
        ->transform(CLI::Validator(to_signal_number, ""));
    command.add_option("--uid", options->uid, "Only processes of the user with this number")->type_name("UID");
    command.add_option("--cgroup", options->cgroup, "Only processes in this cgroup, or in one below it")
        ->excludes(since) // the journal has only the cgroup's number
        ->type_name("PATH")
        ->check(CLI::Validator(
            [](const std::string& path) {
                return path.starts_with('/') ? "" : "must begin with a /, as in /proc/PID/cgroup";
            },
            ""));
}

} // namespace kmon::cli
