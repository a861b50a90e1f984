// SPDX-License-Identifier: Apache-2.0
// The gate for every commit that a peer sends, on whichever path: decodes and verifies it, and says
// whether its author may write to the dataset (SEMANTICS sections 1 to 3).
#pragma once

#include <map>
#include <span>
#include <variant>

#include "storage/store.hpp"
#include "sync/directory_view.hpp"
#include "sync/peer_session.hpp"

namespace sangam::sync {

/// Sound, and not to be applied yet: kept with its reason, tried again later.
struct SetAside {
    enum class Why : std::uint8_t {
        clock_ahead,     ///< its clock is far in front; passes with time
        unknown_author,  ///< the directory does not name the author's node yet
        revoked_author,  ///< its node was revoked, and no cut says how far its lane counts
    };
    Why why = Why::clock_ahead;
    std::string reason;
    CommitHeader header;
};

/// What becomes of a part. Abort: the sender is cut off.
using PartVerdict = std::variant<VerifiedPart, SetAside, messages::Abort>;

/// `judged_now` as in ClockCheck::judged(). A revoked node's commit waits until the manifest cuts
/// its lane; from then on the store takes those up to the cut and refuses the others, over any
/// path.
[[nodiscard]] PartVerdict check_part(ByteView encoded, const storage::DatasetInfo& dataset,
                                     const DirectoryView& directory, Millis judged_now);

/// The institutions of the parts' authors, for storage::ApplyRequest. The gate let them through, so
/// the directory knows them.
[[nodiscard]] std::map<NodeId, InstitutionId> institutions_of(std::span<const VerifiedPart> parts,
                                                              const DirectoryView& directory);

/// True when the institution owns the dataset or its manifest names it as a writer.
[[nodiscard]] bool owns_or_writes(const Manifest& manifest, const InstitutionId& institution);

}  // namespace sangam::sync
