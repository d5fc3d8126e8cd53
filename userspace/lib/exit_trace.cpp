// SPDX-License-Identifier: GPL-2.0-only
#include "exit_trace.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>
#include <utility>

#include "file.hpp"

namespace kmon {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "kmon."; // of the instance's name, followed by our PID

// If something is forbidden here, the reason is that it needs root.
Error trace_error(const std::string& doing, int error) {
    auto problem = system_error(doing, error);
    if (problem.code == ExitCode::not_permitted) problem.hint = "only root may follow exits";
    return problem;
}

fs::path event_of(const fs::path& tracing) { return tracing / "events" / "kmon" / "process_exit"; }

// Where tracefs is mounted.
Result<fs::path> find_tracing(const Root& root) {
    const auto kernel = root.sys / "kernel";
    for (const auto& path : {kernel / "tracing", kernel / "debug" / "tracing"}) {
        std::error_code error;
        if (fs::exists(path / "instances", error)) return path;
        if (error == std::errc::permission_denied) return fail(trace_error("cannot access " + path.string(), EACCES));
    }
    return fail("tracefs is not mounted at " + (kernel / "tracing").string(), ExitCode::failed,
                "mount -t tracefs tracefs /sys/kernel/tracing");
}

// Instances left by processes that are gone.
void remove_stale(const fs::path& instances, const Root& root) {
    std::error_code error;
    // Other processes may remove theirs meanwhile; carry on.
    for (fs::directory_iterator entry(instances, error), end; !error && entry != end; entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if (!name.starts_with(prefix)) continue;
        const auto pid = name.substr(prefix.size());
        const bool number =
            !pid.empty() && std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (number && !is_there(root.proc / pid)) ::rmdir(entry->path().c_str());
    }
}

// Adds up "overrun: N" and similar lines in the kernel's statistics of one CPU.
std::uint64_t lost_on_cpu(const fs::path& stats) {
    std::ifstream file(stats);
    std::uint64_t sum = 0;
    for (std::string line; std::getline(file, line);) {
        for (const std::string key : {"overrun: ", "commit overrun: ", "dropped events: "}) {
            std::uint64_t count = 0;
            if (line.starts_with(key)) std::from_chars(line.data() + key.size(), line.data() + line.size(), count);
            sum += count;
        }
    }
    return sum;
}

} // namespace

Result<ExitTrace> ExitTrace::open(const Root& root, Only only) {
    const auto tracing = find_tracing(root);
    if (!tracing) return fail(tracing.error());
    std::error_code error;
    if (!fs::exists(event_of(*tracing), error)) {
        if (error) return fail(trace_error("cannot access " + tracing->string(), error.value()));
        return fail("process_monitor is not loaded: there is no trace event kmon:process_exit", ExitCode::not_running,
                    ask_status);
    }

    const auto instances = *tracing / "instances";
    remove_stale(instances, root);
    const auto instance = instances / (std::string(prefix) + std::to_string(::getpid()));
    ::rmdir(instance.c_str()); // left by a dead process that had our PID
    if (::mkdir(instance.c_str(), 0700) < 0) return fail(trace_error("cannot create " + instance.string(), errno));
    ExitTrace trace(instance, only);
    if (const auto done = trace.set_up(); !done) return fail(done.error());
    return trace;
}

Result<void> ExitTrace::set_up() {
    // Nothing that a process chose may precede the record. (The name at its end is escaped.)
    for (const auto& [file, text] : {std::pair("trace_options", "nocontext-info"), std::pair("trace_clock", "mono")})
        if (auto done = write_file(instance_ / file, text); !done) return done;
    const auto pipe = instance_ / "trace_pipe";
    pipe_ = FileDescriptor(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!pipe_) return fail(trace_error("cannot open " + pipe.string(), errno));
    // Makes poll() wake up for each exit instead of when the buffer is half full. Older kernels always do.
    (void)write_file(instance_ / "buffer_percent", "0");
    return switch_on();
}

// The filter disappears with the module, so it is set each time.
Result<void> ExitTrace::switch_on() const {
    const auto event = event_of(instance_);
    if (only_ == Only::failed)
        if (auto done = write_file(event / "filter", "exit_code != 0"); !done) return done;
    return write_file(event / "enable", "1");
}

ExitTrace::ExitTrace(ExitTrace&& other) noexcept
    : instance_(std::exchange(other.instance_, {})), only_(other.only_), pipe_(std::move(other.pipe_)),
      unread_(std::move(other.unread_)), lost_before_(other.lost_before_), lost_now_(other.lost_now_) {}

ExitTrace::~ExitTrace() {
    if (instance_.empty()) return;
    (void)write_file(event_of(instance_) / "enable", "0");
    pipe_ = FileDescriptor(); // an open file would keep the instance
    ::rmdir(instance_.c_str());
}

Result<std::vector<ExitRecord>> ExitTrace::read() {
    std::vector<ExitRecord> records;
    char buffer[65536];
    // In a storm of exits there is always more to read: let the caller handle some in between.
    for (int turn = 0; turn < 16; ++turn) {
        const ssize_t got = ::read(pipe_.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != EAGAIN)
            return fail(trace_error("cannot read " + (instance_ / "trace_pipe").string(), errno));
        if (got <= 0) break;

        unread_.append(buffer, static_cast<std::size_t>(got));
        std::size_t start = 0;
        for (std::size_t end; (end = unread_.find('\n', start)) != std::string::npos; start = end + 1)
            if (auto record = parse_exit(std::string_view(unread_).substr(start, end - start)))
                records.push_back(std::move(*record));
        unread_.erase(0, start);
    }
    return records;
}

std::uint64_t ExitTrace::lost() {
    std::uint64_t sum = 0;
    std::error_code error;
    for (const auto& cpu : fs::directory_iterator(instance_ / "per_cpu", error))
        sum += lost_on_cpu(cpu.path() / "stats");
    if (sum < lost_now_) lost_before_ += lost_now_;
    lost_now_ = sum;
    return lost_before_ + lost_now_;
}

bool ExitTrace::attached() const {
    char state = '0';
    if (!(std::ifstream(event_of(instance_) / "enable") >> state)) return false;
    return state == '1' || switch_on().has_value();
}

} // namespace kmon
