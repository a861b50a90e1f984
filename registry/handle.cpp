// SPDX-License-Identifier: Apache-2.0
#include "registry/handle.hpp"

#include <algorithm>

namespace sangam::registry {
namespace {

constexpr std::size_t min_handle = 2;
constexpr std::size_t max_handle = 32;
/// Words that stand for an audience or an asker in commands and under signatures.
constexpr std::string_view reserved[] = {"all",     "everyone", "group",    "institution",
                                         "members", "public",   "registry", "sangam"};

}  // namespace

Result<void> check_handle(std::string_view handle) {
    const auto bad = [&](std::string why) {
        return fail("bad_handle", "the handle " + why, std::string(handle.substr(0, 64)),
                    "a handle has 2 to 32 of a-z, 0-9 and -, and begins with a letter",
                    ErrorKind::usage);
    };
    if (handle.size() < min_handle || handle.size() > max_handle)
        return bad("has " + std::to_string(handle.size()) + " characters");
    if (std::ranges::any_of(handle, [](char c) {
            return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-';
        }))
        return bad("holds a character outside a-z, 0-9 and -");
    if (!(handle[0] >= 'a' && handle[0] <= 'z')) return bad("does not begin with a letter");
    if (handle.back() == '-') return bad("ends with -");
    const std::string skeleton = handle_skeleton(handle);
    for (const std::string_view word : reserved)
        if (skeleton == handle_skeleton(word))
            return bad("is or looks like the reserved word " + std::string(word));
    return {};
}

std::string handle_skeleton(std::string_view handle) {
    std::string out;
    for (const char c : handle) {
        if (c == '-') continue;
        const char plain = c == '0' ? 'o' : c == '1' || c == 'l' ? 'i' : c;
        // Two letters that run together into one.
        if (plain == 'n' && !out.empty() && out.back() == 'r')
            out.back() = 'm';
        else if (plain == 'v' && !out.empty() && out.back() == 'v')
            out.back() = 'w';
        else
            out.push_back(plain);
    }
    return out;
}

}  // namespace sangam::registry
