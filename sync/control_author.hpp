// SPDX-License-Identifier: Apache-2.0
// Builds and signs the next entries of the control logs that this node's institution owns
// (SEMANTICS section 3). The caller hands each to Store::put_control and then tells the engine by
// control_changed(). An entry takes the next number of its chain, so making and storing one must
// not run beside another: do both on the logic thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/control.hpp"
#include "storage/store.hpp"
#include "sync/directory_view.hpp"
#include "sync/policy.hpp"

namespace sangam::sync {

/// Who signs. The pointers must outlive the call.
struct ControlAuthor {
    NodeId node;
    const SigningKey* key = nullptr;
    Random* random = nullptr;
};

/// The institution that a node stands for: the directory's, or one of its own (with the node's id)
/// outside a federation.
[[nodiscard]] InstitutionId institution_or_self(const DirectoryView& directory, const NodeId& node);

/// `dataset create`.
struct DatasetSpec {
    std::string name;  ///< [a-z0-9-], 1..64, beginning and ending with a letter or digit
    std::string title;
    std::string licence;
    std::vector<std::string> writers;  ///< handles
    Schema schema;
};
/// `dataset set`: what is set replaces.
struct DatasetChange {
    std::optional<std::string> title;
    std::optional<std::string> licence;
    std::optional<std::vector<std::string>> writers;  ///< handles
    std::optional<Schema> schema;
};
/// `grant add`.
struct GrantSpec {
    DatasetUid dataset;
    std::string audience;  ///< as in COMMANDS: a handle, group:NAME, members, public
    std::set<sangam::Action> actions;
    std::vector<Path> hide;
    std::string where;
};

/// AUDIENCE of COMMANDS. Error not_found for a handle that the directory does not have.
[[nodiscard]] Result<Audience> parse_audience(std::string_view text,
                                              const DirectoryView& directory);
/// The inverse, for lists.
[[nodiscard]] std::string audience_text(const Audience& audience, const DirectoryView& directory);

/// The first manifest. Errors: usage (name, empty licence), refused (the name is taken), not_found
/// (a writer's handle). The new dataset is entry.dataset_uid().
[[nodiscard]] Result<SignedControl> create_dataset(const storage::Reader&, const DirectoryView&,
                                                   const ControlAuthor&, const DatasetSpec&,
                                                   Millis now);
/// The next manifest. A writer that is taken out leaves a cut for each of its lanes at what this
/// store has accepted. Errors: refused (not the owner), not_found.
[[nodiscard]] Result<SignedControl> change_dataset(const storage::Reader&, const DirectoryView&,
                                                   const ControlAuthor&, const DatasetUid&,
                                                   const DatasetChange&, Millis now);
/// The next manifest when nodes were revoked: with a cut, at what this store holds, for each of
/// their lanes that has none (SEMANTICS section 6). Every other new manifest gets such cuts as
/// well. Nothing when there is none to make, or this node's institution does not own the dataset.
[[nodiscard]] std::optional<SignedControl> cut_revoked_lanes(const storage::Reader&,
                                                             const DirectoryView&,
                                                             const ControlAuthor&,
                                                             const DatasetUid&, Millis now);
/// Errors: refused (not the owner), not_found (audience), usage (no action, a condition or a
/// field that cannot be).
[[nodiscard]] Result<SignedControl> add_grant(const storage::Reader&, const DirectoryView&,
                                              const ControlAuthor&, const GrantSpec&, Millis now);
/// Error not_found for a grant that no owned dataset has, refused for one that ended already.
[[nodiscard]] Result<SignedControl> revoke_grant(const storage::Reader&, const DirectoryView&,
                                                 const ControlAuthor&, const GrantId&, Millis now);

/// `dataset resume`, the admin's "go" of SEMANTICS section 3: the dataset is shared again as the
/// entries that are held say, though this store is said to have forgotten some, and nobody's word
/// about the same entries pauses it once more. No number is given away by it: entries are refused
/// as before while the word stands, and those that were forgotten are taken when they come. What
/// was given up; nothing when sharing waited for nothing. Durable on return; the engine has to hear
/// control_changed(). Logic thread.
ChainNumbers share_without_forgotten(storage::Store& store, const DatasetUid& dataset);

}  // namespace sangam::sync
