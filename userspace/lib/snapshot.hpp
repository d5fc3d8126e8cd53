// SPDX-License-Identifier: GPL-2.0-only
// What all modules counted at one moment, or why a module could not be read.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "modules/module_table.hpp"

namespace kmon {

struct Reading {
    const Module* module = nullptr;
    Result<std::unique_ptr<View>> view;
};

using Snapshot = std::vector<Reading>;

// top: keep only the items of long lists that a page or a scrape with this limit needs.
Snapshot take_snapshot(const Root& root, std::size_t top = View::all);

inline bool any_readable(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot, [](const Reading& reading) { return reading.view.has_value(); });
}

// The error if no module is loaded.
inline Error nothing_loaded() { return {"no module is loaded", ExitCode::not_running, ask_status}; }

// The view of that type; nullptr if it could not be read.
template <class V>
const V* view_in(const Snapshot& snapshot) {
    for (const auto& reading : snapshot)
        if (reading.view)
            if (const auto* view = dynamic_cast<const V*>(reading.view->get())) return view;
    return nullptr;
}

} // namespace kmon
