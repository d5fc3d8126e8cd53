// SPDX-License-Identifier: GPL-2.0-only
// The data behind `kmonctl top`: rates between readings, and their history.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exit_record.hpp"
#include "modules/l2packet_counter.hpp"
#include "modules/netmon_proc.hpp"
#include "names.hpp"
#include "snapshot.hpp"

namespace kmon::cli {

// A counter's rate over time.
class Rate {
public:
    // The rate is unknown at the first reading, and after the counter went down because the module was reloaded.
    void take(std::uint64_t counter, double seconds);
    void lose(); // the module is not loaded
    void take_rate(double rate);

    bool known() const { return known_; }
    double now() const { return known_ ? history_.back() : 0; }
    double peak() const;
    const std::vector<double>& history() const { return history_; }

private:
    static constexpr std::size_t longest = 512;

    bool have_last_ = false;
    bool known_ = false;
    std::uint64_t last_ = 0;
    std::vector<double> history_;
};

struct MacRate {
    std::string interface;
    MacAddress address = {};
    double frames = 0; // per second
    double bytes = 0;
    std::uint64_t total = 0; // frames
};

struct InterfaceRate {
    std::string name;
    double rx_bytes = 0; // per second
    double tx_bytes = 0;
    double rx_packets = 0;
    double tx_packets = 0;
    std::uint64_t faults = 0; // errors, and packets that could not be sent, so far
};

class TopModel {
public:
    // seconds: since the previous reading.
    void take(const Snapshot& snapshot, double seconds);
    void take(const std::vector<ExitRecord>& exits);

    // The same from the history, which has rates and no counters.
    void take_recorded(const std::string& module, const std::string& figure, bool bytes, double rate);
    void take_recorded(std::vector<MacRate> seen, std::vector<InterfaceRate> links);

    std::size_t readings() const { return readings_; }

    // The rates of each module's figures, in the order of the module table.
    struct FigureRate {
        std::string name; // "rx bytes"
        bool bytes = false;
        Rate rate;
    };
    struct ModuleRates {
        std::string module;
        std::optional<Error> missing; // why there are no rates now
        std::vector<FigureRate> figures;
    };
    std::vector<ModuleRates> rates;

    // Sorts the addresses by bytes or by frames.
    void sort(bool by_bytes_now);

    const Rate* rate_of(const std::string& module, const std::string& figure) const;

    std::vector<MacRate> macs;             // busiest first
    NamesByMac names;                      // of the addresses
    bool by_bytes = false;                 // sort by bytes, not by frames
    std::vector<InterfaceRate> interfaces; // as the module lists them
    std::deque<ExitRecord> latest_exits;   // newest first
    std::string exits_missing;             // why there are no exits to show; empty: there are
    std::uint64_t exits_lost = 0;

private:
    void sort_macs();
    void take_figures(const Reading& reading, double seconds);
    void take_macs(const L2View& view, double seconds);
    void take_interfaces(const NetmonView& view, double seconds);

    struct Seen {
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };
    using SeenMacs = std::unordered_map<std::uint64_t, Seen>;

    std::size_t readings_ = 0;
    std::map<std::string, SeenMacs> seen_macs_; // by interface
    std::map<std::string, NetmonView::Interface> seen_interfaces_;
};

} // namespace kmon::cli
