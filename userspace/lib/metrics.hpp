// SPDX-License-Identifier: GPL-2.0-only
// The figures of a module for machines: the exporter, the recorder, and anything else that reads figures by name. A
// figure is one entry in the description of its module (modules/NAME.cpp); only there are its name, help text and
// labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kmon {

class View;

// A histogram's bucket: how many observations were larger than the previous bound and at most this one.
struct Bucket {
    static constexpr std::uint64_t no_bound = ~std::uint64_t{0};

    std::uint64_t most = no_bound; // the last bucket has no bound
    std::uint64_t count = 0;
};

struct Sample {
    std::vector<std::string> labels; // their values, in the order of Family::labels
    std::uint64_t value = 0;         // of a histogram: the sum of the observations
    std::vector<Bucket> buckets{};   // of a histogram, smallest first
    std::uint64_t created = 0;       // when it was 0, in seconds since 1970; 0: use View::since
};

using Samples = std::vector<Sample>;

// Makes the samples of a view. top: if there may be many series, only the largest get their own; all others share one.
using Source = std::function<Samples(const View& view, std::size_t top)>;

// A metric family, in Prometheus' terms.
struct Family {
    enum class Kind {
        counter,   // never goes down while the module is loaded
        gauge,     // goes up and down
        histogram, // its buckets are counters
        info,      // always 1; the information is in the labels
    };

    std::string name; // without the suffix of its kind: _total, _info
    Kind kind = Kind::counter;
    std::string help; // one sentence
    std::vector<std::string> labels;
    Source samples;
    std::uint64_t scale = 1; // values are divided by this: 10^9 for seconds that come in ns
    bool recorded = true;    // kept in the history; by default only counters and histograms

    // The last word of the name if it is a unit: "seconds", "bytes"; otherwise empty.
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

// A source from a function of the module's own view and of top.
template <class V, class Function>
Source made_by(Function samples) {
    return [samples](const View& view, std::size_t top) { return samples(static_cast<const V&>(view), top); };
}

// One number of the view, without labels.
template <class V, class Number>
Source one(Number V::*number) {
    return made_by<V>([number](const V& view, std::size_t /*top*/) {
        Samples samples(1);
        samples[0].value = static_cast<std::uint64_t>(view.*number);
        return samples;
    });
}

// One number of each item of a list: each(&KstatView::families, ip_version, &KstatView::Family::packets). labels
// returns an item's label values; number is a member, or a function of the item.
template <class V, class Item, class Labels, class Number>
Source each(std::vector<Item> V::*items, Labels labels, Number number) {
    return made_by<V>([items, labels, number](const V& view, std::size_t /*top*/) {
        Samples samples;
        for (const auto& item : view.*items)
            samples.push_back({labels(item), static_cast<std::uint64_t>(std::invoke(number, item))});
        return samples;
    });
}

// The label value of the series that adds up all the others.
inline const std::string the_others = "other";

} // namespace kmon
