// SPDX-License-Identifier: GPL-2.0-only
#include "view_json.hpp"

namespace kmon {

Json to_json(const LocalhostView& view) {
    Json protocols = Json::array();
    for (const auto& p : view.protocols)
        protocols.push_back({{"ip_version", p.ip_version},
                             {"protocol", p.name},
                             {"packets", p.packets},
                             {"segments", p.segments},
                             {"bytes", p.bytes}});
    Json sizes = Json::array();
    for (const auto& s : view.sizes)
        sizes.push_back({{"size", s.range}, {"size_min", s.min}, {"packets", s.packets}, {"bytes", s.bytes}});
    return {{"version", view.version},
            {"all_netns", view.all_netns},
            {"log_packets", view.log_packets},
            {"log_suppressed", view.log_suppressed},
            {"packets", view.packets},
            {"segments", view.segments},
            {"bytes", view.bytes},
            {"protocols", std::move(protocols)},
            {"sizes", std::move(sizes)}};
}

Json to_json(const L2View& view) {
    Json interfaces = Json::array();
    for (const auto& i : view.interfaces) {
        Json macs = Json::array();
        for (const auto& m : i.macs)
            macs.push_back({{"mac", to_string(m.address)},
                            {"packets", m.packets},
                            {"bytes", m.bytes},
                            {"first_seen", m.first_seen},
                            {"last_seen", m.last_seen}});
        interfaces.push_back({{"interface", i.name},
                              {"waiting", i.waiting},
                              {"hook", i.hook},
                              {"packets", i.packets},
                              {"bytes", i.bytes},
                              {"untracked_packets", i.untracked_packets},
                              {"untracked_bytes", i.untracked_bytes},
                              {"evicted_packets", i.evicted_packets},
                              {"evicted_bytes", i.evicted_bytes},
                              {"skipped_packets", i.skipped_packets},
                              {"macs", std::move(macs)}});
    }
    return {{"version", view.version},
            {"hook", view.hook},
            {"reset_interval", view.reset_interval},
            {"max_macs", view.max_macs},
            {"interfaces", std::move(interfaces)}};
}

Json to_json(const KstatView& view) {
    Json families = Json::array();
    for (const auto& f : view.families)
        families.push_back({{"ip_version", f.ip_version}, {"packets", f.packets}, {"segments", f.segments}});
    return {{"version", view.version},   {"all_netns", view.all_netns},       {"running", view.running},
            {"counter", view.counter},   {"published", view.published},       {"packets", view.packets},
            {"segments", view.segments}, {"ip_versions", std::move(families)}};
}

Json to_json(const NetmonView& view) {
    Json interfaces = Json::array();
    for (const auto& i : view.interfaces) {
        if (!i.error.empty()) {
            interfaces.push_back({{"interface", i.name}, {"error", i.error}});
            continue;
        }
        Json interface = {{"interface", i.name}};
        for (const auto& figure : link_figures)
            interface[figure.name] = i.*figure.value;
        interfaces.push_back(std::move(interface));
    }
    return {{"interfaces", std::move(interfaces)}};
}

Json to_json(const ProcessView& view) {
    return {{"version", view.version},
            {"probe", view.probe},
            {"probe_by", view.probe_by},
            {"armed", view.armed},
            {"log", view.log},
            {"log_rate", view.log_rate},
            {"exits", view.exits},
            {"thread_exits", view.thread_exits},
            {"kernel_thread_exits", view.kernel_thread_exits},
            {"logged", view.logged},
            {"suppressed", view.suppressed},
            {"missed_probes", view.missed_probes},
            {"nonzero_exits", view.nonzero_exits},
            {"killed_by_signal", view.killed_by_signal},
            {"utime_ns", view.utime_ns},
            {"stime_ns", view.stime_ns}};
}

std::string to_text(const Json& json, int indent) {
    return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

} // namespace kmon
