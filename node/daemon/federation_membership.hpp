// SPDX-License-Identifier: Apache-2.0
// Membership of a federation (membership.hpp), over the verified directory: joins, follows the
// registry's log, publishes the node's own public document, and passes the directory on among
// peers, so that it outlives the registry (SEMANTICS section 6).
//
// A registry that cannot be reached is asked again for ever, with backoff; meanwhile the held
// directory counts, older by the minute, and peers' newer ones are taken. Nothing enters that
// registry::Directory has not verified.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "node/daemon/directory_snapshot.hpp"
#include "node/daemon/membership.hpp"
#include "node/daemon/membership_file.hpp"
#include "node/daemon/registry_client.hpp"
#include "protocol/crypto.hpp"
#include "protocol/messages/message.hpp"
#include "registry/update_assembler.hpp"
#include "sync/actions.hpp"

namespace sangam::node {

struct MembershipSetup {
    std::string folder;  ///< D/directory
    const SigningKey* key = nullptr;
    std::string node_name;
    std::string provisional_handle;
    std::string software;  ///< "sangam/0.1.0"
    /// HOST:PORT, to be published, for who reaches the registry at that URL; empty: none.
    std::function<std::vector<std::string>(const std::string& registry_url)> endpoints;
    std::chrono::milliseconds poll{30'000};
    bool stops_when_expired = false;
    RegistryFetch fetch;
    std::function<Millis()> clock;  ///< Unix time
    Random* random = nullptr;       ///< thread-safe; for jitter
};

/// How membership reaches the rest of the node. Called on any thread, under no lock that questions
/// take, but at times during a visit to the registry: none may call join(), admit() or refresh().
struct MembershipHooks {
    std::function<void()> changed;             ///< view() has something else to say
    std::function<void()> federation_changed;  ///< the node joined a registry
    std::function<void(sync::ConnectionId, messages::Message)> send;
    /// Those that our hello goes before whatever is sent now.
    std::function<std::vector<sync::ConnectionId>()> greeted_connections;
};

/// Thread-safe.
class FederationMembership final : public Membership {
public:
    /// Reads D/directory/. An error for one that cannot be understood.
    static Result<std::unique_ptr<FederationMembership>> open(MembershipSetup setup);
    ~FederationMembership() override;
    FederationMembership(const FederationMembership&) = delete;
    FederationMembership& operator=(const FederationMembership&) = delete;

    /// Before start(), and before peers' messages come in.
    void set_hooks(MembershipHooks hooks) { hooks_ = std::move(hooks); }
    /// Follows the registry on a thread of its own until stop().
    void start();
    /// Waits for a request to the registry that is under way (some seconds at most).
    void stop();

    // ---- Membership
    // ------------------------------------------------------------------------------
    [[nodiscard]] MembershipState state() const override;
    [[nodiscard]] std::shared_ptr<const sync::DirectoryView> view() const override;
    Result<std::string> join(const std::string& invitation) override;
    Result<std::string> admit(const NodeId& node) override;
    Result<void> refresh() override;

    // ---- for the composition root
    // ------------------------------------------------------------------
    [[nodiscard]] std::shared_ptr<const DirectorySnapshot> snapshot() const;
    /// Zero outside a federation.
    [[nodiscard]] Hash registry_id() const;
    /// A session is open: the peer is offered what we have.
    void peer_connected(sync::ConnectionId connection);
    void peer_disconnected(sync::ConnectionId connection);
    void peer_message(const sync::PassDirectoryMessage& message);
    /// Somebody knows what we do not (an unknown key asked to be let in): looks at the registry
    /// soon, at most once in a few seconds however often this is called.
    void look_soon();
    /// Tells peers where this node is now when that changed while the registry is away. The thread
    /// does it first of all.
    void announce();
    /// Takes note of what time alone changes: freshness, the end of a waiting time. The thread does
    /// it once a second.
    void look_at_clock();

private:
    explicit FederationMembership(MembershipSetup setup);

    // Contact with the registry; one at a time, under contact_mutex_.
    Result<void> contact();
    Result<void> follow(const RegistryClient& client);
    Result<void> fetch_documents(const RegistryClient& client);
    Result<bool> publish_if_changed(const RegistryClient& client);
    /// Brings the own document up to date: one that is not in the log is in announcements_ and on
    /// disk on return. Under mutex_; a member only.
    void renew_own_document_locked();
    Result<void> ask_enrolment(const RegistryClient& client);
    [[nodiscard]] registry::NodeDocument own_document(const MembershipFile& file,
                                                      std::uint64_t version) const;

    // Changes of the held directory; under mutex_.
    Result<registry::Applied> apply_locked(const messages::DirectoryUpdate& update);
    bool replace_snapshot_locked();
    void after_change(bool snapshot_changed, bool has_grown);

    // Exchange with peers (membership_exchange.cpp).
    void on_offer(sync::ConnectionId connection, const messages::DirectoryOffer& offer);
    void on_request(sync::ConnectionId connection, const messages::DirectoryRequest& request);
    void on_update(sync::ConnectionId connection, const messages::DirectoryUpdate& update);
    void offer_to_all();
    void on_announcement(const std::vector<Bytes>& documents);
    void send_announcements(sync::ConnectionId connection);
    void share_announcements();

    void loop();
    [[nodiscard]] std::chrono::milliseconds next_delay(unsigned failures) const;

    const MembershipSetup setup_;
    const SelfDescription self_;
    MembershipHooks hooks_;

    std::mutex contact_mutex_;

    mutable std::mutex mutex_;
    std::optional<MembershipFile> file_;
    std::optional<registry::Directory> directory_;
    Announcements announcements_;
    bool has_news_to_share_ = false;  ///< announcements_ changed since share_announcements()
    registry::EnrolmentState enrolment_ = registry::EnrolmentState::unknown;
    std::string last_error_;
    std::map<sync::ConnectionId, registry::UpdateAssembler> assemblers_;
    Millis last_offer_{};

    mutable std::mutex snapshot_mutex_;
    std::shared_ptr<const DirectorySnapshot> snapshot_;

    std::mutex loop_mutex_;
    std::condition_variable wake_;
    bool is_stopping_ = false;
    bool is_kicked_ = false;
    std::chrono::steady_clock::time_point last_kick_{};
    std::thread thread_;
};

}  // namespace sangam::node
