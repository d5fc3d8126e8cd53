// SPDX-License-Identifier: GPL-2.0-only
#include "service.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include "control/event_loop.hpp"
#include "control/keeper.hpp"
#include "control/known_network.hpp"
#include "control/loading.hpp"
#include "control/network.hpp"
#include "control/requests.hpp"
#include "control/status_line.hpp"
#include "failed_exits.hpp"
#include "file.hpp"
#include "last_reload.hpp"
#include "links.hpp"
#include "module_events.hpp"
#include "modules/process_monitor.hpp"
#include "privileges.hpp"
#include "version.hpp"

namespace kmon::kmond {
namespace {

using namespace std::chrono_literals;
using namespace control;

// Events come in bursts: a bridge and its ports, a module and its parameters.
constexpr auto settle = 100ms;
constexpr auto look_anyway = 10s;
constexpr auto look_for_exits = 250ms; // if failed exits go to the journal

std::uint64_t monotonic_usec() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

// How often to check even without an event: three times per watchdog interval.
std::chrono::microseconds period() {
    std::uint64_t watchdog = 0;
    if (::sd_watchdog_enabled(0, &watchdog) <= 0) return look_anyway;
    return std::min<std::chrono::microseconds>(look_anyway, std::chrono::microseconds(watchdog / 3));
}

// Two instances would take each other's requests.
Result<FileDescriptor> be_the_only_one(const Root& root) {
    const auto path = root.run / "kmon/lock";
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return fail(system_error("cannot create " + path.string(), errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) < 0)
        return fail("kmond is already running", ExitCode::failed, "systemctl status kmon, or systemctl reload kmon");
    return lock;
}

class Service {
public:
    Service(const Root& root, const Journal& journal, EventLoop loop)
        : root_(root), journal_(journal), loop_(std::move(loop)),
          keeper_(root, journal, [this] { return network_.ask(keeper_.follows_default_route()); }) {}

    Result<void> set_up(const Config& config);
    Result<void> run() { return loop_.run(); }

private:
    Result<void> listen();
    void hear_network();
    void heard();
    void look();
    void notify(const std::string& state);
    Result<void> reload();
    Result<void> take_configuration();
    void remember(bool worked);
    void follow_exits();
    void serve(const FileDescriptor& socket, Request request);

    const Root& root_;
    const Journal& journal_;
    EventLoop loop_;
    KnownNetwork network_;
    Keeper keeper_;
    std::optional<LinkEvents> links_;
    std::optional<ModuleEvents> modules_;
    FileDescriptor reloads_;
    FileDescriptor questions_;
    EventLoop::Timer* soon_ = nullptr;
    EventLoop::Timer* regularly_ = nullptr;
    EventLoop::Timer* exits_timer_ = nullptr;
    FailedExits exits_{root_, journal_};
    std::string status_;
    LastReload last_;
};

Result<void> Service::set_up(const Config& config) {
    // Listen first, then look, so that no change in between is missed.
    if (auto listening = listen(); !listening) return listening;
    keeper_.start(config);
    remember(true);
    follow_exits();
    journal_({Topic::started, LOG_INFO, std::string("kmond ") + version + ": " + status_line(root_, keeper_), {}});
    notify("READY=1\n");
    look();
    return {};
}

Result<void> Service::listen() {
    auto links = LinkEvents::open();
    if (!links) return fail(links.error());
    auto modules = ModuleEvents::open();
    if (!modules) return fail(modules.error());
    auto reloads = open_socket_for(root_, Request::reload);
    if (!reloads) return fail(reloads.error());
    auto questions = open_socket_for(root_, Request::state);
    if (!questions) return fail(questions.error());
    links_ = std::move(*links);
    modules_ = std::move(*modules);
    reloads_ = std::move(*reloads);
    questions_ = std::move(*questions);

    const auto soon = loop_.add_timer([this] { look(); });
    const auto regularly = loop_.add_timer([this] {
        network_.doubt();
        look();
    });
    if (!soon || !regularly) return fail((soon ? regularly : soon).error());
    const auto exits = loop_.add_timer([this] {
        exits_.look();
        if (exits_.wanted()) exits_timer_->arm(look_for_exits);
    });
    if (!exits) return fail(exits.error());
    exits_timer_ = *exits;
    soon_ = *soon;
    regularly_ = *regularly;

    const auto stop = [this] {
        journal_({Topic::stopping, LOG_INFO, "kmond is stopping; the modules keep counting", {}});
        ::sd_notify(0, "STOPPING=1");
        loop_.stop();
    };
    for (const auto& set : {
             loop_.on_readable(links_->fd(), [this] { hear_network(); }),
             loop_.on_readable(modules_->fd(),
                               [this] {
                                   if (modules_->drain()) heard();
                               }),
             loop_.on_readable(reloads_.get(), [this] { serve(reloads_, Request::reload); }),
             loop_.on_readable(questions_.get(), [this] { serve(questions_, Request::state); }),
             loop_.on_signal(SIGHUP, [this] { (void)reload(); }),
             loop_.on_signal(SIGTERM, stop),
             loop_.on_signal(SIGINT, stop),
         }) {
        if (!set) return set;
    }
    return {};
}

void Service::hear_network() {
    const auto changes = links_->take().value_or(LinkEvents::Changes{true, true});
    network_.heard(changes);
    if (changes.links || (changes.default_route && keeper_.follows_default_route())) heard();
}

// An event does not restart a running timer, or a stream of events would postpone it for ever.
void Service::heard() {
    if (!soon_->armed()) soon_->arm(settle);
}

void Service::look() {
    keeper_.refresh();
    notify("WATCHDOG=1\n");
    if (keeper_.unsettled()) heard();
    regularly_->arm(period());
}

// Also sends the status, if it changed.
void Service::notify(const std::string& state) {
    auto status = status_line(root_, keeper_);
    std::string message = state;
    if (status != status_) message += "STATUS=" + status + "\n";
    status_ = std::move(status);
    ::sd_notify(0, message.c_str());
}

Result<void> Service::reload() {
    network_.forget(); // the event of a recent change may not have arrived yet
    ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_usec())).c_str());
    auto outcome = take_configuration();
    remember(outcome.has_value());
    follow_exits();
    notify("READY=1\n");
    if (outcome) journal_({Topic::reloaded, LOG_INFO, "reloaded: " + status_, {}});
    return outcome;
}

Result<void> Service::take_configuration() {
    const auto reading = read_config(root_);
    const auto config = config_of(reading);
    if (!config) {
        tell(journal_, reading);
        return fail(config.error());
    }
    auto outcome = keeper_.reload(*config);
    if (!outcome) journal_({Topic::reload_undone, LOG_ERR, "not reloaded: " + sentence(outcome.error()), {}});
    return outcome;
}

// Records the outcome for the metrics. If /run is full, that is not an error.
void Service::remember(bool worked) {
    last_.worked = worked;
    if (worked) last_.worked_at = static_cast<std::uint64_t>(std::time(nullptr));
    (void)write_last_reload(root_, last_);
}

void Service::follow_exits() {
    exits_.want(failed_exits_wanted(keeper_.config()));
    if (exits_.wanted()) exits_timer_->arm(0ms);
}

void Service::serve(const FileDescriptor& socket, Request request) {
    const FileDescriptor connection(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) return;
    Result<void> done;
    if (request == Request::reload) done = reload();
    answer(connection, done ? Result<Report>(keeper_.report()) : fail(done.error()));
}

} // namespace

Result<void> serve(const Root& root, const Journal& journal) {
    const auto reading = read_config(root);
    const auto config = config_of(reading);
    if (!config) {
        tell(journal, reading);
        return fail("not started: the configuration is not valid", config.error().code, "kmonctl check");
    }
    const auto lock = be_the_only_one(root);
    if (!lock) return fail(lock.error());
    // When started by hand. Under systemd, a separate step has already done this.
    if (can_load_modules()) load_modules(root, *config);
    if (auto dropped = drop_privileges(); !dropped) return dropped;

    auto loop = EventLoop::open();
    if (!loop) return fail(loop.error());
    Service service(root, journal, std::move(*loop));
    if (auto ready = service.set_up(*config); !ready) return ready;
    return service.run();
}

} // namespace kmon::kmond
