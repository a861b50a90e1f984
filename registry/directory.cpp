// SPDX-License-Identifier: Apache-2.0
#include "registry/directory.hpp"

#include <algorithm>

#include "protocol/cbor.hpp"
#include "registry/impl/update_chunk.hpp"
#include "registry/tiles.hpp"

namespace sangam::registry {
namespace {

/// A client keeps this many proofs of a split view; one is enough to act on.
constexpr std::size_t max_split_views = 16;

std::unexpected<Error> bad_update(std::string_view code, std::string message, std::string subject,
                                  std::string fix = {}) {
    return fail(code, std::move(message), std::move(subject), std::move(fix), ErrorKind::refused);
}

std::string sizes(std::uint64_t held, std::uint64_t other) {
    return std::to_string(held) + " entries held, " + std::to_string(other) + " offered";
}

}  // namespace

std::string_view to_text(Freshness freshness) {
    switch (freshness) {
        case Freshness::fresh:
            return "fresh";
        case Freshness::stale:
            return "stale";
        case Freshness::expired:
            return "expired";
    }
    SANGAM_ASSERT(!"a freshness without a name");
}

Directory::Directory(RootChain roots)
    : roots_(std::move(roots)), membership_(roots_.registry_id()) {}

Result<Directory> Directory::create(const Hash& registry_id, ByteView root_chain) {
    auto roots = RootChain::verify(root_chain, registry_id);
    if (!roots) return std::unexpected(roots.error());
    return Directory(std::move(*roots));
}

std::unexpected<Error> Directory::split_view(const SignedCheckpoint& other, Millis now) {
    SplitView view{checkpoint_->note, other.note, now};
    const bool is_known = std::ranges::any_of(
        split_views_, [&](const SplitView& v) { return v.other == view.other; });
    if (!is_known && split_views_.size() < max_split_views) split_views_.push_back(std::move(view));
    return bad_update("split_view",
                      "the registry signed two directories that contradict each other",
                      sizes(log_.size(), other.checkpoint.tree_size),
                      "both checkpoints are kept as evidence; tell the other members and the "
                      "registry's operator");
}

Result<void> Directory::check_checkpoint(const SignedCheckpoint& other, Millis now) {
    if (other.time() > now + max_clock_ahead)
        return bad_update("clock", "the registry's checkpoint is from the future",
                          std::to_string((other.time() - now).count() / 1000) + " s ahead",
                          "set this machine's clock; if it is right, the registry's is wrong");
    if (!checkpoint_) return {};
    const std::uint64_t size = other.checkpoint.tree_size;
    if (size <= log_.size() && log_.root_at(size) != other.checkpoint.root_hash)
        return split_view(other, now);
    if (size < log_.size())
        return bad_update("rollback", "the directory offered is older than the one held",
                          sizes(log_.size(), size), "ask another source for a newer one");
    return {};
}

Result<void> Directory::extend_log(const messages::DirectoryUpdate& update,
                                   const SignedCheckpoint& checkpoint, Millis now) {
    const std::uint64_t held = log_.size();
    const std::uint64_t size = checkpoint.checkpoint.tree_size;
    if (update.from_size > held || update.from_size + update.entries.size() != size)
        return bad_update("gap", "the update does not lead from the directory held to its own end",
                          sizes(held, size) + ", update from " + std::to_string(update.from_size));
    for (const Bytes& entry : update.entries)
        if (entry.empty() || entry.size() > max_entry_bytes)
            return bad_update("bad_entry", "the update holds an entry of a length no log has",
                              std::to_string(entry.size()) + " bytes");
    const auto mismatch = [&] {
        suspicious_ = true;
        return bad_update(
            "log_mismatch", "the entries do not lead to the root that the registry signed",
            sizes(held, size), "the whole directory is asked for next, to see who is at fault");
    };
    const auto overlap = std::span(update.entries).first(held - update.from_size);
    if (!std::ranges::equal(overlap, log_.entries().subspan(update.from_size))) {
        // Other entries where ours are. Only the whole log can prove that they were signed for.
        if (update.from_size != 0) return mismatch();
        Log theirs;
        for (const Bytes& entry : update.entries) theirs.append(entry);
        if (theirs.root() != checkpoint.checkpoint.root_hash) return mismatch();
        return split_view(checkpoint, now);
    }
    for (const Bytes& entry : std::span(update.entries).subspan(overlap.size())) log_.append(entry);
    if (log_.root() != checkpoint.checkpoint.root_hash) {
        log_.truncate(held);
        return mismatch();
    }
    return {};
}

Result<std::vector<std::optional<Entry>>> Directory::decode_entries(std::uint64_t begin) const {
    std::vector<std::optional<Entry>> out;
    for (std::uint64_t i = begin; i < log_.size(); ++i) {
        auto entry = Entry::decode(log_.entry(i));
        if (!entry && entry.error().code == "needs_upgrade") return std::unexpected(entry.error());
        out.push_back(entry ? std::optional(std::move(*entry)) : std::nullopt);
    }
    return out;
}

void Directory::take_entry(std::uint64_t index, const std::optional<Entry>& entry) {
    if (!entry) {
        const Error why = Entry::decode(log_.entry(index)).error();
        if (why.code != "optional_entry") ignored_.push_back({index, why.text()});
        return;
    }
    const auto floor = not_before_.find(index);
    if (auto ok = membership_.apply(*entry, floor == not_before_.end() ? Millis{} : floor->second);
        !ok) {
        ignored_.push_back({index, ok.error().text()});
        return;
    }
    document_index_.take(index, *entry);
    if (const auto* admitted = std::get_if<InstitutionAdmitted>(&entry->body))
        admission_entries_[admitted->first_node] = index;
    else if (const auto* added = std::get_if<NodeAdded>(&entry->body))
        admission_entries_[added->node] = index;
    else if (const auto* revoked = std::get_if<InstitutionRevoked>(&entry->body))
        for (const NodeId& node : membership_.institution(revoked->institution)->nodes)
            document_index_.drop(node);
}

const Node* Directory::take_document(ByteView encoded, DocumentSource source) {
    auto document = SignedDocument::decode(encoded);
    if (!document) return nullptr;
    const NodeDocument& d = document->document;
    const Node* of = membership_.node(d.node);
    if (of == nullptr || d.registry_id != registry_id() || !document->is_signed_by(of->key))
        return nullptr;
    const Hash hash = document_hash(encoded);
    const bool is_newest = of->document.hash == hash && of->document.version == d.version;
    // What was once held may be older than what the log names now and nobody has brought yet.
    const bool was_held = source == DocumentSource::own_disk && d.version < of->document.version;
    if (!is_newest && !was_held) return nullptr;
    const auto before = document_of_.find(of->id);
    if (before != document_of_.end()) {
        if (before->second == hash) return nullptr;  // held already
        documents_.erase(before->second);
    }
    document_of_[of->id] = hash;
    documents_[hash] = std::move(*document);
    return of;
}

Result<Applied> Directory::apply(const messages::DirectoryUpdate& update, Millis now) {
    const auto checkpoint = verify_checkpoint(as_text(update.checkpoint), roots_.current().keys());
    if (!checkpoint) return std::unexpected(checkpoint.error());
    if (auto ok = check_checkpoint(*checkpoint, now); !ok) return std::unexpected(ok.error());
    const std::uint64_t held = log_.size();
    if (auto ok = extend_log(update, *checkpoint, now); !ok) return std::unexpected(ok.error());
    const auto entries = decode_entries(held);
    if (!entries) {
        log_.truncate(held);
        return std::unexpected(entries.error());
    }
    // From here on nothing fails: what the signed log says is taken, or listed as ignored.
    suspicious_ = false;
    Applied out;
    out.old_size = held;
    out.new_size = log_.size();
    std::vector<NodeId> current;
    if (!entries->empty())
        for (const auto& [id, node] : membership_.nodes())
            if (!node.revoked) current.push_back(id);
    bool floors_changed = false;
    for (std::size_t i = 0; i < entries->size(); ++i) {
        const auto& entry = (*entries)[i];
        if (entry && checkpoint_ && entry->time < checkpoint_->time()) {
            not_before_[held + i] = checkpoint_->time();
            floors_changed = true;
        }
        take_entry(held + i, entry);
    }
    for (const NodeId& id : current)
        if (!membership_.is_current(id)) out.revoked.push_back(id);
    for (const Bytes& encoded : update.documents)
        if (const Node* of = take_document(encoded, DocumentSource::carrier))
            out.changed.push_back(of->id);
    const bool documents_changed = !out.changed.empty();
    for (const auto& entry : *entries) {
        if (!entry) continue;
        if (const auto* admitted = std::get_if<InstitutionAdmitted>(&entry->body))
            out.changed.push_back(admitted->first_node);
        else if (const auto* added = std::get_if<NodeAdded>(&entry->body))
            out.changed.push_back(added->node);
    }
    std::ranges::sort(out.changed);
    const auto repeats = std::ranges::unique(out.changed);
    out.changed.erase(repeats.begin(), repeats.end());
    std::erase_if(out.changed, [&](const NodeId& id) { return membership_.node(id) == nullptr; });

    if (!entries->empty()) out.changed_files.push_back("log.entries");
    if (documents_changed) out.changed_files.push_back("documents.cbor");
    if (floors_changed) out.changed_files.push_back("notes.cbor");
    // The same tree with an older time says less than what is held.
    if (!checkpoint_ || checkpoint->checkpoint.tree_size > held ||
        checkpoint->time_s > checkpoint_->time_s) {
        checkpoint_ = *checkpoint;
        out.checkpoint_changed = true;
        out.changed_files.push_back("checkpoint");
    }
    return out;
}

Result<bool> Directory::update_roots(ByteView root_chain) {
    auto roots = RootChain::verify(root_chain, registry_id());
    if (!roots) return std::unexpected(roots.error());
    const auto& held = roots_.roots();
    const auto& offered = roots->roots();
    // Signatures may have been added to a version; its statements may not change.
    for (std::size_t i = 0; i < std::min(held.size(), offered.size()); ++i)
        if (held[i].body != offered[i].body)
            return bad_update("split_view",
                              "the root keys signed two different root documents of one version",
                              "version " + std::to_string(i + 1),
                              "ask the registry's operator before trusting either");
    if (offered.size() < held.size())
        return bad_update("rollback", "the root documents offered are older than those held",
                          std::to_string(offered.size()) + " of " + std::to_string(held.size()));
    if (offered.size() == held.size()) return false;
    roots_ = std::move(*roots);
    return true;
}

Result<NodeId> Directory::add_document(ByteView encoded) {
    if (const Node* of = take_document(encoded, DocumentSource::carrier)) return of->id;
    return fail("bad_document",
                "not the newest public document of any node in the directory, or held already",
                document_hash(encoded).hex());
}

Freshness Directory::state(Millis now) const {
    const auto old = age(now);
    if (!old || *old > root().expiry()) return Freshness::expired;
    return *old < root().expiry() / 3 ? Freshness::fresh : Freshness::stale;
}

std::optional<Millis> Directory::age(Millis now) const {
    if (!checkpoint_) return std::nullopt;
    return std::max(now - checkpoint_->time(), Millis{});
}

std::vector<Hash> Directory::missing_documents() const {
    std::vector<Hash> out;
    for (const auto& [id, node] : membership_.nodes())
        if (!node.revoked && !documents_.contains(node.document.hash))
            out.push_back(node.document.hash);
    return out;
}

const Institution* Directory::institution_of(const NodeId& id) const {
    const Node* found = node(id);
    return found == nullptr ? nullptr : institution(found->institution);
}

const Node* Directory::by_key(const PublicKey& key) const {
    NodeId id;
    id.bytes = key.bytes;
    const Node* found = node(id);  // a node's id is its first key
    return found != nullptr && found->key == key ? found : nullptr;
}

const NodeDocument* Directory::document(const NodeId& id) const {
    const auto hash = document_of_.find(id);
    return hash == document_of_.end() ? nullptr : &documents_.at(hash->second).document;
}

bool Directory::is_revoked(const NodeId& id) const {
    const Node* found = node(id);
    return found != nullptr && found->revoked.has_value();
}

bool Directory::may_sign(const NodeId& id, const PublicKey& key) const {
    const Node* found = node(id);
    return found != nullptr && !found->revoked && found->key == key;
}

Result<Directory::EntryProof> Directory::prove_entry(std::uint64_t index) const {
    if (!checkpoint_ || index >= log_.size())
        return fail("not_found", "the directory has no such entry", std::to_string(index), {},
                    ErrorKind::not_found);
    return EntryProof{log_.entry(index), index, log_.inclusion_proof(index, log_.size()),
                      checkpoint_->note};
}

std::optional<std::uint64_t> Directory::admission_entry(const NodeId& id) const {
    const auto found = admission_entries_.find(id);
    if (found == admission_entries_.end()) return std::nullopt;
    return found->second;
}

std::optional<messages::DirectoryOffer> Directory::offer() const {
    if (!checkpoint_) return std::nullopt;
    return messages::DirectoryOffer{log_.size(),
                                    Bytes(checkpoint_->note.begin(), checkpoint_->note.end())};
}

Result<OfferAction> Directory::consider(const messages::DirectoryOffer& offer, Millis now) {
    const auto other = verify_checkpoint(as_text(offer.checkpoint), roots_.current().keys());
    if (!other) return std::unexpected(other.error());
    if (other->checkpoint.tree_size != offer.tree_size)
        return bad_update("bad_checkpoint", "a peer's offer names another size than its checkpoint",
                          sizes(offer.tree_size, other->checkpoint.tree_size));
    if (auto ok = check_checkpoint(*other, now); !ok) {
        if (ok.error().code == "rollback") return OfferAction::tell;
        return std::unexpected(ok.error());
    }
    if (!checkpoint_ || offer.tree_size > log_.size() || other->time_s > checkpoint_->time_s)
        return OfferAction::ask;
    return other->time_s < checkpoint_->time_s ? OfferAction::tell : OfferAction::nothing;
}

Result<messages::DirectoryUpdate> Directory::update_from(std::uint64_t from_size,
                                                         std::size_t max_bytes) const {
    if (!checkpoint_ || from_size > log_.size())
        return fail("behind", "this directory does not reach so far",
                    sizes(log_.size(), from_size));
    return impl::make_chunk(log_, *checkpoint_, document_index_, from_size, max_bytes,
                            [&](const Hash& hash) -> std::optional<Bytes> {
                                const auto found = documents_.find(hash);
                                if (found == documents_.end()) return std::nullopt;
                                return found->second.encode();
                            });
}

}  // namespace sangam::registry
