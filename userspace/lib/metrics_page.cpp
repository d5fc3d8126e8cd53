// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_page.hpp"

#include "escape.hpp"
#include "file.hpp"
#include "kernel_module.hpp"
#include "last_reload.hpp"
#include "load_errors.hpp"
#include "version.hpp"

namespace kmon {

namespace {

Samples build(const Root& /*root*/, const Snapshot& /*snapshot*/) { return {{{version}, 1}}; }

// Why a module is down: if it is not loaded, looks up the reason; otherwise it is the error from reading its view.
std::string why_down(const Root& root, const Reading& reading) {
    const auto& name = reading.module->name;
    return printable(module_state(root, name).loaded ? reading.view.error().what : why_missing(root, name).what);
}

Samples up(const Root& root, const Snapshot& snapshot) {
    Samples samples;
    for (const auto& reading : snapshot)
        samples.push_back(
            {{reading.module->name, reading.view ? "" : why_down(root, reading)}, reading.view ? 1U : 0U});
    return samples;
}

Samples enabled(const Root& root, const Snapshot& snapshot) {
    const auto config = read_config(root).config;
    Samples samples;
    for (const auto& reading : snapshot)
        samples.push_back({{reading.module->name}, config.enabled(reading.module->name) ? 1U : 0U});
    return samples;
}

Samples loaded(const Root& root, const Snapshot& snapshot) {
    Samples samples;
    for (const auto& reading : snapshot) {
        const auto place = root.sys / "module" / reading.module->name;
        const auto source = first_line_of(place / "srcversion");
        if (reading.view) samples.push_back({{reading.module->name, first_line_of(place / "version"), source}, 1});
    }
    return samples;
}

Samples reload_worked(const Root& root, const Snapshot& /*snapshot*/) {
    if (const auto last = read_last_reload(root)) return {{{}, last->worked ? 1U : 0U}};
    return {};
}

Samples reload_worked_at(const Root& root, const Snapshot& /*snapshot*/) {
    if (const auto last = read_last_reload(root)) return {{{}, last->worked_at}};
    return {};
}

// Calls visit once for each family that has samples.
template <class Visit>
void for_each_family(const Root& root, const Snapshot& snapshot, std::size_t top, Visit visit) {
    for (const auto& common : common_metrics())
        visit(common.family, common.samples(root, snapshot), std::uint64_t{0});
    for (const auto& reading : snapshot) {
        if (!reading.view) continue;
        const auto& view = **reading.view;
        for (const auto& family : reading.module->metrics)
            visit(family, family.samples(view, top), view.since);
    }
}

Json json_of(const Family& family, const Sample& sample) {
    Json labels = Json::object();
    for (std::size_t i = 0; i < family.labels.size(); ++i)
        labels[family.labels[i]] = sample.labels.at(i);
    Json json = {{"labels", std::move(labels)}, {"value", sample.value}};
    if (family.scale != 1) json["scale"] = family.scale;
    for (const auto& bucket : sample.buckets)
        json["buckets"].push_back(
            {{"most", bucket.most == Bucket::no_bound ? Json() : Json(bucket.most)}, {"count", bucket.count}});
    return json;
}

} // namespace

const std::vector<CommonFamily>& common_metrics() {
    static const std::vector<CommonFamily> all = {
        {info("kmon_build", "The version of kmon's programs.", {"version"}, {}), build},
        {gauge("kmon_module_up", "1 if the module is loaded and can be read, otherwise 0, and the reason.",
               {"module", "reason"}, {}),
         up},
        {gauge("kmon_module_enabled", "1 if the configuration enables the module, 0 if it is off as configured.",
               {"module"}, {}),
         enabled},
        {info("kmon_module", "The versions of the modules that are loaded.", {"module", "version", "srcversion"}, {}),
         loaded},
        {gauge("kmon_config_last_reload_successful",
               "1 if kmond accepted the configuration when it last read it; absent while kmond is not running.", {},
               {}),
         reload_worked},
        {gauge("kmon_config_last_reload_success_timestamp_seconds", "When kmond last accepted a configuration.", {},
               {}),
         reload_worked_at},
    };
    return all;
}

std::string metrics_text(const Root& root, const Snapshot& snapshot, std::size_t top, MetricsFormat format) {
    MetricsText text(format);
    for_each_family(root, snapshot, top, [&](const Family& family, const Samples& samples, std::uint64_t since) {
        text.add(family, samples, since);
    });
    return text.take();
}

Json metrics_json(const Root& root, const Snapshot& snapshot, std::size_t top) {
    Json families = Json::array();
    for_each_family(root, snapshot, top, [&](const Family& family, const Samples& samples, std::uint64_t /*since*/) {
        Json list = Json::array();
        for (const auto& sample : samples)
            list.push_back(json_of(family, sample));
        families.push_back(
            {{"name", sample_name(family)}, {"type", type_name(family.kind)}, {"samples", std::move(list)}});
    });
    return families;
}

} // namespace kmon
