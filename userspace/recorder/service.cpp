// SPDX-License-Identifier: GPL-2.0-only
#include "service.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <map>
#include <optional>
#include <system_error>

#include "config.hpp"
#include "escape.hpp"
#include "file.hpp"
#include "file_descriptor.hpp"
#include "format.hpp"
#include "history/reading.hpp"
#include "history/recording.hpp"
#include "schedule.hpp"
#include "settings.hpp"
#include "version.hpp"

namespace kmon::recorder {

namespace {

namespace fs = std::filesystem;

// How often the log is merged into the database: each time takes two more fsyncs.
constexpr std::int64_t checkpoint_interval = 3'600'000; // ms

Result<FileDescriptor> signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    FileDescriptor fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail(system_error("cannot wait for signals", errno));
    return fd;
}

// Two instances would both write the same counts.
Result<FileDescriptor> be_the_only_one(const fs::path& runtime) {
    const auto path = runtime / "lock";
    std::error_code ignored;
    fs::create_directories(runtime, ignored);
    FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return fail(system_error("cannot create " + printable(path.native()), errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) < 0)
        return fail("kmon-recorder is already running", ExitCode::failed, "systemctl status kmon-recorder");
    return lock;
}

std::string time_of_day(std::int64_t ms) {
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm local{};
    std::array<char, 16> text{};
    (void)::localtime_r(&seconds, &local);
    return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &local)};
}

class Service {
public:
    Service(const Root& root, const Places& places, const Tell& tell) : root_(root), places_(places), tell_(tell) {}

    Result<void> run();

private:
    Result<void> start(const Config& config);
    void stop();
    Result<void> reload();
    void read();
    void write();
    bool save();
    Result<void> bring_into_memory();
    Result<void> bring_to_disk();
    void notify(const std::string& state);
    void tell_of(const std::vector<history::ModuleReading>& readings);
    // Waits until the next reading or a signal; returns the signal, or 0.
    int wait(const FileDescriptor& signals);

    fs::path on_disk() const { return places_.state / "history.db"; }
    fs::path in_memory() const { return places_.runtime / "history.db"; }

    const Root& root_;
    const Places& places_;
    const Tell& tell_;
    Settings settings_;
    std::optional<history::Recording> recording_;
    std::int64_t written_ = 0; // when, in ms since boot
    std::int64_t checked_ = 0;
    std::int64_t saved_ = 0;
    std::size_t readable_ = 0;                // modules
    std::map<std::string, std::string> told_; // what was reported about modules that cannot be read
};

Result<void> Service::run() {
    const auto config = load_config(root_);
    if (!config) return fail(config.error());
    const auto lock = be_the_only_one(places_.runtime);
    if (!lock) return fail(lock.error());
    const auto heard = signals();
    if (!heard) return fail(heard.error());
    if (auto started = start(*config); !started) return started;

    read();
    write(); // so that problems with the directory show now, not in a minute
    tell_(LOG_INFO, std::string("kmon-recorder ") + version + " records " + std::to_string(readable_) +
                        " modules every " + std::to_string(settings_.limits.interval) + " s");
    notify("READY=1");
    for (;;) {
        switch (wait(*heard)) {
        case SIGTERM:
        case SIGINT:
            notify("STOPPING=1");
            stop();
            return {};
        case SIGHUP:
            if (auto reloaded = reload(); !reloaded) return reloaded;
            break;
        case SIGUSR1:
            read();
            write();
            break;
        default: {
            read();
            const auto now = history::moment_now(root_).uptime;
            const auto interval = settings_.limits.interval * 1000;
            if (is_due(now, written_, settings_.write_interval, interval)) write();
            if (settings_.in_memory && is_due(now, saved_, settings_.save_interval, interval)) (void)save();
        }
        }
    }
}

Result<void> Service::start(const Config& config) {
    settings_ = recorder_settings(config);
    if (auto brought = settings_.in_memory ? bring_into_memory() : bring_to_disk(); !brought) return brought;
    recording_.emplace(settings_.in_memory ? in_memory() : on_disk(), settings_.limits,
                       history::Recording::Words{[this](const auto& what) { tell_(LOG_WARNING, what); },
                                                 [this](const auto& what) { tell_(LOG_NOTICE, what); }});
    written_ = checked_ = saved_ = history::moment_now(root_).uptime;
    return {};
}

// If there is one that was not saved, it is newer and is kept.
Result<void> Service::bring_into_memory() {
    std::error_code error;
    if (fs::exists(in_memory(), error) || !fs::exists(on_disk(), error)) return {};
    auto making = in_memory();
    making += ".new";
    auto database = history::Database::open(on_disk(), history::Database::Mode::read);
    if (!database) return fail(database.error());
    fs::remove(making, error);
    auto copied = database->copy_to(making);
    if (!copied && history::is_damage(copied.error())) {
        const auto aside = history::put_aside(on_disk());
        if (!aside) return fail(aside.error());
        tell_(LOG_WARNING, copied.error().what + "; it is kept as " + printable(aside->native()));
        return {};
    }
    if (!copied) return copied;
    fs::rename(making, in_memory(), error);
    if (error) return fail(system_error("cannot write " + printable(in_memory().native()), error.value()));
    return {};
}

// Saves a history that was left in memory because the service was killed or the disk was full.
Result<void> Service::bring_to_disk() {
    std::error_code error;
    if (!fs::exists(in_memory(), error)) return {};
    auto moved = history::move_database(in_memory(), on_disk());
    if (moved || !history::is_damage(moved.error())) return moved;
    tell_(LOG_WARNING, moved.error().what + "; the history on disk is continued");
    history::remove_database(in_memory());
    return {};
}

// If it cannot be saved, it stays in memory.
void Service::stop() {
    read();
    write();
    recording_->checkpoint();
    const bool saved = settings_.in_memory && save();
    recording_.reset();
    if (saved) history::remove_database(in_memory());
}

// After a change of the place, there may be no history yet.
Result<void> Service::reload() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto usec = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
    const auto config = load_config(root_);
    if (!config) {
        tell_(LOG_ERR, "not reloaded, the old settings are in force: " + config.error().what);
    } else {
        stop();
        if (auto started = start(*config); !started) return started;
        read();
        tell_(LOG_INFO, "reloaded");
    }
    notify("READY=1");
    return {};
}

void Service::read() {
    const auto moment = history::moment_now(root_);
    const auto readings = history::read_modules(root_, moment.boot);
    readable_ = static_cast<std::size_t>(
        std::ranges::count_if(readings, [](const auto& reading) { return reading.view.has_value(); }));
    tell_of(readings);
    recording_->take(moment, history::as_taken(readings));
    notify("WATCHDOG=1");
}

// Reports a module that cannot be read once for each reason. A module that is not loaded is not an error here.
void Service::tell_of(const std::vector<history::ModuleReading>& readings) {
    for (const auto& reading : readings) {
        auto& told = told_[reading.module->name];
        const bool wrong = !reading.view && reading.view.error().code != ExitCode::not_running;
        const auto what = wrong ? reading.view.error().what : "";
        if (!what.empty() && what != told) tell_(LOG_WARNING, what + "; it is not recorded meanwhile");
        told = what;
    }
}

void Service::write() {
    const auto moment = history::moment_now(root_);
    const bool done = recording_->flush(moment);
#ifdef __GLIBC__
    (void)::malloc_trim(0); // a transaction takes as much memory as everything else, and the next one is a minute away
#endif
    written_ = moment.uptime;
    if (done && moment.uptime - checked_ >= checkpoint_interval) {
        recording_->checkpoint();
        checked_ = moment.uptime;
    }
    const auto devices = grouped(recording_->devices());
    notify("STATUS=" +
           (done ? "recording " + std::to_string(readable_) + " modules, " + devices + " series of figures; " +
                       brief_bytes(recording_->size()) + ", written at " + time_of_day(moment.time)
                 : std::string("cannot write the history; new data is waiting")));
}

bool Service::save() {
    const auto done = recording_->save_to(on_disk());
    saved_ = history::moment_now(root_).uptime;
    if (!done) tell_(LOG_ERR, "the history in memory was not saved: " + done.error().what);
    return done.has_value();
}

// Notifies systemd, if it is there.
// NOLINTNEXTLINE(readability-convert-member-functions-to-static)
void Service::notify(const std::string& state) { (void)::sd_notify(0, state.c_str()); }

int Service::wait(const FileDescriptor& signals) {
    const auto delay = until_next(history::moment_now(root_).time, settings_.limits.interval * 1000);
    pollfd waiting = {.fd = signals.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(delay)) <= 0) return 0;
    signalfd_siginfo about{};
    if (::read(signals.get(), &about, sizeof about) != sizeof about) return 0;
    return static_cast<int>(about.ssi_signo);
}

} // namespace

Result<void> serve(const Root& root, const Places& places, const Tell& tell) {
    return Service(root, places, tell).run();
}

} // namespace kmon::recorder
