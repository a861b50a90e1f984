// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/collection_name.hpp"

#include <algorithm>
#include <string>

#include "protocol/bytes.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::size_t max_collection_name = 64;

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr bool may_follow(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

Result<void> check_collection_name(std::string_view name) {
    if (!name.empty() && is_letter(name.front()) && name.size() <= max_collection_name &&
        std::ranges::all_of(name, may_follow))
        return {};
    return fail("bad_collection", "this cannot be a collection's name",
                is_utf8(name) ? std::string(name) : std::string("a name that is not UTF-8"),
                "take up to 64 letters, digits, _ - . beginning with a letter, such as germplasm "
                "or observation",
                ErrorKind::usage);
}

}  // namespace sangam::node::ingest
