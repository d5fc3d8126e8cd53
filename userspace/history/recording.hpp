// SPDX-License-Identifier: GPL-2.0-only
// The recorder without its service: takes readings, keeps them for a minute, and writes them. What cannot be written
// waits, and is condensed the longer it waits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "history/meter.hpp"
#include "history/store.hpp"
#include "modules/module.hpp"

namespace kmon::history {

// One moment, by two clocks: the wall clock, which may be set, and the time since boot, which only grows.
struct Moment {
    std::string boot;
    std::int64_t uptime = 0; // ms since boot, including suspend
    std::int64_t time = 0;   // ms since 1970
};

class Recording {
public:
    // warn: something went wrong, but nothing is lost yet. note: it works again.
    struct Words {
        std::function<void(const std::string& what)> warn;
        std::function<void(const std::string& what)> note;
    };

    Recording(std::filesystem::path file, const Limits& limits, Words words)
        : file_(std::move(file)), limits_(limits), words_(std::move(words)) {}

    // A module's view at that moment, or whether it could be read.
    struct Taken {
        const Module* module = nullptr;
        const View* view = nullptr; // nullptr: it could not be read
        bool absent = false;        // because it is not loaded
        Instance instance;
    };
    void take(const Moment& moment, const std::vector<Taken>& modules);

    // Writes what is waiting. False: that failed, and it keeps waiting.
    bool flush(const Moment& moment);
    void checkpoint();

    // Replaces `file` atomically with a copy of what was written. For a history that is kept in memory.
    Result<void> save_to(const std::filesystem::path& file);

    bool is_open() const { return store_.has_value(); }
    bool works() const { return works_; }
    std::size_t waiting_bytes() const;
    std::uint64_t size();
    std::uint64_t log_size() const; // bytes of the write-ahead log beside it: an eighth of max_size at most
    std::size_t devices() const;    // sets of labels that are known

private:
    struct Waiting {
        std::int64_t from = 0; // ms since the boot of the last moment
        std::int64_t to = 0;
        bool seen = true;
        std::string growth;
    };
    class FromStore;

    Result<void> open();
    Result<void> restore();
    Result<void> begin_anew(const Error& damage);
    Result<void> fill_new();
    Result<void> write(const Moment& moment);
    Result<void> forget_devices(Seconds now);
    void failed(const Error& error);
    void add_waiting(std::int64_t from, std::int64_t to, bool seen, const Row& row);
    void squeeze();
    bool was_replaced() const;
    Meter& meter_of(const Module& module);

    std::filesystem::path file_;
    Limits limits_;
    Words words_;

    std::optional<Store> store_;
    std::uint64_t inode_ = 0;
    bool works_ = true;
    bool started_ = false;

    std::vector<std::pair<std::string, Meter>> meters_; // by module
    std::vector<Kind> kinds_;                           // all that are known
    std::size_t written_kinds_ = 0;
    std::vector<Block> new_blocks_;
    std::unordered_map<std::string, std::uint32_t> new_firsts_; // of them, by kind and labels
    std::uint32_t next_series_ = 0;
    std::uint32_t written_series_ = 0;
    std::size_t blocks_ = 0; // written
    double new_allowed_ = 0;
    bool told_of_many_ = false;

    std::string boot_;
    std::optional<std::int64_t> last_moment_; // ms since boot
    std::vector<Waiting> waiting_;
};

} // namespace kmon::history
