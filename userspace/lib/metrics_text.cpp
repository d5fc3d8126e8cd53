// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "escape.hpp"
#include "parse_text.hpp"

namespace kmon {

namespace {

// Appends a label's value, escaped; bytes that are not UTF-8 become U+FFFD.
void append_label_value(std::string& text, std::string_view value) {
    while (!value.empty()) {
        const auto length = utf8_length(value);
        const auto character = value.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0)
            text += "\xef\xbf\xbd";
        else if (character == "\n")
            text += "\\n";
        else if (character == "\"" || character == "\\")
            (text += '\\') += character;
        else
            text += character;
        value.remove_prefix(character.size());
    }
}

// value / scale, exactly: 2131670153 ns are 2.131670153 s.
std::string decimal(std::uint64_t value, std::uint64_t scale) {
    auto text = std::to_string(value / scale);
    if (scale == 1 || value % scale == 0) return text;
    text += '.';
    for (auto rest = value % scale; rest != 0; rest %= scale) {
        rest *= 10;
        text += static_cast<char>('0' + rest / scale);
    }
    return text;
}

// Takes the part before the next separator, and the separator, off the text.
std::string_view next_part(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trimmed(part);
}

bool same_word(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

// "0.5" is 500; an invalid weight counts as 1.
int weight_of(std::string_view text) {
    double weight = 1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (error != std::errc() || !(weight >= 0 && weight <= 1)) return 1000;
    return static_cast<int>(weight * 1000);
}

struct Wish {
    std::string_view type;
    std::string_view version;
    int weight = 1000; // of 1000
};

// "application/openmetrics-text;version=1.0.0;q=0.5"
Wish wish_of(std::string_view item) {
    Wish wish{next_part(item, ';'), {}};
    while (!item.empty()) {
        auto parameter = next_part(item, ';');
        const auto name = next_part(parameter, '=');
        const auto value = trimmed(parameter);
        if (same_word(name, "q")) wish.weight = weight_of(value);
        if (same_word(name, "version")) wish.version = value;
    }
    return wish;
}

bool is_openmetrics(const Wish& wish) {
    return same_word(wish.type, "application/openmetrics-text") &&
           (wish.version.empty() || wish.version == "1.0.0" || wish.version == "\"1.0.0\"" || wish.version == "0.0.1");
}

} // namespace

const char* content_type(MetricsFormat format) {
    return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                : "text/plain; version=0.0.4; charset=utf-8";
}

// Everybody can read the older format, so the newer one is used only if requested by name.
MetricsFormat preferred_format(std::string_view accept) {
    int openmetrics = 0;
    int plain = 0;
    while (!accept.empty()) {
        const auto wish = wish_of(next_part(accept, ','));
        if (is_openmetrics(wish)) openmetrics = std::max(openmetrics, wish.weight);
        if (same_word(wish.type, "text/plain")) plain = std::max(plain, wish.weight);
    }
    return openmetrics > 0 && openmetrics >= plain ? MetricsFormat::openmetrics : MetricsFormat::prometheus;
}

std::string sample_name(const Family& family) {
    if (family.kind == Family::Kind::counter) return family.name + "_total";
    if (family.kind == Family::Kind::info) return family.name + "_info";
    return family.name;
}

const char* type_name(Family::Kind kind) {
    switch (kind) {
    case Family::Kind::counter: return "counter";
    case Family::Kind::gauge: return "gauge";
    case Family::Kind::histogram: return "histogram";
    case Family::Kind::info: return "info";
    }
    return "unknown";
}

void MetricsText::add(const Family& family, const Samples& samples, std::uint64_t since) {
    if (samples.empty()) return;
    add_head(family);
    for (const auto& sample : samples) {
        if (family.kind == Family::Kind::histogram)
            add_histogram(family, sample);
        else
            add_line(sample_name(family), family, sample, decimal(sample.value, family.scale));
        add_created(family, sample, since);
    }
}

std::string MetricsText::take() {
    if (format_ == MetricsFormat::openmetrics) text_ += "# EOF\n";
    return std::exchange(text_, {});
}

// OpenMetrics uses the family's name; the older format, which has no type info, uses the samples' name.
void MetricsText::add_head(const Family& family) {
    const bool open = format_ == MetricsFormat::openmetrics;
    const auto name = open ? family.name : sample_name(family);
    const auto* type = !open && family.kind == Family::Kind::info ? "gauge" : type_name(family.kind);
    text_ += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + type + "\n";
    if (const auto unit = family.unit(); open && !unit.empty()) text_ += "# UNIT " + name + " " + unit + "\n";
}

void MetricsText::add_histogram(const Family& family, const Sample& sample) {
    std::uint64_t count = 0;
    for (const auto& bucket : sample.buckets) {
        count += bucket.count; // cumulative: this bucket and all below it
        auto bound = std::string("+Inf");
        if (bucket.most != Bucket::no_bound)
            bound = std::to_string(bucket.most) + (format_ == MetricsFormat::openmetrics ? ".0" : "");
        add_line(family.name + "_bucket", family, sample, std::to_string(count), bound);
    }
    add_line(family.name + "_sum", family, sample, decimal(sample.value, family.scale));
    add_line(family.name + "_count", family, sample, std::to_string(count));
}

// Lets a scraper notice that a module was reloaded, even if it has already counted more than before.
void MetricsText::add_created(const Family& family, const Sample& sample, std::uint64_t since) {
    if (format_ != MetricsFormat::openmetrics) return;
    if (family.kind != Family::Kind::counter && family.kind != Family::Kind::histogram) return;
    if (const auto created = sample.created ? sample.created : since)
        add_line(family.name + "_created", family, sample, std::to_string(created));
}

void MetricsText::add_line(std::string_view name, const Family& family, const Sample& sample, std::string_view value,
                           std::string_view bound) {
    text_ += name;
    char before = '{';
    const auto add_label = [&](std::string_view label, std::string_view label_value) {
        text_ += std::exchange(before, ',');
        (text_ += label) += "=\"";
        append_label_value(text_, label_value);
        text_ += '"';
    };
    for (std::size_t i = 0; i < family.labels.size() && i < sample.labels.size(); ++i)
        if (!sample.labels[i].empty()) add_label(family.labels[i], sample.labels[i]); // an empty value means no label
    if (!bound.empty()) add_label("le", bound);
    if (before == ',') text_ += '}';
    ((text_ += ' ') += value) += '\n';
}

} // namespace kmon
