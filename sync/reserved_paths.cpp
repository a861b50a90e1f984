// SPDX-License-Identifier: Apache-2.0
#include "sync/reserved_paths.hpp"

#include <algorithm>

namespace sangam::sync {
namespace {

constexpr std::string_view proposal_name = "_proposal";

}  // namespace

Path proposal_path(const Path& field, const NodeId& author) {
    std::vector<std::string> names = {std::string(proposal_name)};
    names.insert(names.end(), field.names.begin(), field.names.end());
    names.push_back(author.hex());
    return Path(std::move(names));
}

std::optional<Proposal> proposal_at(const Path& path) {
    if (path.names.size() < 3 || path.names.front() != proposal_name) return std::nullopt;
    const auto author = NodeId::from_hex(path.names.back());
    // One spelling only: what proposal_path() makes.
    if (!author || author->hex() != path.names.back()) return std::nullopt;
    return Proposal{Path({path.names.begin() + 1, path.names.end() - 1}), *author};
}

const Path& resolution_path() {
    static const Path path = Path::single("_resolution");
    return path;
}

bool hides(const std::vector<Path>& hidden, const Path& field) {
    if (hidden.empty()) return false;
    if (field == resolution_path()) return true;
    const auto proposal = proposal_at(field);
    const Path& place = proposal ? proposal->field : field;
    return std::ranges::any_of(hidden, [&](const Path& path) {
        // An object may stand at a field, written by another program, and hold what is hidden
        // below.
        return place.is_at_or_below(path) || path.is_at_or_below(place) ||
               field.is_at_or_below(path);
    });
}

}  // namespace sangam::sync
