// SPDX-License-Identifier: GPL-2.0-only
#include "last_reload.hpp"

#include <filesystem>

#include "file.hpp"
#include "json.hpp"

namespace kmon {

namespace {

std::filesystem::path place(const Root& root) { return root.run / "kmon" / "last-reload"; }

} // namespace

std::optional<LastReload> read_last_reload(const Root& root) {
    const auto text = read_file(place(root));
    if (!text) return std::nullopt;
    const auto json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("worked") || !json["worked"].is_boolean() || !json.contains("worked_at") ||
        !json["worked_at"].is_number_unsigned())
        return std::nullopt;
    return LastReload{json["worked"].get<bool>(), json["worked_at"].get<std::uint64_t>()};
}

Result<void> write_last_reload(const Root& root, const LastReload& last) {
    return replace_file(place(root), to_text({{"worked", last.worked}, {"worked_at", last.worked_at}}, -1) + "\n",
                        0644);
}

} // namespace kmon
