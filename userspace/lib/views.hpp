// SPDX-License-Identifier: GPL-2.0-only
// What the five modules count, as typed numbers: their JSON-lines views, read and checked. The counters are those since
// the module was loaded; none ever goes down.
//
// read_*() reads the file under `root`; a module that is not there, or goes while it is read, is Error::code
// not_running. parse_*() takes the text from anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lines.hpp"
#include "link_stats.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon {

struct LocalhostView {
    struct Protocol {
        std::uint64_t ip_version = 0;
        std::string name; // tcp, udp, icmp, icmpv6, other
        std::uint64_t packets = 0;
        std::uint64_t segments = 0;
        std::uint64_t bytes = 0;
    };
    struct Size {
        std::string range; // "0-127"
        std::uint64_t min = 0;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };

    std::string version;
    bool all_netns = false;
    bool log_packets = false;
    std::uint64_t log_suppressed = 0;
    std::uint64_t packets = 0;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::vector<Protocol> protocols;
    std::vector<Size> sizes;
};

using MacAddress = std::array<std::uint8_t, 6>;

std::string to_string(const MacAddress& mac);

struct L2View {
    struct Mac {
        MacAddress address = {};
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
        std::uint64_t first_seen = 0; // seconds since 1970
        std::uint64_t last_seen = 0;
    };
    struct Interface {
        std::string name;
        bool waiting = false; // it is away
        std::string hook;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
        std::uint64_t untracked_packets = 0; // of sources past max_macs
        std::uint64_t untracked_bytes = 0;
        std::uint64_t evicted_packets = 0; // of sources whose memory was given back
        std::uint64_t evicted_bytes = 0;
        std::uint64_t skipped_packets = 0; // group source address: not in packets
        std::vector<Mac> macs;
    };

    std::string version;
    std::string hook;
    std::uint64_t reset_interval = 0; // seconds
    std::uint64_t max_macs = 0;
    std::vector<Interface> interfaces;
};

struct KstatView {
    struct Family {
        std::uint64_t ip_version = 0;
        std::uint64_t packets = 0;
        std::uint64_t segments = 0;
    };

    std::string version;
    bool all_netns = false;
    bool running = false;
    std::uint64_t counter = 0;   // packets between two publications
    std::uint64_t published = 0; // since load, while /proc/kstat/nout counts from its last reset
    std::uint64_t packets = 0;
    std::uint64_t segments = 0;
    std::vector<Family> families;
};

// /proc/netmon has no first line of its own, so no version.
struct NetmonView {
    struct Interface : LinkStats {
        std::string name;
        std::string error; // "not found": then there are no figures
    };

    std::vector<Interface> interfaces;
};

struct ProcessView {
    std::string version;
    std::string probe;    // the place: "taskstats_exit"
    std::string probe_by; // "tracepoint", "ftrace", "kprobe"; empty where the module does not tell
    bool armed = true;    // false: somebody switched the probe off, and no exit is seen
    bool log = false;
    std::uint64_t log_rate = 0;
    std::uint64_t exits = 0;
    std::uint64_t thread_exits = 0;
    std::uint64_t kernel_thread_exits = 0;
    std::uint64_t logged = 0;
    std::uint64_t suppressed = 0;
    std::uint64_t missed_probes = 0;
    std::uint64_t nonzero_exits = 0; // by exit code; those killed by a signal stand apart
    std::uint64_t killed_by_signal = 0;
    std::uint64_t utime_ns = 0;
    std::uint64_t stime_ns = 0;
};

Result<LocalhostView> parse_localhost(Lines& lines);
Result<L2View> parse_l2(Lines& lines);
Result<KstatView> parse_kstat(Lines& lines);
Result<NetmonView> parse_netmon(Lines& lines);
Result<ProcessView> parse_process(Lines& lines);

Result<LocalhostView> read_localhost(const Root& root);
Result<L2View> read_l2(const Root& root);
Result<KstatView> read_kstat(const Root& root);
Result<NetmonView> read_netmon(const Root& root);
Result<ProcessView> read_process(const Root& root);

} // namespace kmon
