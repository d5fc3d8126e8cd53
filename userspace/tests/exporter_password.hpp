// SPDX-License-Identifier: GPL-2.0-only
// Ann's password, as the configuration has it and as a client sends it.
#pragma once

namespace kmon::test {

// "secret" by: openssl passwd -6 -salt kmontest secret
inline constexpr auto hash_of_secret =
    "$6$kmontest$rvudD7B4aF2tI49E04UB5LbnLDYP8uCF87G3pLYjPnAtDtQDrg5ocI0gWj3Qbg/vkcKs5DB6a7M7GXaykLeSB0";
inline constexpr auto ann_secret = "Basic YW5uOnNlY3JldA==";

} // namespace kmon::test
