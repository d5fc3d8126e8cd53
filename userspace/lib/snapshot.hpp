// SPDX-License-Identifier: GPL-2.0-only
// What all modules counted at one moment, each of them or why it could not be read.
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

// top: of lists that may be long, as many items as a page or a scrape of so many needs.
Snapshot take_snapshot(const Root& root, std::size_t top = View::all);

inline bool any_readable(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot, [](const Reading& reading) { return reading.view.has_value(); });
}

// What to say where nothing is.
inline Error nothing_loaded() { return {"no module is loaded", ExitCode::not_running, ask_status}; }

// The view of that type; nullptr where it could not be read.
template <class V>
const V* view_in(const Snapshot& snapshot) {
    for (const auto& reading : snapshot)
        if (reading.view)
            if (const auto* view = dynamic_cast<const V*>(reading.view->get())) return view;
    return nullptr;
}

} // namespace kmon
