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
    // For answers that take time: if set, the other members are not used. It makes the answer, in any thread.
    std::function<Answer()> later{};
};

Answer answer_to(const Asked& asked, Readings& readings, Users& users);

// May a client on loopback use this name for us? An address, a name without a dot, and this machine's name are allowed.
// This stops DNS rebinding: a web page can make its own name mean 127.0.0.1, and then read our answers through the
// browser of whoever looks at it.
bool may_be_called(std::string_view host, std::string_view machine);

Answer json_answer(Text json);
Answer words(unsigned status, std::string text);

// "data: {...}\n\n"
Text event_of(const Text& line);

} // namespace kmon::exporter
