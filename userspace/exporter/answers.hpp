// SPDX-License-Identifier: GPL-2.0-only
// Decides what to answer to whom: the exporter without HTTP.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "readings.hpp"
#include "users.hpp"

namespace kmon::exporter {

using Arguments = std::map<std::string, std::string>; // what follows a question mark

struct Asked {
    std::string method;
    std::string path;
    Arguments arguments;
    std::string accept;
    std::string authorization;
    std::string host{};    // whom the client believes to ask, with a port; empty: not said
    bool loopback = false; // it came over 127.0.0.1 or ::1
};

struct Answer {
    unsigned status = 200;
    const char* type = "text/plain; charset=utf-8";
    Text body{};                         // of a stream: none
    std::optional<std::size_t> stream{}; // the number of source addresses in each event
    const char* caching = "no-store";
    // What takes its time: all else of this stands for nothing, and the answer is what this makes, in any thread.
    std::function<Answer()> later{};
};

Answer answer_to(const Asked& asked, Readings& readings, Users& users);

// May one who comes over loopback call us that? By its address, by a name without a dot, or by that of this machine.
// Any web page can have its own name mean 127.0.0.1, and would read here by the browser of whoever looks at it.
bool may_be_called(std::string_view host, std::string_view machine);

Answer json_answer(Text json);
Answer words(unsigned status, std::string text);

// "data: {...}\n\n"
Text event_of(const Text& line);

} // namespace kmon::exporter
