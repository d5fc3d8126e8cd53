// SPDX-License-Identifier: GPL-2.0-only
// Any bytes in the place of a module's view, or of a line of the trace: read or refused, and what was read can be
// shown.
#include <cstddef>
#include <cstdint>
#include <string>

#include "escape.hpp"
#include "exit_record.hpp"
#include "modules/kstat.hpp"
#include "modules/l2packet_counter.hpp"
#include "modules/localhost_monitor.hpp"
#include "modules/netmon_proc.hpp"
#include "modules/process_monitor.hpp"

namespace {

template <class View>
void parse_and_show(const std::string& text, kmon::Result<View> (*parse)(kmon::Lines&)) {
    auto lines = kmon::Lines::of_text("view", text);
    if (const auto view = parse(lines)) {
        (void)kmon::to_text(view->json());
        (void)view->page({});
    }
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    parse_and_show(text, kmon::parse_localhost);
    parse_and_show(text, kmon::parse_l2);
    parse_and_show(text, kmon::parse_kstat);
    parse_and_show(text, kmon::parse_netmon);
    parse_and_show(text, kmon::parse_process);
    if (const auto record = kmon::parse_exit(text)) (void)(kmon::printable(record->name) + kmon::how_it_ended(*record));
    return 0;
}
