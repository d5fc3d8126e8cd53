// SPDX-License-Identifier: GPL-2.0-only
// What a module tells machines: the exporter, the recorder, and whoever else reads figures by name. A figure is one
// line in the description of its module (modules/NAME.cpp); its name, help text and labels stand there and nowhere
// else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kmon {

class View;

// Of a histogram: how many observations were larger than the bound before, and at most this one.
struct Bucket {
    static constexpr std::uint64_t no_bound = ~std::uint64_t{0};

    std::uint64_t most = no_bound; // the last bucket has no bound
    std::uint64_t count = 0;
};

struct Sample {
    std::vector<std::string> labels; // their values, in the order of Family::labels
    std::uint64_t value = 0;         // of a histogram: the sum of what was observed
    std::vector<Bucket> buckets{};   // of a histogram, smallest first
    std::uint64_t created = 0;       // since when it counts, in seconds since 1970; 0: as View::since
};

using Samples = std::vector<Sample>;

// The samples of a view. top: of what may be many series, those that say most; all the others are one.
using Source = std::function<Samples(const View& view, std::size_t top)>;

// What Prometheus calls a metric family.
struct Family {
    enum class Kind {
        counter,   // never goes down while the module is loaded
        gauge,     // goes up and down
        histogram, // its buckets are counters
        info,      // is 1; what it says stands in the labels
    };

    std::string name; // without what its kind appends: _total, _info
    Kind kind = Kind::counter;
    std::string help; // one sentence
    std::vector<std::string> labels;
    Source samples;
    std::uint64_t scale = 1; // a sample's value is so many times what it means: 10^9 for seconds that come in ns
    bool recorded = true;    // kept in the history; what is no counter is not, unless recorded() says so

    // "seconds", "bytes", or nothing: the last word of the name.
    std::string unit() const;
};

inline Family counter(std::string name, std::string help, std::vector<std::string> labels, Source samples) {
    return {std::move(name), Family::Kind::counter, std::move(help), std::move(labels), std::move(samples)};
}
inline Family gauge(std::string name, std::string help, std::vector<std::string> labels, Source samples) {
    return {std::move(name), Family::Kind::gauge, std::move(help), std::move(labels), std::move(samples), 1, false};
}
inline Family histogram(std::string name, std::string help, std::vector<std::string> labels, Source samples) {
    return {std::move(name), Family::Kind::histogram, std::move(help), std::move(labels), std::move(samples)};
}
inline Family info(std::string name, std::string help, std::vector<std::string> labels, Source samples) {
    return {std::move(name), Family::Kind::info, std::move(help), std::move(labels), std::move(samples), 1, false};
}
inline Family recorded(Family family) {
    family.recorded = true;
    return family;
}
inline Family unrecorded(Family family) {
    family.recorded = false;
    return family;
}
inline Family in_nanoseconds(Family family) {
    family.scale = 1'000'000'000;
    return family;
}

// ---- sources ----

// What `samples`, a function of the module's own view and of top, makes.
template <class V, class Function>
Source made_by(Function samples) {
    return [samples](const View& view, std::size_t top) { return samples(static_cast<const V&>(view), top); };
}

// One number of the view, without a label.
template <class V, class Number>
Source one(Number V::*number) {
    return made_by<V>([number](const V& view, std::size_t /*top*/) {
        Samples samples(1);
        samples[0].value = static_cast<std::uint64_t>(view.*number);
        return samples;
    });
}

// One number of each item of a list: each(&KstatView::families, ip_version, &KstatView::Family::packets). labels gives
// an item's label values; number is a member, or a function of the item.
template <class V, class Item, class Labels, class Number>
Source each(std::vector<Item> V::*items, Labels labels, Number number) {
    return made_by<V>([items, labels, number](const V& view, std::size_t /*top*/) {
        Samples samples;
        for (const auto& item : view.*items)
            samples.push_back({labels(item), static_cast<std::uint64_t>(std::invoke(number, item))});
        return samples;
    });
}

// What stands for all the series that are left out.
inline const std::string the_others = "other";

} // namespace kmon
