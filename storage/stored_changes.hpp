// SPDX-License-Identifier: Apache-2.0
// From rows to values: changes with their commit's dot and clock, manifests, proofs.
#pragma once

#include <span>
#include <unordered_map>

#include "protocol/commit.hpp"
#include "storage/tables.hpp"

namespace sangam::storage {

/// Decodes changes of one set of tables; remembers commits and lanes that it has looked up. Short-
/// lived, like the transaction that it reads in.
class ChangeLoader {
public:
    explicit ChangeLoader(const Tables& tables) : tables_(tables) {}

    /// Throws CorruptError, naming the record, when the body cannot be read.
    [[nodiscard]] StoredChange load(const ChangeRow& row);
    /// The dot of a commit.
    [[nodiscard]] Dot dot(CommitId);
    [[nodiscard]] const CommitName& name(CommitId);
    /// The record's changes, by (hlc, lane).
    [[nodiscard]] std::vector<StoredChange> of_record(RecordNumber, bool only_live);

private:
    struct Known {
        CommitName name;
        Lane lane;
        std::optional<InstitutionId> institution{};
    };
    const Known& known(CommitId);
    const Tables& tables_;
    std::unordered_map<std::uint64_t, Known> commits_;
    std::unordered_map<std::uint64_t, LaneRow> lanes_;
};

/// What the changes cover: their dots and all that their contexts name.
[[nodiscard]] VersionVector version_of(std::span<const StoredChange> changes);
/// Ascending by (hlc, lane).
void sort_by_time(std::vector<StoredChange>& changes);

/// The manifest in force. Throws CorruptError.
[[nodiscard]] Manifest manifest_of(const Tables&, const DatasetRow&);
[[nodiscard]] DatasetInfo info_of(const Tables&, const DatasetRow&);

/// Proof hashes as one byte string and back; nullopt for a length that is no multiple of 32.
[[nodiscard]] Bytes pack_hashes(std::span<const Hash> hashes);
[[nodiscard]] std::optional<std::vector<Hash>> unpack_hashes(ByteView bytes);

/// What one holder knows of a commit's tree. Throws CorruptError when the rows do not fit.
[[nodiscard]] merkle::PartialTree held_tree(const Tables&, CommitId, std::uint32_t count);
/// The proof that came with a part, with the hashes of its changes.
[[nodiscard]] merkle::PartialTree tree_of(const VerifiedPart&);

/// The commit as it is held, with those of its changes. Throws CorruptError.
[[nodiscard]] CommitPart part_of(const Tables&, CommitId, const std::vector<ChangeRow>& changes);

/// The texts of a merged record that the index holds: text values, also inside lists and maps
/// (there at their own paths below the field), and elements of unions; reserved fields are left
/// out. Empty for a deleted record.
[[nodiscard]] std::vector<IndexedField> indexed_fields(const Projection& projection);

/// "collection/id" with `%`, `/` and control characters of the id percent-encoded, as in RECORD.
[[nodiscard]] std::string record_text(const RecordKey& key);

}  // namespace sangam::storage
