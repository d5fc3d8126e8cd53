// SPDX-License-Identifier: GPL-2.0-only
// The history as `kmonctl top` takes it: moment after moment.
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
    // from: the first moment that is to be shown. The graphs have what was before it.
    static Result<Replay> open(history::History history, std::int64_t from);

    // Puts the next moment into the model. False: there is none.
    Result<bool> next(TopModel& model);

    // The end of the moment that came last, and how long it was, in seconds.
    std::int64_t time() const { return time_; }
    std::int64_t length() const { return length_; }

private:
    // Where a series stands on the screen; each is 1 more than its index, 0: nowhere.
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
