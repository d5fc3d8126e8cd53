// SPDX-License-Identifier: GPL-2.0-only
// The help, manual page and completions of each program name the same commands and options.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace kmon {
namespace {

using Words = std::set<std::string>;

std::string source() { return std::string(KMON_SOURCE) + "/userspace/"; }

std::string read(const std::string& name) {
    std::ifstream file(source() + name);
    std::ostringstream content;
    content << file.rdbuf();
    EXPECT_FALSE(content.str().empty()) << name;
    return content.str();
}

std::string help(const std::string& program, const std::string& command = "") {
    const auto directory = program.starts_with("kmon-") ? program.substr(5) : program;
    const auto line = std::string(KMON_BUILD) + "/userspace/" + directory + "/" + program + " " + command + " --help";
    FILE* pipe = ::popen(line.c_str(), "r"); // NOLINT(cert-env33-c): a test's own words
    std::string text;
    std::array<char, 4096> buffer{};
    for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        text.append(buffer.data(), got);
    EXPECT_EQ(::pclose(pipe), 0) << line;
    // Since CLI11 2.5, headings are in capitals.
    for (const std::string heading : {"Options:", "Positionals:", "Subcommands:"}) {
        auto capitals = heading;
        std::ranges::transform(capitals, capitals.begin(), [](unsigned char c) { return std::toupper(c); });
        if (const auto at = text.find("\n" + capitals); at != std::string::npos)
            text.replace(at + 1, heading.size(), heading);
    }
    return text;
}

Words matches(const std::string& text, const std::string& expression, std::size_t group = 0) {
    const std::regex regex(expression);
    Words words;
    for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
        words.insert((*it)[group].str());
    return words;
}

// "-i --interval" for each option that has a short form.
Words short_options_in(const std::string& help) { return matches(help, "-[a-zA-Z],--[a-z][a-z-]*"); }

Words options_in(const std::string& text) { return matches(text, "--[a-z][a-z-]*"); }

// The text between `begin` and `end`, without them. Empty if there is no `begin`.
std::string part(const std::string& text, const std::string& begin, const std::string& end) {
    const auto start = text.find(begin);
    if (start == std::string::npos) return "";
    const auto from = start + begin.size();
    const auto stop = text.find(end, from);
    return text.substr(from, stop == std::string::npos ? stop : stop - from);
}

Words without(Words words, const Words& others) {
    for (const auto& word : others)
        words.erase(word);
    return words;
}

// The names under "Subcommands:" in kmonctl's help.
Words commands() { return matches(part(help("kmonctl"), "Subcommands:", "\n\n"), "\n  ([a-z]+)", 1); }

// ---- kmonctl ----

TEST(Documents, EveryCommandIsInTheManualAndInTheCompletions) {
    const auto all = commands();
    EXPECT_EQ(all.size(), 19U);
    EXPECT_EQ(matches(read("man/kmonctl.1.scd"), "\n## kmonctl ([a-z]+)", 1), all);
    EXPECT_EQ(matches(part(read("completions/kmonctl.bash"), "commands='", "'"), "[a-z]+"), all);
    EXPECT_EQ(matches(part(read("completions/_kmonctl"), "commands=(", "\n  )"), "'([a-z]+):", 1), all);
    EXPECT_EQ(matches(read("completions/kmonctl.fish"), R"("\$first" -a ([a-z]+) )", 1), all);
}

TEST(Documents, EveryCommandsOptionsAreInTheManualUnderIt) {
    const Words common = {"--help", "--json", "--color"};
    const auto manual = read("man/kmonctl.1.scd");
    for (const auto& command : commands()) {
        const auto has = options_in(help("kmonctl", command));
        for (const auto& option : common)
            EXPECT_TRUE(has.contains(option)) << command << ' ' << option;
        auto section = part(manual, "\n## kmonctl " + command, "\n#");
        const auto heading = section.substr(0, section.find('\n'));
        EXPECT_EQ(matches(section, "\n(?:\\*-[a-z]\\*, )?\\*(--[a-z-]+)\\*", 1), without(has, common)) << command;
        EXPECT_EQ(options_in(heading), without(has, common)) << command << ": its heading";
    }
    const auto general = part(manual, "\n# OPTIONS", "\n# ");
    EXPECT_EQ(matches(general, "\n(?:\\*-[a-z]\\*, )?\\*(--[a-z]+)\\*", 1),
              (Words{"--help", "--version", "--json", "--color"}));
}

TEST(Documents, EveryCommandsArgumentsAreInItsHeading) {
    const auto manual = read("man/kmonctl.1.scd");
    for (const auto& command : commands()) {
        const auto positionals = part(help("kmonctl", command), "Positionals:", "\n\n");
        const auto heading = part(manual, "\n## kmonctl " + command, "\n");
        EXPECT_EQ(matches(heading, "(?:\\[|^ )([A-Z]+)(?=\\]| |$)", 1), matches(positionals, "\n  ([A-Z]+)", 1))
            << command;
    }
}

TEST(Documents, EveryCommandsShortOptionsAreInTheManualAndInTheCompletions) {
    const auto manual = read("man/kmonctl.1.scd");
    const auto zsh = part(read("completions/_kmonctl"), "case $line[1] in", "esac");
    const auto fish = read("completions/kmonctl.fish");
    std::size_t seen = 0;
    for (const auto& command : commands()) {
        const auto section = part(manual, "\n## kmonctl " + command, "\n## ");
        for (const auto& both : short_options_in(help("kmonctl", command))) {
            const auto letter = both.substr(1, 1);
            const auto name = both.substr(5);
            if (name == "help" || name == "json") continue; // every command has them
            ++seen;
            EXPECT_NE(section.find("\n*-" + letter + "*, *--" + name + "*"), std::string::npos) << command << both;
            EXPECT_NE(zsh.find("{-" + letter + ",--" + name + "}"), std::string::npos) << command << both;
            EXPECT_NE(fish.find("_from " + command + "' -s " + letter + " -l " + name), std::string::npos)
                << command << both;
        }
    }
    EXPECT_GE(seen, 6U);
}

// The modules define the tables of the history.
TEST(Documents, EveryTableIsInTheManualAndInTheCompletions) {
    const auto positional = part(help("kmonctl", "history"), "\n  TABLE", "}");
    const auto tables = matches(positional.substr(std::min(positional.find('{'), positional.size())), "[a-z]+");
    EXPECT_GE(tables.size(), 5U);
    const auto manual = part(read("man/kmonctl.1.scd"), "\n## kmonctl history", "\n## ");
    EXPECT_EQ(matches(manual, "\n- \\*([a-z]+)\\*", 1), tables);
    for (const auto* command : {"history", "alert"})
        EXPECT_EQ(matches(part(part(read("completions/kmonctl.bash"), std::string("\n    ") + command + ")", ";;"),
                               "words='", "'"),
                          "[a-z]+"),
                  tables)
            << command;
    EXPECT_EQ(matches(part(read("completions/_kmonctl"), "1:table:(", ")"), "[a-z]+"), tables);
    EXPECT_EQ(matches(part(read("completions/kmonctl.fish"), "_from history alert' -a '", "'"), "[a-z]+"), tables);
}

// What bash, zsh and fish offer for each command. Every command has --json, --color and --help.
TEST(Documents, EveryCommandsOptionsAreInTheCompletions) {
    const auto bash = part(read("completions/kmonctl.bash"), "case ${COMP_WORDS[1]} in", "esac");
    const auto zsh = part(read("completions/_kmonctl"), "case $line[1] in", "esac");
    const auto fish = read("completions/kmonctl.fish");
    const auto branch = [](const std::string& cases, const std::string& command) {
        const std::regex begin("\n    (?:[a-z]+ \\| )*" + command + "(?: \\| [a-z]+)*\\)");
        std::smatch found;
        if (!std::regex_search(cases, found, begin)) return std::string("no branch");
        return part(cases.substr(static_cast<std::size_t>(found.position())), ")", ";;");
    };
    for (const auto& command : commands()) {
        const auto has = without(options_in(help("kmonctl", command)), {"--help", "--json", "--color"});
        EXPECT_NE(branch(bash, command), "no branch") << command;
        EXPECT_NE(branch(zsh, command), "no branch") << command;
        EXPECT_EQ(options_in(branch(bash, command)), has) << "bash, " << command;
        EXPECT_EQ(options_in(branch(zsh, command)), has) << "zsh, " << command;
        Words in_fish;
        for (const auto& option : matches(fish, "_from " + command + "' [^\n]*-l ([a-z-]+)", 1))
            in_fish.insert("--" + option);
        EXPECT_EQ(in_fish, has) << "fish, " << command;
    }
}

// ---- kmond and netmon ----

class Program : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Program, HasTheSameOptionsEverywhere) {
    const auto [name, manual] = GetParam();
    const auto has = options_in(help(name));
    EXPECT_FALSE(has.empty());
    EXPECT_EQ(options_in(part(read(manual), "\n# OPTIONS", "\n# ")), has) << manual;
    EXPECT_EQ(options_in(read(std::string("completions/") + name + ".bash")), has) << "bash";
    EXPECT_EQ(options_in(read(std::string("completions/_") + name)), has) << "zsh";
    for (const auto& both : short_options_in(help(name))) {
        const auto zsh = read(std::string("completions/_") + name);
        EXPECT_NE(zsh.find("{" + both + "}"), std::string::npos) << both;
        EXPECT_NE(read(manual).find("\n*" + both.substr(0, 2) + "*, *" + both.substr(3) + "*"), std::string::npos)
            << both;
    }
}

INSTANTIATE_TEST_SUITE_P(Documents, Program,
                         testing::Values(std::pair("kmond", "man/kmond.8.scd"),
                                         std::pair("kmon-recorder", "man/kmon-recorder.8.scd"),
                                         std::pair("kmon-exporter", "man/kmon-exporter.8.scd"),
                                         std::pair("netmon", "man/netmon.1.scd")),
                         [](const auto& program) {
                             std::string name = program.param.first;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

} // namespace
} // namespace kmon
