// SPDX-License-Identifier: GPL-2.0-only
// A machine whose clocks the test controls, with a module that counts devices, one that shows the kernel's own figures
// of interfaces, and the recorder that reads both.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "history/history.hpp"
#include "history/recording.hpp"
#include "temp_tree.hpp"

namespace kmon::test {

// Sets the local time zone for the duration of a test.
class Zone {
public:
    explicit Zone(const char* name) {
        if (const char* before = std::getenv("TZ")) before_ = before;
        set(name);
    }
    ~Zone() { set(before_ ? before_->c_str() : nullptr); }
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

private:
    static void set(const char* name) {
        if (name)
            ::setenv("TZ", name, 1);
        else
            ::unsetenv("TZ");
        ::tzset();
    }
    std::optional<std::string> before_;
};

struct CountingView : View {
    struct Item {
        std::string name;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };
    std::vector<Item> items;
    std::uint64_t rest = 0;      // packets that belong to none of them
    std::uint64_t level = 0;     // a gauge
    std::uint64_t sizes[2] = {}; // a histogram

    Page page(const Look& /*look*/) const override { return {}; }
    Json json(std::size_t /*top*/) const override { return {}; }
    std::string settings() const override { return ""; }
    std::vector<Figure> figures() const override { return {}; }

    Item& item(const std::string& name) {
        for (auto& one : items)
            if (one.name == name) return one;
        return items.emplace_back(Item{name});
    }
};

inline Module counting_module(const std::string& name, const std::string& label) {
    using V = CountingView;
    const auto of_item = [](std::uint64_t V::Item::*number) {
        return made_by<V>([number](const V& view, std::size_t) {
            Samples samples;
            for (const auto& item : view.items)
                samples.push_back({{"br0", item.name}, item.*number});
            if (number == &V::Item::packets) samples.push_back({{"br0", the_others}, view.rest});
            return samples;
        });
    };
    Module module;
    module.name = name;
    module.metrics = {
        counter(name + "_packets", "", {"interface", label}, of_item(&V::Item::packets)),
        counter(name + "_bytes", "", {"interface", label}, of_item(&V::Item::bytes)),
        recorded(gauge(name + "_level", "", {}, one(&V::level))),
        histogram(name + "_size", "", {}, made_by<V>([](const V& view, std::size_t) {
                      return Samples{{{}, 7, {{127, view.sizes[0]}, {Bucket::no_bound, view.sizes[1]}}}};
                  })),
    };
    return module;
}

class HistoryWorld {
public:
    static constexpr std::int64_t start = 1'800'000'000; // 2027-01-15 08:00:00 UTC

    HistoryWorld() {
        limits.durable = false; // a test's history outlasts no power cut, and is faster
        begin();
    }

    // Starts the recorder.
    void begin() {
        recording.emplace(file(), limits,
                          history::Recording::Words{[this](const std::string& what) { warnings.push_back(what); },
                                                    [this](const std::string& what) { notes.push_back(what); }});
    }

    std::filesystem::path file() const { return tree.path() / "history.db"; }
    history::Moment moment() const { return {boot, uptime, time}; }

    void pass(double seconds) {
        const auto ms = static_cast<std::int64_t>(seconds * 1000);
        uptime += ms;
        time += ms;
    }

    void read() {
        const auto taken = [&](const Module& module, const CountingView& view, bool of_kernel) {
            history::Recording::Taken one{&module, &view, false, {boot, instance, of_kernel, scope}};
            if (!loaded) one.view = nullptr, one.absent = true;
            return one;
        };
        recording->take(moment(), {taken(devices_module, devices, false), taken(links_module, links, true)});
    }

    // Lets `seconds` pass and then reads.
    void tick(double seconds = 10) {
        pass(seconds);
        read();
    }

    bool flush() { return recording->flush(moment()); }

    void reboot() {
        boot += "'";
        uptime = 20'000;
        time += 20'000;
        ++instance;
        devices = links = {};
    }

    // A device's figure in the history for that time, or for all time.
    std::uint64_t sum(const std::string& name, const std::string& figure = "devices_bytes",
                      std::optional<history::History::Extent> of = {}) const {
        std::uint64_t total = 0;
        for (const auto& [slot, by] : slots(name, figure, history::Tier::days, of))
            total += by;
        return total;
    }

    // For each slot: its start and the growth of the figure.
    std::map<std::int64_t, std::uint64_t> slots(const std::string& name, const std::string& figure, history::Tier tier,
                                                std::optional<history::History::Extent> of = {}) const {
        auto opened = history::History::open(file());
        if (!opened) throw std::runtime_error(opened.error().what);
        std::map<std::uint32_t, bool> wanted;
        const auto subjects = opened->subjects();
        if (!subjects) throw std::runtime_error(subjects.error().what);
        for (const auto& subject : *subjects) {
            if (!name.empty() && (subject.labels.empty() || subject.labels.back() != name)) continue;
            for (std::size_t i = 0; i < subject.figures.size(); ++i)
                if (subject.figures[i] == figure) wanted[subject.first + static_cast<std::uint32_t>(i)] = true;
        }
        const auto extent = of ? *of : opened->extent().value();
        std::map<std::int64_t, std::uint64_t> found;
        const auto done = opened->read(extent, tier, [&](const history::Slot& slot, std::string_view packed) {
            EXPECT_TRUE(history::unpack(packed, [&](const history::Growth& growth) {
                if (wanted.contains(growth.series)) found[slot.start] += growth.by;
            }));
        });
        if (!done) throw std::runtime_error(done.error().what);
        return found;
    }

    std::int64_t seen(history::Tier tier) const {
        auto opened = history::History::open(file());
        std::int64_t seconds = 0;
        (void)opened->read(opened->extent().value(), tier,
                           [&](const history::Slot& slot, std::string_view) { seconds += slot.seen; });
        return seconds;
    }

    TempTree tree;
    history::Limits limits;
    std::string boot = "boot";
    std::int64_t uptime = 1'000'000;
    std::int64_t time = start * 1000;
    std::int64_t instance = 1;
    std::string scope = "all";
    bool loaded = true;
    Module devices_module = counting_module("devices", "mac");
    Module links_module = counting_module("links", "name");
    CountingView devices;
    CountingView links;
    std::vector<std::string> warnings;
    std::vector<std::string> notes;
    std::optional<history::Recording> recording;
};

// A recorder of that machine.
class RecorderTest : public testing::Test {
protected:
    Zone zone{"UTC"};
    HistoryWorld world;

    // Nothing is missing: the history begins with the first reading.
    void begin() {
        world.devices.item("a").bytes = 1000;
        world.read();
    }
};

} // namespace kmon::test
