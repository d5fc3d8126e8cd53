#pragma once

#include <array>

namespace kmon {

inline constexpr std::array module_names = {"localhost_monitor", "l2packet_counter", "kstat", "netmon_proc",
                                            "process_monitor"};

} // namespace kmon
