// SPDX-License-Identifier: Apache-2.0
// Runs federated searches for this node's people, and answers those of peers (SEMANTICS section 7).
//
// A search asks every connected peer and this node's own store at once. For each dataset in
// question one source counts: the owner's part if it came in time, else the stand-in that holds
// most; the others are discarded whole. It ends when nobody who could still add something is
// outstanding, and at the deadline at the latest: a dead or hung node costs no more than that.
//
// Ranking: a part's hits come with the counts that BM25 is made of, and a part with the statistics
// of its dataset, so this node adds the statistics up and scores every hit itself, as one node with
// all records would. The best of a dataset by its own measure need not be its best by the common
// one; so where not every match came, the same source is asked once more, with the sum. That takes
// from the same deadline, and starts at half of it although some have not answered.
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
#include "sync/copy_coverage.hpp"
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
    /// The clock was set by `step`.
    void clock_was_set(Millis step);
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
        /// Of what this institution may see at the owner, what a stand-in elsewhere, which answers
        /// any member, leaves out.
        CoverageGap beyond_members;
        std::optional<messages::SearchPart> origin;
        std::optional<messages::SearchPart> stand_in;
        std::string stand_in_by;
        std::string cannot_say;                 ///< why a replica had no answer
        std::optional<ConnectionId> origin_at;  ///< where the part came from; none: this node
        std::optional<ConnectionId> stand_in_at;
        /// What the part's hits were chosen by, if not by its own statistics.
        std::optional<messages::SearchStatistics> chosen_by;
        /// What the source was last asked again with: once is enough.
        std::optional<messages::SearchStatistics> asked_with;
        std::string origin_by;
        Millis origin_took{};
        Millis stand_in_took{};
        std::string refusal;  ///< the owner's "no"

        /// The part that counts: the owner's, else that of the best stand-in unless the owner said
        /// no; nullptr for none.
        [[nodiscard]] const messages::SearchPart* part() const;
        [[nodiscard]] const std::optional<ConnectionId>& part_at() const {
            return origin ? origin_at : stand_in_at;
        }
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
        std::size_t terms = 0;  ///< of the query
        /// Second questions under way, by query id; none: asked of this node's own store.
        std::map<std::uint64_t, std::optional<ConnectionId>> refining;
    };
    /// A question that a worker is answering: ours, or a peer's.
    struct LocalQuestion {
        std::optional<SearchId> search;
        ConnectionId peer{};
        std::uint64_t peer_query = 0;
        Millis deadline{};
        std::uint64_t refinement = 0;  ///< of ours: the second question's id
    };

    using FacetCounts = std::map<std::string, std::map<std::string, std::uint64_t>>;

    void plan(Running& running);
    void ask(SearchId id, Running& running);
    void take_part(Running& running, messages::SearchPart part, const InstitutionId& from,
                   std::optional<ConnectionId> at);
    /// Asks sources again whose best by the common measure may be others; false when nobody has to
    /// be.
    bool refine(SearchId id, Running& running);
    void take_refined(Running& running, messages::SearchPart part,
                      std::optional<ConnectionId> at) const;
    /// The search that a second question of that id belongs to.
    [[nodiscard]] std::optional<SearchId> refined_search(std::uint64_t question) const;
    [[nodiscard]] static messages::SearchStatistics statistics_of(const Running& running);
    /// Every match came, or the best by the common measure.
    [[nodiscard]] static bool is_well_chosen(const Target& target, const messages::SearchPart& part,
                                             const messages::SearchStatistics& common);
    void finish_if_done(SearchId id);
    void finish(SearchId id, Running& running);
    [[nodiscard]] bool is_done(const Running& running) const;
    [[nodiscard]] SearchOutcome outcome_of(Running& running) const;
    /// The row of a dataset that was answered, but for the dataset's name.
    [[nodiscard]] static Completeness row_of(const Running& running, const Target& target,
                                             const messages::SearchPart& part);
    [[nodiscard]] std::string why_nothing(const Running& running, const Target& target) const;
    void add_hits(const Running& running, const Target& target, const messages::SearchPart& part,
                  const messages::SearchStatistics& common, SearchOutcome& outcome,
                  FacetCounts& facets, std::vector<std::pair<std::string, OutcomeHit>>& hits) const;

    EngineContext& context_;
    std::map<SearchId, Running> running_;
    std::map<SearchId, SearchOutcome> outcomes_;
    std::map<std::uint64_t, LocalQuestion> questions_;
    std::uint64_t last_search_ = 0;  ///< also the query id on every connection
    std::uint64_t last_question_ = 0;
};

}  // namespace sangam::sync
