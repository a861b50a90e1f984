// SPDX-License-Identifier: Apache-2.0
#include "node/http/entity_tags.hpp"

#include <algorithm>

namespace sangam::node::http {

bool EntityTags::has_strong(std::string_view opaque) const {
    return std::ranges::any_of(
        tags, [&](const EntityTag& tag) { return !tag.is_weak && tag.opaque == opaque; });
}

bool EntityTags::has_weak(std::string_view opaque) const {
    return std::ranges::any_of(tags, [&](const EntityTag& tag) { return tag.opaque == opaque; });
}

Result<EntityTags> parse_entity_tags(std::string_view name, std::string_view value) {
    const auto bad = [&] {
        return fail("bad_header", "the header " + std::string(name) + " is not as HTTP has it",
                    std::string(value),
                    "give * or the ETag of an answer with its double quotes, several of them "
                    "separated by commas",
                    ErrorKind::usage);
    };
    const auto skip_blanks = [&] {
        while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    };
    EntityTags out;
    skip_blanks();
    if (value.starts_with('*')) {
        value.remove_prefix(1);
        skip_blanks();
        if (!value.empty()) return bad();
        out.is_any = true;
        return out;
    }
    while (!value.empty()) {
        if (!value.starts_with(',')) {
            EntityTag tag;
            tag.is_weak = value.starts_with("W/");
            if (tag.is_weak) value.remove_prefix(2);
            if (!value.starts_with('"')) return bad();
            const auto end = value.find('"', 1);
            if (end == std::string_view::npos) return bad();
            tag.opaque = value.substr(1, end - 1);
            if (std::ranges::any_of(tag.opaque, [](char c) {
                    const auto byte = static_cast<unsigned char>(c);
                    return byte <= 0x20 || byte == 0x7F;
                }))
                return bad();
            out.tags.push_back(std::move(tag));
            value.remove_prefix(end + 1);
            skip_blanks();
            if (!value.empty() && !value.starts_with(',')) return bad();
        }
        if (!value.empty()) value.remove_prefix(1);
        skip_blanks();
    }
    if (out.tags.empty()) return bad();
    return out;
}

}  // namespace sangam::node::http
