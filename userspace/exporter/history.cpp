// SPDX-License-Identifier: GPL-2.0-only
#include "history.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "escape.hpp"
#include "history/question.hpp"
#include "json.hpp"
#include "names.hpp"
#include "number_text.hpp"

namespace kmon::exporter {

namespace {

using namespace std::chrono_literals;
using namespace history;

constexpr auto time_to_answer = 2s; // whoever else asks for the history waits meanwhile
constexpr std::size_t most_lines = 20'000;
constexpr std::size_t lines_if_not_said = 100;

Result<Request> request_of(const Arguments& arguments) {
    Request request;
    request.top = lines_if_not_said;
    const std::pair<const char*, std::string*> texts[] = {
        {"what", &request.table}, {"last", &request.time.last}, {"from", &request.time.from},
        {"to", &request.time.to}, {"by", &request.by},          {"device", &request.device},
    };
    for (const auto& argument : arguments) {
        const auto& name = argument.first;
        const auto& value = argument.second;
        const auto* const text = std::ranges::find_if(texts, [&](const auto& one) { return name == one.first; });
        if (text != std::end(texts)) {
            *text->second = value;
        } else if (name == "top") {
            const auto top = parse_count(value);
            if (!top) return fail("top must be a number, not '" + printable(value) + "'", ExitCode::usage);
            request.top = *top;
        } else {
            return fail("unknown argument '" + printable(name) + "'", ExitCode::usage,
                        "what, last, from, to, by, top, device");
        }
    }
    return request;
}

Result<std::string> history_text(const Arguments& arguments, const Root& root, std::time_t now) {
    const auto request = request_of(arguments);
    if (!request) return fail(request.error());
    const auto names = device_names(root);
    auto question = question_of(*request, names, now);
    if (!question) return fail(question.error());
    question->most_lines = most_lines;
    auto opened = History::open(history_file(root.run, root.var_lib), time_to_answer);
    if (!opened) return fail(opened.error());
    const auto answer = ask(*opened, *question);
    if (!answer) return fail(answer.error());
    return to_text(to_json(*answer, name_in(names)), -1);
}

unsigned status_for(const Error& error) {
    if (error.code == ExitCode::usage) return 400;
    if (error.code == ExitCode::not_running) return 404;
    return error.system == EBUSY || error.system == ETIMEDOUT ? 503 : 500;
}

std::string cure_for(const Error& error) {
    if (error.code == ExitCode::not_permitted)
        return "kmon-exporter sees the history only after a restart: systemctl restart kmon-exporter";
    if (is_damage(error)) return "kmon-recorder sets it aside and starts a new one: systemctl restart kmon-recorder";
    if (error.system == EBUSY) return "try again in a second";
    return error.hint;
}

} // namespace

Answer answer_history(const Arguments& arguments, const Root& root, std::time_t now) {
    const auto text = history_text(arguments, root, now);
    if (text) return json_answer(std::make_shared<const std::string>(*text));
    const auto cure = cure_for(text.error());
    return words(status_for(text.error()), text.error().what + (cure.empty() ? "" : "\n" + cure));
}

} // namespace kmon::exporter
