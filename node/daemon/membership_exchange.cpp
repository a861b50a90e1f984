// SPDX-License-Identifier: Apache-2.0
// How the directory travels among peers: an offer after hello and when ours has grown; who is
// behind asks for what follows, chunk by chunk.
#include <spdlog/spdlog.h>

#include "node/daemon/federation_membership.hpp"

namespace sangam::node {
namespace {

/// Documents of at most 32 KiB each: 2 MiB.
constexpr std::size_t documents_in_announcement = 64;

}  // namespace

void FederationMembership::peer_connected(sync::ConnectionId connection) {
    std::optional<messages::DirectoryOffer> offer;
    {
        const std::lock_guard lock(mutex_);
        if (directory_) offer = directory_->offer();
    }
    if (offer) hooks_.send(connection, std::move(*offer));
    send_announcements(connection);
}

void FederationMembership::peer_disconnected(sync::ConnectionId connection) {
    const std::lock_guard lock(mutex_);
    assemblers_.erase(connection);
}

void FederationMembership::offer_to_all() {
    std::optional<messages::DirectoryOffer> offer;
    {
        const std::lock_guard lock(mutex_);
        last_offer_ = setup_.clock();
        if (directory_) offer = directory_->offer();
    }
    if (!offer || !hooks_.greeted_connections) return;
    for (const auto connection : hooks_.greeted_connections()) hooks_.send(connection, *offer);
}

void FederationMembership::peer_message(const sync::PassDirectoryMessage& message) {
    try {
        if (const auto* offer = std::get_if<messages::DirectoryOffer>(&message.message))
            on_offer(message.connection, *offer);
        else if (const auto* request = std::get_if<messages::DirectoryRequest>(&message.message))
            on_request(message.connection, *request);
        else
            on_update(message.connection, std::get<messages::DirectoryUpdate>(message.message));
    } catch (const std::exception& error) {
        // The disk: what came is dropped, and comes again with the next offer.
        spdlog::error("cannot keep the directory: {}", error.what());
    }
}

void FederationMembership::on_offer(sync::ConnectionId connection,
                                    const messages::DirectoryOffer& offer) {
    std::optional<messages::Message> answer;
    {
        const std::lock_guard lock(mutex_);
        if (!directory_) return;
        const auto action = directory_->consider(offer, setup_.clock());
        if (!action) {
            spdlog::warn("a peer's offer of the directory is not taken: {}", action.error().text());
            if (action.error().code == "split_view")
                save_directory(setup_.folder, *directory_, registry::Directory::file_names());
            return;
        }
        if (*action == registry::OfferAction::ask)
            answer = messages::DirectoryRequest{directory_->next_from()};
        if (*action == registry::OfferAction::tell)
            if (auto ours = directory_->offer()) answer = std::move(*ours);
    }
    if (answer) hooks_.send(connection, std::move(*answer));
}

void FederationMembership::on_request(sync::ConnectionId connection,
                                      const messages::DirectoryRequest& request) {
    std::optional<messages::DirectoryUpdate> update;
    {
        const std::lock_guard lock(mutex_);
        if (!directory_ || !directory_->checkpoint()) return;
        auto made = directory_->update_from(request.from_size);
        // "rollback": the asker has more than we do, and learns that from our offer.
        if (!made) return;
        update = std::move(*made);
    }
    hooks_.send(connection, std::move(*update));
}

/// In messages that stay far below a frame's bound, whatever the documents' size.
void FederationMembership::send_announcements(sync::ConnectionId connection) {
    std::vector<Bytes> documents;
    {
        const std::lock_guard lock(mutex_);
        documents = announcements_.documents();
    }
    for (std::size_t at = 0; at < documents.size(); at += documents_in_announcement) {
        messages::DirectoryUpdate update;
        const auto end = std::min(documents.size(), at + documents_in_announcement);
        for (std::size_t i = at; i < end; ++i) update.documents.push_back(std::move(documents[i]));
        hooks_.send(connection, std::move(update));
    }
}

void FederationMembership::on_announcement(const std::vector<Bytes>& documents) {
    bool has_changed = false;
    {
        const std::lock_guard lock(mutex_);
        if (!directory_) return;
        for (const auto& document : documents)
            if (announcements_.take(document, *directory_)) has_news_to_share_ = true;
        has_changed = replace_snapshot_locked();
    }
    after_change(has_changed, false);
}

/// Once a second at most, however much peers have to say: keeps what is new and passes it on. Who
/// knows it already finds nothing new in it and says nothing further.
void FederationMembership::share_announcements() {
    {
        const std::lock_guard lock(mutex_);
        if (!std::exchange(has_news_to_share_, false)) return;
        try {
            save_announcements(setup_.folder, announcements_);
        } catch (const std::exception& error) {
            spdlog::error("cannot keep what peers announced: {}", error.what());
        }
    }
    if (!hooks_.greeted_connections) return;
    for (const auto connection : hooks_.greeted_connections()) send_announcements(connection);
}

void FederationMembership::on_update(sync::ConnectionId connection,
                                     const messages::DirectoryUpdate& update) {
    // An update of the log that has no entries has no documents either.
    if (update.entries.empty() && !update.documents.empty())
        return on_announcement(update.documents);
    std::optional<messages::DirectoryRequest> request;
    bool has_changed = false;
    bool has_grown = false;
    {
        const std::lock_guard lock(mutex_);
        if (!directory_) return;
        auto whole = assemblers_[connection].add(update, directory_->root().keys());
        if (!whole) {
            spdlog::warn("a peer's copy of the directory is not taken: {}", whole.error().text());
            return;
        }
        if (!*whole) {
            request = messages::DirectoryRequest{*assemblers_[connection].wanted()};
        } else {
            assemblers_.erase(connection);
            const auto applied = apply_locked(**whole);
            if (!applied) {
                // A peer may be behind, or have been lied to itself; the registry or another peer
                // tells. "gap": both asked somebody else meanwhile.
                if (applied.error().code != "gap" && applied.error().code != "rollback")
                    spdlog::warn("a peer's copy of the directory is not taken: {}",
                                 applied.error().text());
                return;
            }
            has_grown = applied->new_size > applied->old_size;
            has_changed = replace_snapshot_locked();
        }
    }
    if (request) hooks_.send(connection, *request);
    after_change(has_changed, has_grown);
}

}  // namespace sangam::node
