// SPDX-License-Identifier: GPL-2.0-only
#include "users.hpp"

#include <crypt.h>

#include <algorithm>
#include <memory>

namespace kmon::exporter {

namespace {

using namespace std::chrono_literals;

// How many hashes clients can make us compute.
constexpr int most_wrong_a_second = 5;
// Everybody waits while a hash is computed, and some take a second on purpose. So wrong passwords get at most a fifth
// of the time.
constexpr auto unnoticed = 20ms;

int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

std::optional<std::string> from_base64(std::string_view text) {
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned bits = 0;
    int have = 0;
    for (const char c : text) {
        const int digit = base64_digit(c);
        if (digit < 0) return std::nullopt;
        bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xffffU;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        bytes += static_cast<char>(bits >> static_cast<unsigned>(have) & 0xffU);
    }
    return bytes;
}

// Compares in constant time.
bool same(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    return difference == 0;
}

bool hashes_to(const std::string& password, const std::string& hash) {
    const auto room = std::make_unique<crypt_data>(); // 32 KiB
    const char* made = ::crypt_r(password.c_str(), hash.c_str(), room.get());
    return made != nullptr && made[0] != '*' && same(made, hash);
}

} // namespace

std::optional<Credentials> credentials_in(std::string_view authorization) {
    constexpr std::string_view scheme = "basic ";
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (!std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, lower)) return std::nullopt;
    authorization.remove_prefix(scheme.size());
    while (authorization.starts_with(' '))
        authorization.remove_prefix(1);
    const auto text = from_base64(authorization);
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos || text->find('\0') != std::string::npos) return std::nullopt;
    return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

Users::Users(const std::vector<std::string>& users) {
    for (const auto& user : users)
        hashes_[user.substr(0, user.find(':'))] = user.substr(user.find(':') + 1);
}

Users::Verdict Users::judge(const std::string& authorization, Clock::time_point now) {
    if (everybody() || welcome_.contains(authorization)) return Verdict::welcome;
    const auto given = credentials_in(authorization);
    if (!given) return Verdict::unknown;
    if (now - wrong_since_ >= 1s) {
        wrong_since_ = now;
        wrong_ = 0;
    }
    if (wrong_ >= most_wrong_a_second || now < rests_until_) return Verdict::too_many;

    // Also for an unknown name, so that the time does not reveal which names exist.
    const auto begin = Clock::now();
    const auto known = hashes_.find(given->name);
    const bool right = hashes_to(given->password, (known == hashes_.end() ? hashes_.begin() : known)->second);
    if (right && known != hashes_.end()) {
        // The same credentials can be written in several ways, but not in so many.
        if (welcome_.size() < hashes_.size() + 16) welcome_.insert(authorization);
        return Verdict::welcome;
    }
    ++wrong_;
    if (const auto took = Clock::now() - begin; took > unnoticed) rests_until_ = now + 5 * took;
    return Verdict::unknown;
}

} // namespace kmon::exporter
