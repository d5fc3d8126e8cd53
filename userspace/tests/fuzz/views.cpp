// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a module's view or as a line of the trace: accepted or refused, and accepted data can be shown.
#include <cstddef>
#include <cstdint>
#include <string>

#include "escape.hpp"
#include "exit_record.hpp"
#include "modules/kstat.hpp"
#include "modules/l2packet_counter.hpp"
#include "modules/localhost_monitor.hpp"
#include "modules/module_table.hpp"
#include "modules/netmon_proc.hpp"
#include "modules/process_monitor.hpp"

namespace {

template <class Parse>
void parse_and_show(const char* module, const std::string& text, Parse parse) {
    auto lines = kmon::Lines::of_text("view", text);
    if (const auto view = parse(lines)) {
        (void)kmon::to_text(view->json());
        (void)view->page({});
        for (const auto& family : kmon::find_module(module)->metrics)
            (void)family.samples(*view, 2);
    }
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    parse_and_show("localhost_monitor", text, kmon::parse_localhost);
    for (const std::size_t top : {std::size_t{2}, kmon::View::all})
        parse_and_show("l2packet_counter", text, [top](kmon::Lines& lines) { return kmon::parse_l2(lines, top); });
    parse_and_show("kstat", text, kmon::parse_kstat);
    parse_and_show("netmon_proc", text, kmon::parse_netmon);
    parse_and_show("process_monitor", text, kmon::parse_process);
    if (const auto record = kmon::parse_exit(text)) (void)(kmon::printable(record->name) + kmon::how_it_ended(*record));
    return 0;
}
