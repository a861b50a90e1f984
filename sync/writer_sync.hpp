// SPDX-License-Identifier: Apache-2.0
// Writer sync (SEMANTICS section 5): owner and writers of a dataset keep whole histories equal by
// comparing lane heads. No cursor, no ledger; whoever lacks something is sent it, from whoever has
// it, and comparing heads ends all loops.
//
//   A: WriterHeads ------------------>  B
//   A  <------------------ WriterHeads :B      each now knows what the other lacks
//   A: WriterCommits ---------------->  B      in lane order, named heads first, in a window
//   A  <------------------ WriterHeads :B      applied and durable: the acknowledgement
//
// A commit whose named heads are not held yet waits in memory; one that breaks a rule goes to
// quarantine; a fork keeps its first branch. Our own lanes' later commits come home like any other.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "protocol/messages/writer_messages.hpp"
#include "sync/part_check.hpp"
#include "sync/quarantine_keeper.hpp"
#include "sync/sessions.hpp"

namespace sangam::sync {

class WriterSync {
public:
    WriterSync(EngineContext& context, QuarantineKeeper& quarantine)
        : context_(context), quarantine_(quarantine) {}

    /// Tells the peer our heads of every dataset that both sides own or write.
    void opened(const PeerSession& session);
    void closed(ConnectionId connection);
    /// Something came over the connection and was dealt with.
    void note_contact(ConnectionId connection);
    [[nodiscard]] Verdict received(const PeerSession& session, const messages::WriterHeads& heads);
    [[nodiscard]] Verdict received(const PeerSession& session,
                                   const messages::WriterCommits& commits);
    /// New commits of ours, or a new manifest: offers to all partners.
    void changed(const DatasetUid& dataset);
    /// Offers again what a partner has not taken for a while.
    void tick();
    /// Applies one part that had been in quarantine. True when it is settled either way.
    bool apply_late(const storage::DatasetInfo& dataset, VerifiedPart part);
    /// Datasets that grew by what peers sent.
    [[nodiscard]] std::set<DatasetUid> take_changed() { return std::exchange(changed_, {}); }

private:
    using Heads = std::map<Lane, Head>;
    struct Outstanding {
        std::map<Lane, Sequence> up_to;
        Millis sent{};
    };
    /// What goes on about one dataset with one peer.
    struct Exchange {
        bool knows_theirs = false;
        Heads theirs;
        std::map<Lane, Sequence> sent;  ///< the highest under way or acknowledged
        std::deque<Outstanding> outstanding;
        std::set<Lane> forked;  ///< the peer has another branch: nothing more goes there
        Millis offered{};
        std::optional<std::vector<Head>> told;  ///< our heads as the peer last heard them
        bool is_with_owner = false;
        bool is_level = false;  ///< we hold all that the peer said it has
    };
    /// Commits that wait for others, in memory.
    struct Aside {
        std::map<Dot, VerifiedPart> parts;
        std::size_t bytes = 0;
    };
    using Key = std::pair<ConnectionId, DatasetUid>;

    [[nodiscard]] bool is_partner(const PeerSession& session,
                                  const storage::DatasetInfo& dataset) const;
    void tell_heads(const PeerSession& session, const DatasetUid& dataset, bool even_if_told);
    void push(const PeerSession& session, const DatasetUid& dataset, Exchange& exchange);
    void compare(const PeerSession& session, const storage::DatasetInfo& dataset,
                 const storage::Reader& reader, Exchange& exchange);
    /// Whether we hold all that the peer said it has, of what counts.
    void look_if_level(const PeerSession& session, const storage::DatasetInfo& dataset,
                       const storage::Reader& reader, Exchange& exchange);
    void raise_fork(const PeerSession& session, const storage::DatasetInfo& dataset,
                    const storage::Reader& reader, Exchange& exchange, const Head& theirs);
    /// Applies what can be; true when something was.
    bool apply_all(const storage::DatasetInfo& dataset, const NodeId& source,
                   std::vector<VerifiedPart> parts);
    enum class Outcome { applied, known, waits, refused };
    Outcome apply_one(const storage::DatasetInfo& dataset, const NodeId& source,
                      const VerifiedPart& part);
    /// What has come may be what others waited for.
    void apply_aside(const storage::DatasetInfo& dataset, const NodeId& source);
    void set_aside(const storage::DatasetInfo& dataset, VerifiedPart part);

    EngineContext& context_;
    QuarantineKeeper& quarantine_;
    std::map<Key, Exchange> exchanges_;
    std::map<DatasetUid, Aside> aside_;
    std::set<DatasetUid> changed_;
};

}  // namespace sangam::sync
