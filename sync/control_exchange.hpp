// SPDX-License-Identifier: Apache-2.0
// How the control log travels (SEMANTICS section 3): what each peer may have of each dataset's
// chains, and what of a peer's entries is taken.
//
// Sent, by a node that owns or writes the dataset, before any data that was released under it:
//  - to nodes of the owner: every chain;
//  - to writers, and to whom a grant lets discover the dataset: the chain for all, their own
//    institution's, their groups', `members` and `public`;
//  - to nodes of the owner, by whoever has more than they say they have: an owner whose store was
//    restored from an old copy takes its entries back, and shares nothing of the dataset until
//    then;
//  - to whom once had it: the audience chains still, so that the end of a grant reaches them;
//  - to whom once wrote it: the chain for all up to the manifest that took it out.
// Taken: entries that continue a chain, signed by a node of the owner. Whoever brings them may be
// anybody: the signature speaks. A revoked key's signature speaks no more: such an entry that is
// not held yet counts when a node of the owner brings it, or when a later entry in its chain, by a
// node that still counts, stands on it.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/messages/control_messages.hpp"
#include "protocol/messages/session_messages.hpp"
#include "sync/policy.hpp"
#include "sync/sessions.hpp"
#include "sync/visible_counts.hpp"

namespace sangam::sync {

class ControlExchange {
public:
    explicit ControlExchange(EngineContext& context) : context_(context) {}

    /// What our hello to a node of `institution` names: the chains of what that institution owns or
    /// writes, and of what we own those that it gets from us.
    [[nodiscard]] std::vector<messages::ControlNumber> numbers_for(
        const InstitutionId& institution) const;
    /// Takes the numbers that the peer's hello named, and sends what follows them.
    void opened(const PeerSession& session, const std::vector<messages::ControlNumber>& numbers);
    void closed(ConnectionId connection);
    /// Sends to every peer what it lacks and may have of one dataset.
    void offer(const DatasetUid& dataset);
    /// The same for all datasets: membership of institutions or groups changed.
    void offer_all();
    /// The verdict on a peer's update; the datasets whose entries grew are in take_changed().
    [[nodiscard]] Verdict received(const PeerSession& session,
                                   const messages::ControlUpdate& update);
    /// Tries again what waited for the directory to name its author.
    void directory_changed();
    [[nodiscard]] std::vector<DatasetUid> take_changed() { return std::exchange(changed_, {}); }
    /// Datasets that this institution does not write any more; the store has removed them.
    [[nodiscard]] std::vector<DatasetUid> take_left() { return std::exchange(left_, {}); }

    // ---- how much there is to see
    // ----------------------------------------------------------------
    void received(const PeerSession& session, const messages::DatasetSummary& summary);
    /// Marks the dataset's summaries as out of date.
    void data_changed(const DatasetUid& dataset) { outdated_.insert(dataset); }
    void tick();
    /// The clock was set by `step`.
    void clock_was_set(Millis step);
    [[nodiscard]] std::vector<RemoteDataset> remote_datasets() const;

private:
    using ChainKey = std::pair<DatasetUid, std::string>;
    struct Peer {
        std::map<ChainKey, std::uint64_t> has;
        std::map<DatasetUid, std::uint64_t> told;  ///< the count in the last summary
    };
    /// Entries that wait for the directory to name their author, and who brought them.
    struct Waiting {
        DatasetUid dataset;
        InstitutionId from;
        std::vector<SignedControl> entries;
    };
    enum class Outcome { applied, waits, ignored };
    void offer_to(const PeerSession& session, const storage::Reader& reader,
                  const DatasetPolicy& policy);
    [[nodiscard]] std::vector<std::string> chains_for(const InstitutionId& theirs,
                                                      const DatasetPolicy& policy, bool knew) const;
    void notice_what_is_forgotten(const PeerSession& session, const storage::Reader& reader,
                                  const std::vector<messages::ControlNumber>& numbers);
    void give_back(const PeerSession& session, const storage::Reader& reader);
    void end_claims();
    void send_chain(const PeerSession& session, const storage::Reader& reader,
                    const DatasetUid& dataset, const std::string& chain,
                    std::uint64_t up_to = std::numeric_limits<std::uint64_t>::max());
    /// What the peer's hello says of copies that it removed.
    void notice_removed_copies(const PeerSession& session, const storage::Reader& reader,
                               const std::vector<messages::ControlNumber>& numbers);
    void notice_end_of_writing(const DatasetUid& dataset);
    void send_summary(const PeerSession& session, const DatasetPolicy& policy);
    [[nodiscard]] std::expected<Outcome, messages::Abort> take(
        const DatasetUid& dataset, const std::vector<SignedControl>& entries,
        const InstitutionId& from);
    [[nodiscard]] bool rests_on_revoked_key(
        const std::vector<SignedControl>& entries,
        const std::vector<std::pair<std::string, std::uint64_t>>& held) const;
    [[nodiscard]] std::expected<Outcome, messages::Abort> check_author(
        const SignedControl& entry, const InstitutionId& owner) const;
    [[nodiscard]] storage::Holding holding_for(const Manifest& manifest,
                                               const storage::Reader& reader,
                                               const DatasetUid& dataset) const;

    EngineContext& context_;
    std::map<ConnectionId, Peer> peers_;
    std::vector<DatasetUid> changed_;
    std::vector<DatasetUid> left_;
    std::vector<Waiting> waiting_;
    std::map<DatasetUid, std::uint64_t> remote_;
    std::set<DatasetUid> outdated_;
    VisibleCounts counts_;
    /// Until when somebody's word counts that this store forgot entries of a dataset.
    std::map<DatasetUid, Millis> claims_;
    bool has_loaded_claims_ = false;
    Millis summaries_sent_{};
};

}  // namespace sangam::sync
