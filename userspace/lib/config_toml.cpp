// SPDX-License-Identifier: GPL-2.0-only
#include "config_toml.hpp"

// toml++ asserts (and in a release build, assumes) things that a text such as "[=" violates; after that it would report
// the error properly. So its assertions are disabled here.
#undef NDEBUG
#define TOML_ASSERT(condition) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>

#include "config_mistakes.hpp"
#include "config_text.hpp"
#include "config_values.hpp"
#include "escape.hpp"
#include "interface_name.hpp"
#include "joined.hpp"
#include "mac_address.hpp"
#include "modules/module_table.hpp"
#include "recorder_keys.hpp"
#include "suggest.hpp"

namespace kmon {
namespace {

// Why a value is refused; nothing if it is accepted.
using Refusal = std::optional<std::string>;

// A key of the configuration, and how its value gets into a Config.
struct Key {
    std::string name;
    std::string allowed;
    std::function<Refusal(const toml::node& value, Config& config)> take;
};

// For a section with arbitrary keys: takes any key, or says why it is refused.
using TakeAny = Refusal (*)(std::string_view key, const toml::node& value, Config& config);

struct Section {
    std::string name;
    std::vector<Key> keys;
    TakeAny any = nullptr;
    std::string allowed{}; // in such a section
};

const char* type_name(const toml::node& value) {
    switch (value.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "a number";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or a time";
    }
}

Refusal expected(const char* type, const toml::node& value) {
    return std::string("expected ") + type + ", found " + type_name(value);
}

std::string in_quotes(std::string_view text) { return "\"" + excerpt(text) + "\""; }

// ---- the kinds of keys

Refusal take_flag(const toml::node& value, ConfigValue& out) {
    const auto* flag = value.as_boolean();
    if (flag == nullptr) return expected("true or false", value);
    out = flag->get();
    return {};
}

Refusal take_number(std::uint64_t number, bool negative, const ConfigKey& key, ConfigValue& out) {
    if (negative || number < key.from) return "too small";
    if (number > key.to) return "too large";
    out = static_cast<std::uint32_t>(number);
    return {};
}

Refusal take_number(const toml::value<std::int64_t>& value, const ConfigKey& key, ConfigValue& out) {
    const auto number = value.get();
    auto refusal = take_number(static_cast<std::uint64_t>(number), number < 0, key, out);
    if (refusal) *refusal = std::to_string(number) + " is " + *refusal;
    return refusal;
}

Refusal take_number(const toml::node& value, const ConfigKey& key, ConfigValue& out) {
    const auto* integer = value.as_integer();
    return integer ? take_number(*integer, key, out) : expected("a number", value);
}

Refusal take_duration(const toml::node& value, const ConfigKey& key, ConfigValue& out) {
    if (const auto* integer = value.as_integer()) return take_number(*integer, key, out);
    const auto* text = value.as_string();
    if (text == nullptr) return expected("a duration", value);
    const auto seconds = parse_duration(text->get());
    if (!seconds) return in_quotes(text->get()) + " is not a duration";
    auto refusal = take_number(*seconds, false, key, out);
    if (refusal) *refusal = in_quotes(text->get()) + " is " + *refusal;
    return refusal;
}

Refusal take_size(const toml::node& value, const ConfigKey& key, ConfigValue& out) {
    constexpr std::uint64_t kib = 1024;
    if (const auto* integer = value.as_integer())
        return take_number(static_cast<std::uint64_t>(integer->get()) / kib, integer->get() < 0, key, out);
    const auto* text = value.as_string();
    if (text == nullptr) return expected("a size", value);
    const auto bytes = parse_size(text->get());
    if (!bytes) return in_quotes(text->get()) + " is not a size";
    auto refusal = take_number(*bytes / kib, false, key, out);
    if (refusal) *refusal = in_quotes(text->get()) + " is " + *refusal;
    return refusal;
}

Refusal take_choice(const toml::node& value, const ConfigKey& key, ConfigValue& out) {
    const auto* text = value.as_string();
    if (text == nullptr) return expected("a string", value);
    if (std::ranges::find(key.words, text->get()) == key.words.end())
        return in_quotes(text->get()) + " is not a valid value";
    out = text->get();
    return {};
}

Refusal not_an_interface(std::string_view name) {
    const bool list = name.find(',') != std::string_view::npos;
    return in_quotes(name) + " is not a valid interface name" + (list ? R"(; write ["eth0", "eth1"])" : "");
}

bool takes_interface(std::string_view name) {
    // The module's list is separated by commas, so a name must not contain one.
    return is_interface_name(name) && name.find(',') == std::string_view::npos;
}

Refusal take_list(const toml::array& names, ConfigValue& out) {
    constexpr std::size_t most = 64; // the module's limit
    std::vector<std::string> taken;
    for (const auto& element : names) {
        const auto* name = element.as_string();
        if (name == nullptr) return expected("names", element);
        if (name->get() == "auto") return R"("auto" cannot be in a list)";
        if (!takes_interface(name->get())) return not_an_interface(name->get());
        if (std::ranges::find(taken, name->get()) != taken.end()) return in_quotes(name->get()) + " is listed twice";
        taken.push_back(name->get());
    }
    if (taken.size() > most) return "too many interfaces: " + std::to_string(taken.size());
    out = std::move(taken);
    return {};
}

Refusal take_interfaces(const toml::node& value, ConfigValue& out) {
    if (const auto* names = value.as_array()) return take_list(*names, out);
    const auto* name = value.as_string();
    if (name == nullptr) return expected("a name or an array of names", value);
    if (name->get() == "auto") {
        out = name->get();
        return {};
    }
    if (!takes_interface(name->get())) return not_an_interface(name->get());
    out = std::vector<std::string>{name->get()};
    return {};
}

Refusal take_interface(const toml::node& value, ConfigValue& out) {
    const auto* name = value.as_string();
    if (name == nullptr) return expected("a name", value);
    if (name->get() != "all" && !is_interface_name(name->get()))
        return in_quotes(name->get()) + " is not a valid interface name";
    out = name->get();
    return {};
}

Refusal take(const toml::node& value, const ConfigKey& key, ConfigValue& out) {
    switch (key.kind) {
    case ConfigKey::Kind::yes_or_no: return take_flag(value, out);
    case ConfigKey::Kind::number: return take_number(value, key, out);
    case ConfigKey::Kind::duration: return take_duration(value, key, out);
    case ConfigKey::Kind::size: return take_size(value, key, out);
    case ConfigKey::Kind::choice: return take_choice(value, key, out);
    case ConfigKey::Kind::interface: return take_interface(value, out);
    case ConfigKey::Kind::interfaces: return take_interfaces(value, out);
    }
    return {};
}

Refusal take_listen(const toml::node& value, Config& config) {
    const auto* text = value.as_string();
    if (text == nullptr) return expected("a string", value);
    const auto endpoint = parse_endpoint(text->get());
    if (!endpoint) return in_quotes(text->get()) + " is not an address and a port";
    config.exporter.host = endpoint->host;
    config.exporter.port = endpoint->port;
    return {};
}

// A key of the exporter with the same types as a module's: a flag or a number.
Key exporters(const ConfigKey& key, void (*put)(Config::Exporter& exporter, const ConfigValue& value)) {
    return {key.name, key.allowed, [key, put](const toml::node& value, Config& config) {
                ConfigValue taken;
                auto refusal = take(value, key, taken);
                if (!refusal) put(config.exporter, taken);
                return refusal;
            }};
}

Key path_key(const char* name, std::string Config::Exporter::*path) {
    return {name, "a path that begins with /, or a credential's name",
            [path](const auto& value, Config& config) -> Refusal {
                const auto* text = value.as_string();
                if (text == nullptr) return expected("a string", value);
                if (text->get().find('\0') != std::string::npos) return in_quotes(text->get()) + " is not a path";
                config.exporter.*path = text->get();
                return {};
            }};
}

// Is it "NAME:HASH", with a hash from crypt(3) that is slow to guess? Not MD5 or DES.
bool takes_user(std::string_view user) {
    const auto colon = user.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    const auto hash = user.substr(colon + 1);
    const bool slow = std::ranges::any_of(std::array{"$y$", "$gy$", "$7$", "$6$", "$5$", "$2b$", "$2y$", "$2a$"},
                                          [&](const char* method) { return hash.starts_with(method); });
    return slow && hash.size() > 20 && std::ranges::all_of(user, [](char c) { return c > ' ' && c < 0x7f; });
}

Refusal take_users(const toml::node& value, Config& config) {
    const auto* users = value.as_array();
    if (users == nullptr) return expected("an array of users", value);
    std::vector<std::string> taken;
    for (const auto& element : *users) {
        const auto* user = element.as_string();
        if (user == nullptr) return expected("strings", element);
        // Do not show the rest: it may be a password that somebody wrote instead of a hash.
        if (!takes_user(user->get())) return in_quotes(user->get().substr(0, user->get().find(':'))) + " has no hash";
        taken.push_back(user->get());
    }
    config.exporter.users = std::move(taken);
    return {};
}

Section exporter_section() {
    using Exporter = Config::Exporter;
    return {
        "exporter",
        {{"listen", R"(an IP address and a port: "127.0.0.1:9778", "[::1]:9778")", take_listen},
         path_key("unix_socket", &Exporter::unix_socket),
         exporters(number("top", 0, 100000, 100),
                   [](Exporter& exporter, const ConfigValue& value) { exporter.top = std::get<std::uint32_t>(value); }),
         exporters(yes_or_no("insecure", false),
                   [](Exporter& exporter, const ConfigValue& value) { exporter.insecure = std::get<bool>(value); }),
         path_key("tls_certificate", &Exporter::tls_certificate),
         path_key("tls_key", &Exporter::tls_key),
         {"users", R"(["NAME:HASH"], HASH from: openssl passwd -6)", take_users}}};
}

// ---- all of them

Section section_of(const std::string& name, const std::vector<ConfigKey>& keys) {
    Section section{name, {}};
    for (const auto& key : keys)
        section.keys.push_back(
            {key.name, key.allowed, [key, place = name + "." + key.name](const auto& value, Config& config) {
                 return take(value, key, config.values.at(place));
             }});
    return section;
}

Section section_of(const Module& module) { return section_of(module.section, keys_of(module)); }

// Takes a MAC address and the name to show for it.
Refusal take_device(std::string_view key, const toml::node& value, Config& config) {
    constexpr std::size_t longest = 64;
    const auto mac = canonical_mac(key);
    if (!mac) return in_quotes(key) + " is not a MAC address";
    const auto* name = value.as_string();
    if (name == nullptr) return expected("a name", value);
    if (name->get().empty() || name->get().size() > longest) return in_quotes(name->get()) + " is not a valid name";
    config.devices[*mac] = name->get();
    return {};
}

const std::vector<Section>& sections() {
    static const std::vector<Section> all = [] {
        std::vector<Section> made;
        for (const auto& module : modules())
            made.push_back(section_of(module));
        made.push_back(exporter_section());
        made.push_back(section_of("recorder", recorder_keys()));
        made.push_back({"devices", {}, take_device, R"("aa:bb:cc:dd:ee:ff" = "a name")"});
        return made;
    }();
    return all;
}

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
    std::vector<std::string> names;
    names.reserve(all.size());
    for (const auto& one : all)
        names.push_back(one.name);
    return names;
}

template <class Named>
const Named* find(const std::vector<Named>& all, std::string_view name) {
    const auto found = std::ranges::find_if(all, [&](const auto& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

// ---- a file

class Reader {
public:
    Reader(const std::filesystem::path& file, ConfigReading& reading) : file_(file), reading_(reading) {}

    void read(const toml::table& file) {
        for (const auto& [name, value] : file)
            read_section(name, value);
        report_unknown_names();
        // toml++ returns the keys in alphabetical order.
        const auto place = [](const ConfigProblem& problem) { return std::pair(problem.line, problem.column); };
        std::ranges::stable_sort(found_, {}, place);
        for (auto& problem : found_)
            reading_.add(std::move(problem));
    }

    void report(const toml::source_position& place, std::string key, std::string what, std::string allowed = {}) {
        reading_.add(problem(place, std::move(key), std::move(what), std::move(allowed)));
    }

private:
    // An unknown section or key; `section` is that of the key.
    struct Unknown {
        const toml::key* name;
        const Section* section;
    };

    ConfigProblem problem(const toml::source_position& place, std::string key, std::string what,
                          std::string allowed) const {
        return {.file = file_,
                .line = std::max<std::uint32_t>(1, place.line),
                .column = std::max<std::uint32_t>(1, place.column),
                .key = std::move(key),
                .what = std::move(what),
                .allowed = std::move(allowed)};
    }

    void find_problem(const toml::node& value, std::string key, std::string what, std::string allowed) {
        found_.push_back(problem(value.source().begin, std::move(key), std::move(what), std::move(allowed)));
    }

    void read_section(const toml::key& name, const toml::node& value) {
        const auto* section = find(sections(), name.str());
        if (section == nullptr) return unknown_.push_back({&name, nullptr});
        const auto* table = value.as_table();
        if (table == nullptr)
            return find_problem(value, section->name, *expected("a section", value), "[" + section->name + "]");
        for (const auto& [key, setting] : *table)
            read_key(*section, key, setting);
    }

    void read_key(const Section& section, const toml::key& name, const toml::node& value) {
        if (section.any != nullptr) {
            const auto refusal = section.any(name.str(), value, reading_.config);
            if (refusal) find_problem(value, section.name + "." + printable(name.str()), *refusal, section.allowed);
            return;
        }
        const auto* key = find(section.keys, name.str());
        if (key == nullptr) return unknown_.push_back({&name, &section});
        if (const auto refusal = key->take(value, reading_.config))
            find_problem(value, section.name + "." + key->name, *refusal, key->allowed);
    }

    // There may be thousands: make messages only for those that are reported.
    void report_unknown_names() {
        const auto place = [](const Unknown& unknown) {
            const auto& begin = unknown.name->source().begin;
            return std::pair(begin.line, begin.column);
        };
        std::ranges::sort(unknown_, {}, place);
        const auto told = std::min(unknown_.size(), ConfigReading::most_problems);
        for (const auto& unknown : std::span(unknown_).first(told))
            found_.push_back(problem_of(unknown));
        reading_.more += unknown_.size() - told;
    }

    ConfigProblem problem_of(const Unknown& unknown) const {
        const auto* section = unknown.section;
        const auto known = section == nullptr ? names_of(sections()) : names_of(section->keys);
        std::string what = section == nullptr ? "unknown section" : "unknown key";
        const auto name = unknown.name->str();
        if (const auto meant = nearest(name, known); !meant.empty()) what += ", did you mean " + meant + "?";
        return problem(unknown.name->source().begin, (section == nullptr ? "" : section->name + ".") + printable(name),
                       what, joined(known));
    }

    const std::filesystem::path& file_;
    ConfigReading& reading_;
    std::vector<ConfigProblem> found_;
    std::vector<Unknown> unknown_;
};

// The number of the first line that is too long; 0: there is none.
std::uint32_t overlong_line(std::string_view text) {
    for (std::uint32_t line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > config_line_limit) return line;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return 0;
}

// Columns are characters, as toml++ counts them.
toml::source_position position_of(std::string_view text, std::size_t at) {
    const auto before = text.substr(0, at);
    const auto line_start = before.rfind('\n') + 1; // 0 if there is no newline
    const auto characters = std::ranges::count_if(
        before.substr(line_start), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
    return {static_cast<toml::source_index>(std::ranges::count(before, '\n') + 1),
            static_cast<toml::source_index>(characters + 1)};
}

// The reverse; exact if the line is ASCII, and close enough if it is not.
std::size_t offset_of(std::string_view text, const toml::source_position& place) {
    std::size_t line_start = 0;
    for (toml::source_index line = 1; line < place.line; ++line)
        line_start = std::min(text.find('\n', line_start), text.size() - 1) + 1;
    const auto line_end = std::min(text.find('\n', line_start), text.size());
    return std::min(line_start + (place.column > 0 ? place.column - 1 : 0), line_end);
}

// The part of the text that can be parsed in a few megabytes. A sensible configuration has about twenty values.
struct FirstPart {
    std::string_view text;
    std::size_t statements_left = 0;
};

FirstPart first_part_of(std::string_view text) {
    constexpr std::size_t most_values = 10000;
    FirstPart part{text};
    std::size_t values = 0;
    for_each_statement(text, [&](const Statement& statement) {
        values += statement.values;
        if (values <= most_values) return;
        if (part.statements_left++ == 0) part.text = text.substr(0, statement.begin);
    });
    return part;
}

void report_syntax(Reader& reader, std::string_view text, const toml::parse_error& error) {
    const auto mistake = find_mistake(text, offset_of(text, error.source().begin));
    if (!mistake) return reader.report(error.source().begin, "", printable(error.description()));
    const auto place = position_of(text, mistake->at);
    const auto* section = find(sections(), mistake->section);
    const auto* key = section == nullptr ? nullptr : find(section->keys, mistake->key);
    if (key == nullptr) return reader.report(place, printable(mistake->key), mistake->what);
    const bool no_number = !mistake->bare_value.empty() && key->allowed.starts_with("a number");
    reader.report(place, section->name + "." + key->name,
                  no_number ? in_quotes(mistake->bare_value) + " is not a number" : mistake->what, key->allowed);
}

} // namespace

void read_config_text(std::string_view text, const std::filesystem::path& file, ConfigReading& reading) {
    Reader reader(file, reading);
    if (const auto line = overlong_line(text); line != 0) {
        return reader.report({line, static_cast<toml::source_index>(config_line_limit + 1)}, "",
                             "a line longer than " + std::to_string(config_line_limit) + " bytes");
    }
    if (const auto stray = stray_character(text)) return reader.report(position_of(text, stray->at), "", stray->what);
    const auto part = first_part_of(text);
    const auto parsed = toml::parse(part.text);
    if (!parsed) return report_syntax(reader, part.text, parsed.error());
    reader.read(parsed.table());
    if (part.statements_left == 0) return;
    reader.report(position_of(text, part.text.size()), "", "the file is too long; the rest was not read");
    reading.more += part.statements_left - 1;
}

} // namespace kmon
