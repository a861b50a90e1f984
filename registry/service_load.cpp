// SPDX-License-Identifier: Apache-2.0
// A registry's beginning, its return from disk, and what everybody may read of it.
#include <algorithm>

#include "registry/impl/plain_text.hpp"
#include "registry/impl/update_chunk.hpp"
#include "registry/service.hpp"
#include "registry/tiles.hpp"

namespace sangam::registry {
namespace {

/// A name that can stand in a signature line: "sangam/cgiar-federation/0f3a…".
std::string make_origin(std::string_view name, const PublicKey& log_key) {
    std::string slug;
    for (const char c : name) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
        if (plain)
            slug.push_back(lower);
        else if (!slug.empty() && slug.back() != '-')
            slug.push_back('-');
        if (slug.size() == 40) break;
    }
    while (slug.ends_with('-')) slug.pop_back();
    return "sangam/" + (slug.empty() ? "registry" : slug) + "/" + to_hex(log_key.view().first(8));
}

std::unexpected<Error> lost(std::string why) {
    return fail("log_lost", "the registry's log does not hold what was signed: " + std::move(why),
                file::entries,
                "do not go on from an old backup: members would refuse it; restore the newest "
                "log.entries and checkpoint",
                ErrorKind::refused);
}

}  // namespace

Result<NewRegistry> create_registry(const InitOptions& options,
                                    std::span<const SigningKey> root_keys, const RegistryKeys& keys,
                                    Millis now) {
    RootDocument document;
    document.version = 1;
    document.name = options.name;
    document.origin =
        options.origin.empty() ? make_origin(options.name, keys.log.public_key()) : options.origin;
    for (const SigningKey& key : root_keys) document.root_keys.push_back(key.public_key());
    std::ranges::sort(document.root_keys);
    document.threshold = options.threshold;
    document.log_key = keys.log.public_key();
    document.freshness_key = keys.freshness.public_key();
    document.expiry_s = static_cast<std::uint64_t>(options.expiry.count() / 1000);
    document.issued = now;
    SignedRoot root = SignedRoot::make(document);
    for (const SigningKey& key : root_keys) root.sign(key);
    // Starting a chain checks all that a client would.
    const auto chain = RootChain::start(root);
    if (!chain) {
        Error error = chain.error();
        error.kind = ErrorKind::usage;
        error.fix =
            "check --name (1 to 200 bytes in one line), --root-keys, --threshold and --expiry (at "
            "least 3s)";
        return std::unexpected(error);
    }
    const SignedCheckpoint checkpoint =
        sign_checkpoint({document.origin, 0, Log().root()}, keys.log, keys.freshness, now);
    NewRegistry out;
    out.files.roots = chain->encode();
    out.files.checkpoint.assign(checkpoint.note.begin(), checkpoint.note.end());
    out.files.state = ServiceState{}.encode();
    out.registry_id = chain->registry_id();
    out.audit = {now, "operator", "created", out.registry_id.hex(), options.name};
    return out;
}

Service::Service(RootChain roots, std::optional<RegistryKeys> keys)
    : roots_(std::move(roots)), keys_(std::move(keys)), membership_(roots_.registry_id()) {}

Result<Service> Service::load(const StoredRegistry& stored, std::optional<RegistryKeys> keys) {
    auto roots = RootChain::verify_own(stored.roots);
    if (!roots) return std::unexpected(roots.error());
    if (keys && (keys->log.public_key() != roots->current().log_key ||
                 keys->freshness.public_key() != roots->current().freshness_key))
        return fail("wrong_keys", "the log or freshness key is not the one in the root document",
                    file::roots, "put back the key files that belong to this registry");
    Service out(std::move(*roots), std::move(keys));

    const auto checkpoint =
        verify_checkpoint(as_text(stored.checkpoint), out.roots_.current().keys());
    if (!checkpoint) return lost("the checkpoint does not verify: " + checkpoint.error().text());
    out.checkpoint_ = *checkpoint;
    const std::uint64_t signed_size = checkpoint->checkpoint.tree_size;
    FramedEntries framed = read_framed(stored.entries);
    if (framed.entries.size() < signed_size)
        return lost(std::to_string(framed.entries.size()) + " entries of " +
                    std::to_string(signed_size));
    for (Bytes& bytes : framed.entries) {
        const auto entry = Entry::decode(bytes);
        const auto taken = entry ? out.take_entry(out.log_.size(), *entry)
                                 : Result<void>(std::unexpected(entry.error()));
        if (!taken) {
            // After a crash the last entry may be torn; nothing that was signed is.
            if (out.log_.size() >= signed_size) break;
            return lost("entry " + std::to_string(out.log_.size()) + ": " + taken.error().text());
        }
        out.entries_file_bytes_ += 2 + bytes.size();
        out.log_.append(std::move(bytes));
    }
    if (out.log_.root_at(signed_size) != checkpoint->checkpoint.root_hash)
        return lost("the entries give another root");

    for (const Bytes& document : stored.documents)
        out.documents_[document_hash(document)] = document;
    auto state = ServiceState::decode(stored.state);
    if (!state) return std::unexpected(state.error());
    out.state_ = std::move(*state);
    return out;
}

const Bytes* Service::document(const Hash& hash) const {
    const auto found = documents_.find(hash);
    return found == documents_.end() ? nullptr : &found->second;
}

EnrolmentReply Service::enrolment(const NodeId& node) const {
    if (const Node* known = membership_.node(node))
        return {known->revoked ? EnrolmentState::revoked : EnrolmentState::member,
                membership_.institution(known->institution)->handle};
    if (const auto pending = state_.pending.find(node); pending != state_.pending.end()) {
        const auto invitation = state_.invitations.find(pending->second.token);
        return {EnrolmentState::pending,
                invitation == state_.invitations.end() ? "" : invitation->second.handle};
    }
    const auto expected = state_.expected.lower_bound({node, InstitutionId{}});
    if (expected != state_.expected.end() && expected->first.node == node)
        return {EnrolmentState::expected,
                membership_.institution(expected->first.institution)->handle};
    return {};
}

Result<messages::DirectoryUpdate> Service::update_from(std::uint64_t from_size,
                                                       std::size_t max_bytes) const {
    if (from_size > checkpoint_.checkpoint.tree_size)
        return fail("behind", "the registry's log does not reach so far",
                    std::to_string(from_size) + " of " +
                        std::to_string(checkpoint_.checkpoint.tree_size) + " entries",
                    "the registry may have been restored from an old backup; tell its operator");
    return impl::make_chunk(log_, checkpoint_, document_index_, from_size, max_bytes,
                            [&](const Hash& hash) -> std::optional<Bytes> {
                                const Bytes* found = document(hash);
                                if (found == nullptr) return std::nullopt;
                                return *found;
                            });
}

MembersReport Service::members(Millis now) const {
    MembersReport out;
    out.tree_size = log_.size();
    for (const auto& [id, institution] : membership_.institutions()) {
        MembersReport::InstitutionRow row{id,
                                          institution.handle,
                                          institution.name,
                                          institution.wiews,
                                          institution.ror,
                                          institution.revoked ? "revoked" : "active",
                                          {}};
        for (const NodeId& node_id : institution.nodes) {
            const Node& node = *membership_.node(node_id);
            MembersReport::NodeRow node_row;
            node_row.node = node_id;
            node_row.state = node.revoked                       ? "revoked"
                             : membership_.counts(node_id, now) ? "active"
                                                                : "waiting";
            if (const Bytes* encoded = document(node.document.hash))
                if (const auto decoded = SignedDocument::decode(*encoded)) {
                    node_row.name = decoded->document.name;
                    for (const Endpoint& e : decoded->document.endpoints)
                        node_row.endpoints.push_back(e.text());
                }
            row.nodes.push_back(std::move(node_row));
        }
        out.institutions.push_back(std::move(row));
    }
    std::ranges::sort(out.institutions, {}, &MembersReport::InstitutionRow::handle);
    for (const auto& [node, pending] : state_.pending)
        if (membership_.node(node) == nullptr)
            out.pending.push_back({node, enrolment(node).institution, pending.since});
    std::ranges::sort(out.pending, {}, [](const MembersReport::PendingRow& row) {
        return std::pair(row.since, row.node);
    });
    return out;
}

}  // namespace sangam::registry
