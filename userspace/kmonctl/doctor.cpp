// SPDX-License-Identifier: GPL-2.0-only
#include "doctor.hpp"

#include <algorithm>

#include "command.hpp"
#include "host.hpp"
#include "json.hpp"
#include "local_time.hpp"
#include "report_page.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t words_at = 24;

Style style_of(Finding::State state) {
    switch (state) {
    case Finding::good: return Style::good;
    case Finding::warning: return Style::warning;
    case Finding::bad: return Style::bad;
    case Finding::skipped: return Style::faint;
    }
    return Style::plain;
}

const char* name_of(Finding::State state) {
    switch (state) {
    case Finding::good: return "good";
    case Finding::warning: return "warning";
    case Finding::bad: return "bad";
    case Finding::skipped: return "skipped";
    }
    return "";
}

const Finding* first_wrong(const Findings& findings) {
    const auto first = std::ranges::find(findings, Finding::bad, &Finding::state);
    return first == findings.end() ? nullptr : &*first;
}

Page page_of(const Findings& findings, const Context& context) {
    ReportPage page(context, words_at);
    append_heading(page, read_host(context.root), local_time(context.now(), time_form));
    for (const auto& finding : findings) {
        page.item(style_of(finding.state), finding.subject, finding.words);
        if (finding.state == Finding::warning && !finding.cure.empty()) page.more(finding.cure, Style::faint);
    }
    page.blank();
    if (const auto* first = first_wrong(findings)) {
        page.line(Line("First fault: ", Style::bad).add(first->subject + ": " + first->words));
        if (!first->cure.empty()) {
            page.line(Line("Cure:", Style::strong));
            page.line(Line("  ").add(first->cure));
        }
    } else {
        page.line(Line("Nothing is wrong.", Style::good));
    }
    return page.page();
}

Json json_of(const Finding& finding) {
    return {{"subject", finding.subject},
            {"state", name_of(finding.state)},
            {"words", finding.words},
            {"cure", finding.cure}};
}

Json json_of(const Findings& findings, const Context& context) {
    Json all = Json::array();
    for (const auto& finding : findings)
        all.push_back(json_of(finding));
    const auto* first = first_wrong(findings);
    const auto host = read_host(context.root);
    return {{"kmon", kmon::version},      {"host", host.name},      {"kernel", host.kernel},
            {"timestamp", context.now()}, {"ok", first == nullptr}, {"first", first ? json_of(*first) : Json()},
            {"findings", std::move(all)}};
}

Result<ExitCode> doctor(Context& context) {
    auto findings = look_at_system(context, read_config(context.root));
    auto counts = compare_counts(context, context.stimulus());
    findings.insert(findings.end(), counts.begin(), counts.end());
    if (context.json)
        context.out << to_text(json_of(findings, context)) << '\n';
    else
        print(context.out, page_of(findings, context), context.colour);
    return first_wrong(findings) ? ExitCode::failed : ExitCode::ok;
}

} // namespace

void add_doctor(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "doctor", "Find what is wrong, and the command that cures it",
                [&context] { return doctor(context); });
}

} // namespace kmon::cli
