// SPDX-License-Identifier: Apache-2.0
// Runs federated searches for this node's people, and answers those of peers (SEMANTICS section 7).
//
// A search asks every connected peer and this node's own store at once. For each dataset in
// question one source counts: the owner's part if it came in time, else the stand-in that holds
// most; the others are discarded whole. It ends when nobody who could still add something is
// outstanding, and at the deadline at the latest: a dead or hung node costs no more than that.
//
// People of this institution are asked for at peers as the institution. Anybody else gets what this
// node itself may show them: a peer would answer for the institution, which may see more.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/messages/search_messages.hpp"
#include "sync/search_outcome.hpp"
#include "sync/sessions.hpp"

namespace sangam::sync {

class SearchCoordinator {
public:
    explicit SearchCoordinator(EngineContext& context) : context_(context) {}

    // ---- our own searches
    // --------------------------------------------------------------------------
    SearchId start(const SearchQuery& query, const Asker& asker);
    [[nodiscard]] std::optional<SearchOutcome> take_outcome(SearchId search);
    [[nodiscard]] Verdict received(const PeerSession& session, messages::SearchPart part);
    [[nodiscard]] Verdict received(const PeerSession& session, const messages::SearchDone& done);

    // ---- peers' searches
    // ---------------------------------------------------------------------------
    [[nodiscard]] Verdict received(const PeerSession& session, messages::SearchRequest request);

    /// A worker's answer, for either.
    void answered(std::uint64_t query, std::vector<messages::SearchPart> parts,
                  const std::string& reason);
    void closed(ConnectionId connection);
    void tick();
    [[nodiscard]] std::optional<Millis> next_deadline() const;

private:
    /// A dataset whose description the asker may see.
    struct Target {
        std::string name;   ///< INSTITUTION/NAME
        std::string owner;  ///< handle
        InstitutionId owner_id;
        std::string licence;
        bool is_own = false;
        bool is_held = false;
        std::optional<messages::SearchPart> origin;
        std::optional<messages::SearchPart> stand_in;
        std::string stand_in_by;
        std::string origin_by;
        Millis origin_took{};
        Millis stand_in_took{};
        std::string refusal;  ///< the owner's "no"
    };
    struct Running {
        SearchQuery query;
        Asker asker;
        messages::SearchRequest request;
        Millis started{};
        Millis deadline{};
        std::map<DatasetUid, Target> targets;
        std::map<ConnectionId, NodeId> outstanding;
        std::set<NodeId> answered;      ///< nodes that said all that they have
        std::uint64_t local_query = 0;  ///< 0 once this node's own store has answered
        std::string bad_query;
    };
    /// A question that a worker is answering: ours, or a peer's.
    struct LocalQuestion {
        std::optional<SearchId> search;
        ConnectionId peer{};
        std::uint64_t peer_query = 0;
        Millis deadline{};
    };

    void plan(Running& running);
    void ask(SearchId id, Running& running);
    void take_part(Running& running, messages::SearchPart part, const InstitutionId& from,
                   bool is_from_here);
    void finish_if_done(SearchId id);
    void finish(SearchId id, Running& running);
    [[nodiscard]] bool is_done(const Running& running) const;
    [[nodiscard]] SearchOutcome outcome_of(Running& running) const;
    [[nodiscard]] std::string why_nothing(const Running& running, const Target& target) const;
    void add_hits(const Running& running, const Target& target, const messages::SearchPart& part,
                  const std::string& answered_by, SearchOutcome& outcome,
                  std::vector<std::pair<std::string, OutcomeHit>>& hits) const;

    EngineContext& context_;
    std::map<SearchId, Running> running_;
    std::map<SearchId, SearchOutcome> outcomes_;
    std::map<std::uint64_t, LocalQuestion> questions_;
    std::uint64_t last_search_ = 0;  ///< also the query id on every connection
    std::uint64_t last_question_ = 0;
};

}  // namespace sangam::sync
