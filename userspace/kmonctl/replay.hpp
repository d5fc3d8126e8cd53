// SPDX-License-Identifier: GPL-2.0-only
// Feeds the history to `kmonctl top`, moment by moment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "history/history.hpp"
#include "result.hpp"
#include "top_model.hpp"

namespace kmon::cli {

class Replay {
public:
    // from: the first moment to show. The graphs also cover some time before it.
    static Result<Replay> open(history::History history, std::int64_t from);

    // Puts the next moment into the model. False: there is none.
    Result<bool> next(TopModel& model);

    // The end of the last moment, and its length in seconds.
    std::int64_t time() const { return time_; }
    std::int64_t length() const { return length_; }

private:
    // Where a series is shown: each number is an index plus 1; 0: not shown.
    struct Use {
        std::uint32_t rate = 0;      // in rates_
        std::uint32_t mac = 0;       // in macs_
        std::uint32_t interface = 0; // in interfaces_
        bool bytes = false;
        bool sent = false; // of an interface
    };
    struct NamedRate {
        std::string module;
        HistoryTable::Rate rate;
    };

    explicit Replay(history::History history) : history_(std::move(history)) {}

    void find_uses(const std::vector<history::Subject>& subjects);
    void use(const history::Subject& subject, std::uint32_t series, const std::string& figure);
    Use& use_of(std::uint32_t series);

    history::History history_;
    std::int64_t time_ = 0;
    std::int64_t length_ = 0;
    std::vector<Use> uses_; // by series
    std::vector<NamedRate> rates_;
    std::vector<MacRate> macs_;
    std::map<std::pair<std::string, MacAddress>, std::uint32_t> mac_numbers_;
    std::vector<InterfaceRate> interfaces_;
};

} // namespace kmon::cli
