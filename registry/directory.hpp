// SPDX-License-Identifier: Apache-2.0
// A client's verified copy of the directory (SEMANTICS section 6): follows the
// log, refuses what a lying registry or peer might send, outlives the registry, feeds other peers.
//
// What is refused, and why the held copy stays as it was:
//   bad_checkpoint, unsigned, bad_signature   not by the log key and the freshness key of the root
//   rollback      a smaller tree than the one held
//   split_view    a signed tree that is proven not to be a prefix or an extension of ours; kept as
//                 evidence, both checkpoints
//   log_mismatch  entries that do not lead to the signed root: a damaged or lying carrier, or a
//                 split view not yet proven; next_from() then asks for the whole log, which proves
//                 it
//   clock         a checkpoint from the future: this node's clock or the registry's is wrong
//   gap           entries that do not begin where ours end
//   needs_upgrade an entry of a later version that may not be ignored
// A freeze shows as age: state() goes from fresh to stale to expired by itself.
// An entry that the log holds but that breaks the rules has no effect, on any client alike, and is
// listed in ignored_entries(): nothing that was once logged can leave clients stuck.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages/directory_messages.hpp"
#include "registry/checkpoint.hpp"
#include "registry/document_index.hpp"
#include "registry/log.hpp"
#include "registry/membership.hpp"
#include "registry/node_document.hpp"
#include "registry/root_document.hpp"

namespace sangam::registry {

/// How much a node may still believe what it holds.
enum class Freshness {
    fresh,    ///< the checkpoint is younger than a third of its expiry
    stale,    ///< older: no new peers, no widened rights; what runs goes on
    expired,  ///< past its expiry, or none held yet: `on_expired` decides
};
[[nodiscard]] std::string_view to_text(Freshness freshness);

/// Two checkpoints by one log key that cannot both be true.
struct SplitView {
    std::string held;   ///< the signed note that this client had verified
    std::string other;  ///< the signed note that contradicts it
    Millis seen{};
    friend bool operator==(const SplitView&, const SplitView&) = default;
};

/// An entry without effect.
struct IgnoredEntry {
    std::uint64_t index = 0;
    std::string reason;
    friend bool operator==(const IgnoredEntry&, const IgnoredEntry&) = default;
};

/// What one update changed.
struct Applied {
    std::uint64_t old_size = 0;
    std::uint64_t new_size = 0;
    bool checkpoint_changed = false;  ///< a newer time or a larger tree
    std::vector<NodeId> changed;      ///< nodes that are new or have a new document; ascending
    std::vector<NodeId> revoked;      ///< nodes that just ceased to count; ascending
    /// Names in files() whose content changed: write these, in this order.
    std::vector<std::string> changed_files;
};

/// What to do about a peer's offer.
enum class OfferAction {
    nothing,  ///< same tree, nothing newer in it
    ask,      ///< the peer has a larger tree or a newer time: send it a DirectoryRequest
    tell,     ///< the peer is behind, send it ours
};

/// Not thread-safe. Pointers and references live until the next call that is not const.
class Directory {
public:
    /// Trust starts at the registry id of an invitation; `root_chain` is what the registry serves
    /// under /root.
    static Result<Directory> create(const Hash& registry_id, ByteView root_chain);

    /// Takes entries, checkpoint and documents of one whole update (UpdateAssembler joins chunks).
    /// All or nothing: on an error the directory is as before, apart from evidence and next_from();
    /// after "split_view" write "notes.cbor".
    Result<Applied> apply(const messages::DirectoryUpdate& update, Millis now);
    /// Later versions of the root document, as /root serves them. For when a checkpoint is not
    /// signed by the keys that are known. True when there was a newer one: write "root.cbor".
    Result<bool> update_roots(ByteView root_chain);
    /// A document that an update lacked; found by its hash in the log.
    Result<NodeId> add_document(ByteView encoded);

    /// Where the next request should begin: size(), or 0 after a log_mismatch.
    [[nodiscard]] std::uint64_t next_from() const { return suspicious_ ? 0 : log_.size(); }

    // --- trust and age
    [[nodiscard]] const RootDocument& root() const { return roots_.current(); }
    [[nodiscard]] const Hash& registry_id() const { return roots_.registry_id(); }
    [[nodiscard]] Freshness state(Millis now) const;
    /// Since the freshness key's last word; none when no checkpoint is held. Never negative.
    [[nodiscard]] std::optional<Millis> age(Millis now) const;
    [[nodiscard]] std::uint64_t tree_size() const { return log_.size(); }
    [[nodiscard]] Hash root_hash() const { return log_.root(); }
    [[nodiscard]] const std::optional<SignedCheckpoint>& checkpoint() const { return checkpoint_; }
    [[nodiscard]] const std::vector<SplitView>& split_views() const { return split_views_; }
    [[nodiscard]] const std::vector<IgnoredEntry>& ignored_entries() const { return ignored_; }
    /// Hashes that the log names for current nodes and for which no valid document is held.
    [[nodiscard]] std::vector<Hash> missing_documents() const;

    // --- who is who
    [[nodiscard]] const Membership& membership() const { return membership_; }
    [[nodiscard]] const Institution* institution(const InstitutionId& id) const {
        return membership_.institution(id);
    }
    [[nodiscard]] const Institution* by_handle(std::string_view handle) const {
        return membership_.by_handle(handle);
    }
    [[nodiscard]] const Node* node(const NodeId& id) const { return membership_.node(id); }
    /// The institution of a node, revoked or not; nullptr for an unknown node.
    [[nodiscard]] const Institution* institution_of(const NodeId& id) const;
    /// The node whose current key this is; nullptr when there is none.
    [[nodiscard]] const Node* by_key(const PublicKey& key) const;
    /// The newest document held of a node; nullptr when none.
    [[nodiscard]] const NodeDocument* document(const NodeId& id) const;
    /// A current node of a current institution: the TLS layer lets its key in.
    [[nodiscard]] bool is_member(const NodeId& id) const { return membership_.is_current(id); }
    /// is_member, and past the 72 hours of a node that the operator added alone: what a node needs
    /// to receive what its institution was granted.
    [[nodiscard]] bool counts_for_audiences(const NodeId& id, Millis now) const {
        return membership_.counts(id, now);
    }
    [[nodiscard]] bool is_revoked(const NodeId& id) const;
    /// Whether `key` is the current key of this current node.
    [[nodiscard]] bool may_sign(const NodeId& id, const PublicKey& key) const;

    /// That entry `index` is in the tree of the held checkpoint: for showing to a third party.
    struct EntryProof {
        Bytes entry;
        std::uint64_t index = 0;
        std::vector<Hash> path;
        std::string checkpoint;
    };
    [[nodiscard]] Result<EntryProof> prove_entry(std::uint64_t index) const;
    /// The entry that admitted or added the node.
    [[nodiscard]] std::optional<std::uint64_t> admission_entry(const NodeId& id) const;

    // --- for peers
    /// Nothing when no checkpoint is held yet.
    [[nodiscard]] std::optional<messages::DirectoryOffer> offer() const;
    /// Verifies the offered checkpoint. Error "split_view" when it is proven false.
    Result<OfferAction> consider(const messages::DirectoryOffer& offer, Millis now);
    /// The first chunk of what follows `from_size`, with about `max_bytes` of entries and
    /// documents; ask again from its end until that is the checkpoint's size. Error "behind" when
    /// the asker has more than this directory, or this one holds no checkpoint yet.
    [[nodiscard]] Result<messages::DirectoryUpdate> update_from(
        std::uint64_t from_size, std::size_t max_bytes = update_chunk_bytes) const;
    static constexpr std::size_t update_chunk_bytes = 1024 * 1024;  ///< far below a frame's bound

    // --- on disk
    /// File name -> content, for a folder of its own; written in the order of file_names() each
    /// after the other, each replaced whole (or, for "entries", extended), a crash in between
    /// leaves a folder that load() takes.
    [[nodiscard]] std::map<std::string, Bytes> files() const;
    static const std::vector<std::string>& file_names();
    /// Verifies everything anew: bytes on a disk are input too.
    static Result<Directory> load(const std::map<std::string, Bytes>& files);

private:
    explicit Directory(RootChain roots);
    /// Size, root and time of a verified checkpoint against what is held.
    Result<void> check_checkpoint(const SignedCheckpoint& other, Millis now);
    /// Extends log_ by the entries, or leaves it as it was.
    Result<void> extend_log(const messages::DirectoryUpdate& update,
                            const SignedCheckpoint& checkpoint, Millis now);
    std::unexpected<Error> split_view(const SignedCheckpoint& other, Millis now);
    /// Decodes the log's entries from `begin` on. Changes nothing.
    Result<std::vector<std::optional<Entry>>> decode_entries(std::uint64_t begin) const;
    /// Lets a decoded entry take effect.
    void take_entry(std::uint64_t index, const std::optional<Entry>& entry);
    enum class DocumentSource { carrier, own_disk };
    /// Holds the document if it is validly signed and some node's newest; from the own disk also
    /// an older one. Returns the node if it was not held yet.
    const Node* take_document(ByteView encoded, DocumentSource source);

    RootChain roots_;
    Log log_;
    Membership membership_;
    std::map<Hash, SignedDocument> documents_;  ///< by document_hash()
    std::map<NodeId, Hash> document_of_;        ///< the newest valid one of each node
    std::optional<SignedCheckpoint> checkpoint_;
    std::vector<SplitView> split_views_;
    std::vector<IgnoredEntry> ignored_;
    std::map<NodeId, std::uint64_t> admission_entries_;
    DocumentIndex document_index_;
    /// For entries that came after a held checkpoint: its time (Membership::apply's not_before).
    std::map<std::uint64_t, Millis> not_before_;
    bool suspicious_ = false;
};

}  // namespace sangam::registry
