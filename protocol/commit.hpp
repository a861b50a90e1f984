// SPDX-License-Identifier: Apache-2.0
// A commit: a batch of changes by one author to one dataset, a Merkle tree over the change hashes
// under one signature (SEMANTICS section 2, docs/protocol.md "Commits"). A part of a commit, with
// changes left out and fields hidden, is as verifiable as the whole.
#pragma once

#include <functional>
#include <vector>

#include "protocol/change.hpp"
#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"
#include "protocol/merkle.hpp"

namespace sangam {

inline constexpr std::uint32_t max_commit_changes = 1024;    ///< wire format
inline constexpr std::size_t max_commit_bytes = 512 * 1024;  ///< of all changes, or one larger
inline constexpr std::size_t max_commit_heads = 4096;        ///< wire format

/// The last commit of a lane that an author held.
struct Head {
    Lane lane;
    Sequence sequence{};
    Hash header_hash;
    friend auto operator<=>(const Head&, const Head&) = default;
};

/// What the author signs.
struct CommitHeader {
    DatasetUid dataset;
    Lane lane;
    Sequence sequence{};      ///< 1 for the lane's first
    Hash previous;            ///< header hash of the lane's previous commit; zero for the first
    std::vector<Head> heads;  ///< other lanes that advanced since the previous commit; by lane
    std::uint64_t manifest_number = 0;  ///< control-log number and hash of the manifest in force
    Hash manifest_hash;
    Hlc hlc;
    std::uint32_t count = 0;  ///< changes, 1..max_commit_changes
    Hash root;                ///< RFC 9162 tree over change hashes in ascending order

    [[nodiscard]] Dot dot() const { return {lane, sequence}; }
    [[nodiscard]] Bytes encode() const;
    static Result<CommitHeader> decode(ByteView bytes);
    /// Names this commit in `previous` and `heads` (the signature is not covered).
    [[nodiscard]] Hash hash() const;
    friend bool operator==(const CommitHeader&, const CommitHeader&) = default;
};

/// A header with its signature and the key that made it. Whether that key may speak for
/// header.lane.node is for the directory to say.
struct SignedHeader {
    CommitHeader header;
    PublicKey key;
    Signature signature;

    static SignedHeader sign(const CommitHeader& header, const SigningKey& key);
    [[nodiscard]] bool has_valid_signature() const;
    [[nodiscard]] Bytes encode() const;
    static Result<SignedHeader> decode(ByteView bytes);
    friend bool operator==(const SignedHeader&, const SignedHeader&) = default;
};

/// Some or all changes of a commit and the proof that they belong to it.
struct CommitPart {
    SignedHeader signed_header;
    std::vector<std::uint32_t> indices;  ///< places of the changes in the tree, ascending
    std::vector<Change> changes;         ///< in the order of indices
    std::vector<Hash> proof;             ///< merkle::multiproof for indices

    [[nodiscard]] bool is_complete() const { return changes.size() == signed_header.header.count; }
    [[nodiscard]] Bytes encode() const;
    static Result<CommitPart> decode(ByteView bytes);
    friend bool operator==(const CommitPart&, const CommitPart&) = default;
};

/// A CommitPart whose signature, leaves, hashes and proof were checked. Only verify() makes one of
/// what came from outside; storage takes nothing else.
class VerifiedPart {
public:
    /// Checks everything that the bytes alone can show: signature by the header's own key, each
    /// change's hash, the proof against the signed root, that `key` may sign for the lane's node as
    /// `may_sign` says, and that no two changes are to one record. The error names the failing
    /// record or says "signature", "proof" or "key".
    static Result<VerifiedPart> verify(
        CommitPart part, const std::function<bool(const NodeId&, const PublicKey&)>& may_sign);

    [[nodiscard]] const CommitPart& part() const { return part_; }
    [[nodiscard]] const CommitHeader& header() const { return part_.signed_header.header; }
    [[nodiscard]] const std::vector<Hash>& change_hashes() const { return hashes_; }
    [[nodiscard]] const Hash& header_hash() const { return header_hash_; }

private:
    friend Result<VerifiedPart> build_commit(CommitHeader, std::vector<Change>, const SigningKey&);
    VerifiedPart() = default;
    CommitPart part_;
    std::vector<Hash> hashes_;
    Hash header_hash_;
};

/// Makes and signs a commit of whole changes: hashes them under the header's dot, orders them by
/// hash, fills in count and root. Refuses none, too many or too large, and two for one record.
[[nodiscard]] Result<VerifiedPart> build_commit(CommitHeader header, std::vector<Change> changes,
                                                const SigningKey& key);

}  // namespace sangam
