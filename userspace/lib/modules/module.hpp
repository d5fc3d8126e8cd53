// SPDX-License-Identifier: GPL-2.0-only
// What user space knows about a kernel module. Each module has a file beside this one, and module_table.cpp lists them;
// no other code depends on a particular module. docs/adding-a-module.md shows how to add one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "config.hpp"
#include "config_key.hpp"
#include "finding.hpp"
#include "json.hpp"
#include "metrics.hpp"
#include "page.hpp"
#include "result.hpp"
#include "root.hpp"
#include "sysfs.hpp"

namespace kmon {

// The layout of a page.
struct Look {
    std::size_t columns = 80;
    bool unicode = true;
    std::time_t now = 0;
    std::size_t top = 5; // rows to show of a list that may be long
};

// A counter whose rate is shown: {"rx bytes", 1234, true}. In JSON the rate is "rx_bytes_per_second".
struct Figure {
    std::string name;
    std::uint64_t value = 0;
    bool bytes = false;
};

// Converts "rx bytes" to "rx_bytes".
inline std::string json_name(std::string figure) {
    std::ranges::replace(figure, ' ', '_');
    return figure;
}

// What a module counted, at one moment. Counters start when the module is loaded and never go down.
class View {
public:
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

    View() = default;
    View(const View&) = default;
    View(View&&) = default;
    View& operator=(const View&) = default;
    View& operator=(View&&) = default;
    virtual ~View() = default;

    // For `kmonctl stats`.
    virtual Page page(const Look& look) const = 0;
    // The keys are those of the module's own view, with its lines nested. top: see Look.
    virtual Json json(std::size_t top = all) const = 0;
    // The module's settings in words, for `kmonctl status`: "on eth0; text view resets every 20 s".
    virtual std::string settings() const = 0;
    // The counters that `kmonctl top` shows, at most two.
    virtual std::vector<Figure> figures() const = 0;

    std::string version;
    std::uint64_t since = 0; // when its counters were 0, in seconds since 1970; 0: unknown
};

// A table of `kmonctl history`: what was counted in a span of time, with a line for each set of labels.
struct HistoryTable {
    struct Column {
        std::string name;   // in JSON and CSV: "sent_bytes"
        std::string head;   // on a page: "sent"; empty: not shown there
        std::string figure; // of Module::metrics
        bool bytes = false;
    };

    std::string name{};                // "devices"; empty: there is none
    std::vector<std::string> labels{}; // of the columns' figures
    std::vector<Column> columns{};     // lines are sorted by the sum of the byte columns, or else by the first column
    // A figure without labels that is the total of the first column, and the label of the line for the remainder.
    std::string whole{};
    std::string rest{};
    // What `kmonctl top --at` shows: a name as in View::figures(), and the figure whose series add up to it.
    struct Rate {
        std::string name;
        std::string figure;
        bool bytes = false;
    };
    std::vector<Rate> rates{};
};

struct Module {
    std::string name;
    std::string section; // of /etc/kmon.toml

    // Its keys there, besides those that every module has: enabled, view_mode, view_gid.
    std::vector<ConfigKey> keys;
    // The parameters that they become, in the order in which they must be written.
    std::function<std::vector<Setting>(const Config& config)> settings;
    // The parameter that is set from the key `interface`, of kind interfaces; empty: there is none.
    std::string watches{};

    std::function<Result<std::unique_ptr<View>>(const Root& root)> read;
    // The same for a view that may be very long: keeps only the `top` busiest items of each list. Empty: use `read`.
    std::function<Result<std::unique_ptr<View>>(const Root& root, std::size_t top)> read_top{};
    // Its figures for machines.
    std::vector<Family> metrics{};
    // Its counters are the kernel's own: they do not start at zero when the module is loaded.
    bool of_kernel = false;
    // How its history is shown.
    HistoryTable history{};
    // Text for the service's status line; empty: none.
    std::function<std::string(const Root& root)> brief{};
    // The file in /proc that accepts "reset". Empty: there is nothing to reset.
    std::string reset_file{};

    // doctor's comparison with the kernel's own counts, if any. in_its_namespace: only valid in the initial network
    // namespace.
    std::function<Finding(const Root& root, const Stimulus& stimulus)> compare{};
    bool in_its_namespace = false;
};

// For Module::read.
template <class V>
Result<std::unique_ptr<View>> as_view(Result<V> view) {
    if (!view) return fail(view.error());
    return std::make_unique<V>(std::move(*view));
}

// The sum of one member over all items: sum_of(interfaces, &Interface::packets).
template <class List, class Number>
std::uint64_t sum_of(const List& list, Number number) {
    return std::accumulate(list.begin(), list.end(), std::uint64_t{0},
                           [&](std::uint64_t sum, const auto& item) { return sum + item.*number; });
}

// The text of a parameter that is on or off.
inline std::string flag(bool value) { return value ? "1" : "0"; }

// "LOOPBACK  localhost_monitor 1.0.0, WORDS": the first line of a page.
Line heading(const std::string& title, const std::string& module, const std::string& words);

} // namespace kmon
