// SPDX-License-Identifier: GPL-2.0-only
// The users who may connect, if not everybody may: names with hashed passwords, for HTTP basic authentication.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kmon::exporter {

struct Credentials {
    std::string name;
    std::string password;
};

// The credentials in a header "Authorization: Basic dXNlcjpwYXNz"; nothing if there are none.
std::optional<Credentials> credentials_in(std::string_view authorization);

class Users {
public:
    enum class Verdict {
        welcome,
        unknown,  // no credentials, or wrong ones
        too_many, // wrong ones came too fast, or take too long; these were not looked at
    };
    using Clock = std::chrono::steady_clock;

    Users() = default;
    // "NAME:HASH", the hash as crypt(3) makes it.
    explicit Users(const std::vector<std::string>& users);

    bool everybody() const { return hashes_.empty(); }

    // authorization: the value of that header, or empty.
    Verdict judge(const std::string& authorization, Clock::time_point now = Clock::now());

private:
    std::map<std::string, std::string> hashes_; // by name
    std::set<std::string> welcome_;             // headers that were found right: hashing is slow, which it is for
    Clock::time_point wrong_since_;
    int wrong_ = 0; // in this second
    Clock::time_point rests_until_;
};

} // namespace kmon::exporter
