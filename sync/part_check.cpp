// SPDX-License-Identifier: Apache-2.0
#include "sync/part_check.hpp"

#include <algorithm>

namespace sangam::sync {
namespace {

using messages::Abort;
using messages::AbortCode;

std::string commit_name(const CommitHeader& header) {
    return "commit " + std::to_string(raw(header.sequence)) + " of lane " + header.lane.text();
}

/// A writer that was taken out left a cut for each of its lanes; commits up to there still count.
bool is_within_cut(const Manifest& manifest, const CommitHeader& header) {
    return manifest.cut_of(header.lane) && manifest.counts(header.lane, header.sequence);
}

}  // namespace

bool owns_or_writes(const Manifest& manifest, const InstitutionId& institution) {
    const auto& writers = manifest.writers;
    return manifest.owner == institution ||
           std::find(writers.begin(), writers.end(), institution) != writers.end();
}

std::map<NodeId, InstitutionId> institutions_of(std::span<const VerifiedPart> parts,
                                                const DirectoryView& directory) {
    std::map<NodeId, InstitutionId> out;
    for (const VerifiedPart& part : parts)
        if (const auto institution = directory.author_institution(part.header().lane.node))
            out.emplace(part.header().lane.node, *institution);
    return out;
}

PartVerdict check_part(ByteView encoded, const storage::DatasetInfo& dataset,
                       const DirectoryView& directory, Millis judged_now) {
    auto part = CommitPart::decode(encoded);
    if (!part) return Abort{AbortCode::bad_message, part.error().text()};
    const CommitHeader header = part->signed_header.header;
    if (header.dataset != dataset.uid)
        return Abort{AbortCode::not_allowed, commit_name(header) + " belongs to another dataset"};
    const auto author = directory.author_institution(header.lane.node);
    // Signature and proof are checked before the author is: nothing false is ever kept.
    auto verified =
        VerifiedPart::verify(std::move(*part), [&](const NodeId& node, const PublicKey& key) {
            return author ? directory.may_sign(node, key) : true;
        });
    if (!verified) return Abort{AbortCode::invalid_data, verified.error().text()};
    if (!author)
        return SetAside{
            SetAside::Why::unknown_author,
            "unknown author: the directory does not name the node of " + commit_name(header),
            header};
    if (directory.is_revoked(header.lane.node)) {
        // Whoever brings it may not have heard of the revocation, so nobody is cut off for it. What
        // lies beyond the cut is for the store to refuse.
        if (!dataset.manifest.cut_of(header.lane))
            return SetAside{SetAside::Why::revoked_author,
                            "revoked author: no manifest says how far the lane of " +
                                commit_name(header) + " counts",
                            header};
    } else if (!owns_or_writes(dataset.manifest, *author) &&
               !is_within_cut(dataset.manifest, header)) {
        return Abort{AbortCode::not_allowed,
                     commit_name(header) + " is by " + directory.handle_of(*author) +
                         ", which may not write to " + dataset.manifest.name};
    }
    if (is_far_ahead(header.hlc, judged_now))
        return SetAside{
            SetAside::Why::clock_ahead,
            "clock ahead: " + commit_name(header) + " is dated " +
                std::to_string(
                    (static_cast<std::int64_t>(header.hlc.unix_ms()) - judged_now.count()) / 1000) +
                " s in the future",
            header};
    return std::move(*verified);
}

}  // namespace sangam::sync
