// SPDX-License-Identifier: Apache-2.0
// The one decision point (SEMANTICS section 5): who may do what with a dataset, and which fields
// show. Every way out calls decide(): tail, copy, search, count, HTTP, log.
//
// Rules:
//  - The default is nothing. Rights come from the owner's live grants in the control chains.
//  - The owner and the writers of the manifest see all of the dataset. People of this node's own
//    institution see of others' data what it holds under a right that stands: a copy whose grant
//    has ended is no answer.
//  - `search`, `aggregate` and `replicate` include `discover`; who may `replicate` may also search
//    just that wherever it lies (docs/decisions/0094).
//  - A field is visible when one of the grants that let the asker act shows it.
//  - A node that does not own the dataset answers others by grants to `members` and `public` only
//    (SEMANTICS section 5, "Stand-in").
//  - A grant with a row condition lets a record through only where the condition is true of it
//    (row_scope.hpp). One whose condition this version cannot read gives no more than `discover`: a
//    restriction that is not understood must not become a permission.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/condition.hpp"
#include "storage/store.hpp"
#include "sync/asker.hpp"
#include "sync/directory_view.hpp"

namespace sangam::sync {

/// What one grant lets through: some rows, without some fields.
struct Rule {
    std::optional<Condition> where;  ///< nothing: all rows
    std::vector<Path> hidden;        ///< these and all below them do not show; ascending

    [[nodiscard]] bool shows(const Path& field) const;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// What a decision lets through. Which fields of which record show follows from row_scope().
struct Scope {
    bool allowed = false;
    std::string reason;  ///< a sentence; of a refusal
    /// Not allowed, and nothing is to be taken back: the owner does not know its own grants.
    bool is_paused = false;
    /// One for each grant that lets the asker act, in the order of the control log. A field of a
    /// record shows when one of those whose condition is true of it shows it; the record shows when
    /// one of its fields does, or nothing of it is hidden.
    std::vector<Rule> rules;

    /// All records, whole.
    static Scope everything() { return {true, {}, false, {Rule{}}}; }
    /// Whether the field shows in some record, as far as the rules can tell.
    [[nodiscard]] bool may_show(const Path& field) const;
    [[nodiscard]] bool has_conditions() const;
    /// One of the rules lets every record through, whole.
    [[nodiscard]] bool shows_all() const;
    /// Whether a record shows depends on the record: on a condition, or on whether it has a field
    /// that is not hidden.
    [[nodiscard]] bool depends_on_rows() const;
    /// Whether two records in scope may show different fields.
    [[nodiscard]] bool has_several_views() const;
    friend bool operator==(const Scope&, const Scope&) = default;
};

/// The control log of one dataset, read once for any number of decisions.
struct DatasetPolicy {
    storage::DatasetInfo info;
    std::vector<Grant> grants;  ///< that no revocation ended, by chain and number
    /// Highest number of each chain: says under which control entries a decision was made.
    std::vector<std::pair<std::string, std::uint64_t>> numbers;
    /// A holder has shown that this store forgot entries that the owner made (SEMANTICS section 3):
    /// no entry can be made until they are back, since its number may be taken.
    bool is_behind = false;
    /// It is behind, and nothing is shared until then: not so once the admin has said go for all
    /// that is named.
    bool is_paused = false;

    /// Nothing for an unknown dataset.
    static std::optional<DatasetPolicy> load(const storage::Reader& reader, const DatasetUid& uid);
    [[nodiscard]] bool is_writer(const InstitutionId& institution) const;
    [[nodiscard]] bool is_owner(const InstitutionId& institution) const {
        return info.manifest.owner == institution;
    }
};

/// The number of the manifest that took the institution out of the writers (in the chain for all);
/// nothing when it writes, or never did.
[[nodiscard]] std::optional<std::uint64_t> taken_out_at(const storage::Reader& reader,
                                                        const DatasetUid& dataset,
                                                        const InstitutionId& institution);

/// Kind of the documents that say, by dataset, which entries a holder has that this store forgot.
inline constexpr const char* forgotten_kind = "forgotten_control";
/// Kind of the documents that say, by dataset, for which of them sharing does not wait any more.
inline constexpr const char* given_up_kind = "given_up_control";
/// Control entries by chain and highest number.
using ChainNumbers = std::vector<std::pair<std::string, std::uint64_t>>;
[[nodiscard]] Bytes encode_chain_numbers(const ChainNumbers& numbers);
/// Its inverse; what cannot be read is left out.
[[nodiscard]] ChainNumbers decode_chain_numbers(ByteView encoded);
/// Those of `named` that `held` does not reach.
[[nodiscard]] ChainNumbers beyond(const ChainNumbers& named, const ChainNumbers& held);

/// `policy` must be of this store. Pure; any thread on which `directory` may be used.
[[nodiscard]] Scope decide(const Asker& asker, sangam::Action action, const DatasetPolicy& policy,
                           const DirectoryView& directory);
/// The same, from the store. Refuses an unknown dataset in the words of a hidden one.
[[nodiscard]] Scope decide(const Asker& asker, sangam::Action action, const DatasetUid& dataset,
                           const storage::Reader& reader, const DirectoryView& directory);

/// Whose node decides.
enum class At : std::uint8_t { owner, stand_in };
/// What an institution is let do at other nodes, as far as this node knows the grants: whatever
/// this node holds.
[[nodiscard]] Scope decide_elsewhere(const InstitutionId& institution, sangam::Action action,
                                     const DatasetPolicy& policy, const DirectoryView& directory,
                                     At at);
/// What the owner's grants let an institution do at the owner's own nodes: the `can` of `dataset
/// list --remote`.
[[nodiscard]] std::set<sangam::Action> rights_at_owner(const InstitutionId& institution,
                                                       const DatasetPolicy& policy,
                                                       const DirectoryView& directory);

/// The institutions that `home` shares, subscribes or searches with: those that its datasets are
/// granted to by name, that write or hold them, and the owners and writers of all datasets that
/// were ever made known to it.
[[nodiscard]] std::set<InstitutionId> related_institutions(const storage::Reader& reader,
                                                           const InstitutionId& home,
                                                           const DirectoryView& directory);

}  // namespace sangam::sync
