// SPDX-License-Identifier: GPL-2.0-only
#include "answers.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <ctime>

#include "history.hpp"
#include "host.hpp"
#include "number_text.hpp"
#include "page_files.hpp"

namespace kmon::exporter {

namespace {

Answer with_body(const char* type, Text body) {
    Answer answer;
    answer.type = type;
    answer.body = std::move(body);
    return answer;
}

// How many addresses are requested; nothing if that is not a number.
std::optional<std::size_t> top_of(const Asked& asked, const Readings& readings) {
    const auto said = asked.arguments.find("top");
    if (said == asked.arguments.end()) return readings.top();
    const auto top = parse_count(said->second);
    if (!top) return std::nullopt;
    return static_cast<std::size_t>(std::min<std::uint64_t>(*top, readings.top()));
}

Answer figures(const Asked& asked, Readings& readings, bool stream) {
    const auto top = top_of(asked, readings);
    if (!top) return words(400, "top must be a number");
    if (!stream) return json_answer(readings.stats(*top));
    Answer answer;
    answer.type = "text/event-stream";
    answer.stream = top;
    return answer;
}

Answer past_figures(const Asked& asked, const Readings& readings) {
    Answer answer;
    answer.later = [arguments = asked.arguments, root = readings.root()] {
        return answer_history(arguments, root, std::time(nullptr));
    };
    return answer;
}

const PageFile* find_page_file(std::string_view path) {
    const auto name = path == "/" ? std::string_view("index.html") : path.substr(1);
    for (const auto& file : page_files)
        if (file.name == name) return &file;
    return nullptr;
}

Answer page(const PageFile& file) {
    auto answer = with_body(file.type, std::make_shared<const std::string>(file.content));
    answer.caching = "no-cache";
    return answer;
}

} // namespace

bool may_be_called(std::string_view host, std::string_view machine) {
    auto name = host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
    while (name.ends_with('.'))
        name.remove_suffix(1);
    const std::string text(name);
    in6_addr address{};
    return name.find('.') == std::string_view::npos || name.ends_with(".localhost") || name == machine ||
           ::inet_pton(AF_INET, text.c_str(), &address) == 1 || ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

Answer json_answer(Text json) { return with_body("application/json", std::move(json)); }

Answer words(unsigned status, std::string text) {
    Answer answer;
    answer.status = status;
    answer.body = std::make_shared<const std::string>(std::move(text) + "\n");
    return answer;
}

Answer answer_to(const Asked& asked, Readings& readings, Users& users) {
    if (asked.method != "GET" && asked.method != "HEAD") return words(405, "only GET and HEAD are supported");
    if (asked.path == "/healthz") return words(200, "ok");
    if (asked.loopback && users.everybody() && !may_be_called(asked.host, read_host(readings.root()).name))
        return words(
            421, "over loopback, ask for localhost, 127.0.0.1 or [::1]; a reverse proxy for other names connects to "
                 "/run/kmon-exporter.sock");
    switch (users.judge(asked.authorization)) {
    case Users::Verdict::welcome: break;
    case Users::Verdict::unknown: return words(401, "a user name and password are required");
    case Users::Verdict::too_many: return words(429, "too many wrong passwords; try again in a second");
    }
    if (asked.path == "/metrics") {
        const auto format = preferred_format(asked.accept);
        return with_body(content_type(format), readings.metrics(format));
    }
    if (asked.path == "/api/v1/stats") return figures(asked, readings, false);
    if (asked.path == "/api/v1/stream") return figures(asked, readings, true);
    if (asked.path == "/api/v1/status") return json_answer(readings.status());
    if (asked.path == "/api/v1/history") return past_figures(asked, readings);
    if (const auto* file = asked.path.starts_with('/') ? find_page_file(asked.path) : nullptr) return page(*file);
    return words(404, "not found; available are /metrics, /api/v1/stats, /api/v1/stream, /api/v1/status, "
                      "/api/v1/history, /healthz, and a page at /");
}

Text event_of(const Text& line) { return std::make_shared<const std::string>("data: " + *line + "\n\n"); }

} // namespace kmon::exporter
