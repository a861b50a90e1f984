// SPDX-License-Identifier: Apache-2.0
#include "sync/reserved_paths.hpp"

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

}  // namespace sangam::sync
