// SPDX-License-Identifier: GPL-2.0-only
#include "stats_json.hpp"

#include "host.hpp"
#include "version.hpp"

namespace kmon {

Json stats_json(const Root& root, std::size_t top) {
    return stats_json(root, take_snapshot(root), std::time(nullptr), top);
}

Json stats_json(const Root& root, const Snapshot& snapshot, std::time_t now, std::size_t top) {
    const auto host = read_host(root);
    Json modules = Json::object();
    for (const auto& reading : snapshot)
        modules[reading.module->name] =
            reading.view ? (*reading.view)->json(top) : Json{{"error", reading.view.error().what}};
    return {{"kmon", version},
            {"host", host.name},
            {"kernel", host.kernel},
            {"timestamp", now},
            {"modules", std::move(modules)}};
}

} // namespace kmon
