// SPDX-License-Identifier: GPL-2.0-only
// Families of samples as text to be scraped: Prometheus' format, version 0.0.4, or OpenMetrics 1.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics.hpp"

namespace kmon {

enum class MetricsFormat { prometheus, openmetrics };

// For Content-Type.
const char* content_type(MetricsFormat format);

// Which of the two a client prefers, from its Accept header.
MetricsFormat preferred_format(std::string_view accept);

// The name of a family's samples, with _total or _info. (A histogram's samples have other suffixes.)
std::string sample_name(const Family& family);

// "counter", "gauge" ...
const char* type_name(Family::Kind kind);

class MetricsText {
public:
    explicit MetricsText(MetricsFormat format) : format_(format) {}

    // Adds a family with all its samples; call it once per family. since: when counters without their own time started;
    // 0: unknown.
    void add(const Family& family, const Samples& samples, std::uint64_t since = 0);

    std::string take(); // completes the text and returns it

private:
    void add_head(const Family& family);
    void add_histogram(const Family& family, const Sample& sample);
    void add_created(const Family& family, const Sample& sample, std::uint64_t since);
    void add_line(std::string_view name, const Family& family, const Sample& sample, std::string_view value,
                  std::string_view bound = {});

    MetricsFormat format_;
    std::string text_;
};

} // namespace kmon
