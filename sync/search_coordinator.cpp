// SPDX-License-Identifier: Apache-2.0
#include "sync/search_coordinator.hpp"

#include <algorithm>

#include "storage/text_scoring.hpp"
#include "sync/limits.hpp"
#include "sync/policy.hpp"
#include "sync/search_refusal.hpp"

namespace sangam::sync {
namespace {

using messages::SearchPart;
using Source = SearchPart::Source;
using storage::Holding;

/// Outcomes that nobody fetched; the oldest go first.
constexpr std::size_t max_outcomes = 256;

std::string encoded_id(const std::string& id) {
    std::string out;
    for (const char c : id) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '%' || c == '/' || byte < 0x20 || byte == 0x7f) {
            constexpr char digits[] = "0123456789ABCDEF";
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    return out;
}

/// When those who have not answered are not waited for before others are asked again.
Millis half_of(Millis started, Millis deadline) { return started + (deadline - started) / 2; }

}  // namespace

const SearchPart* SearchCoordinator::Target::part() const {
    if (origin) return &*origin;
    // The owner's "no" binds whoever holds a copy of it.
    return stand_in && refusal.empty() ? &*stand_in : nullptr;
}

// ---- starting
// ------------------------------------------------------------------------------------

SearchId SearchCoordinator::start(const SearchQuery& query, const Asker& asker) {
    const SearchId id{++last_search_};
    Running running;
    running.query = query;
    running.asker = asker;
    running.started = context_.now;
    running.deadline =
        context_.now + std::clamp(query.deadline, Millis{0}, limits::longest_deadline);
    messages::SearchRequest& request = running.request;
    request.query_id = last_search_;
    request.query = query.query;
    request.where = query.where;
    // A page's hits can all come from one dataset.
    request.limit = static_cast<std::uint32_t>(
        std::min<std::uint64_t>((std::uint64_t{query.page} + 1) * query.limit, limits::max_hits));
    request.deadline_ms = static_cast<std::uint32_t>((running.deadline - running.started).count());
    request.facets = query.facets;
    request.sort = query.sort;
    if (const auto words = storage::TextQuery::parse(query.query))
        running.terms = words->terms.size();
    plan(running);
    Running& kept = running_.emplace(id, std::move(running)).first->second;
    ask(id, kept);
    finish_if_done(id);
    return id;
}

void SearchCoordinator::plan(Running& running) {
    const auto reader = context_.store.reader();
    const auto& wanted = running.query.nodes;
    for (const storage::DatasetInfo& info : reader->datasets()) {
        const std::string owner = context_.directory.handle_of(info.manifest.owner);
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), owner) == wanted.end())
            continue;
        const auto policy = DatasetPolicy::load(*reader, info.uid);
        if (!decide(running.asker, sangam::Action::discover, *policy, context_.directory).allowed)
            continue;
        // A copy whose right has ended is none.
        const bool is_held = info.holding != Holding::known &&
                             decide(Asker::home(context_.home()), sangam::Action::search, *policy,
                                    context_.directory)
                                 .allowed;
        if (running.query.local_only && !is_held) continue;
        Target target;
        target.owner = owner;
        target.name = owner + "/" + info.manifest.name;
        target.owner_id = info.manifest.owner;
        target.licence = info.manifest.licence;
        target.is_own = info.holding == Holding::own;
        target.is_held = is_held;
        if (running.asker.kind == Asker::Kind::home) {
            const auto rules = [&](At at) {
                return decide_elsewhere(context_.home(), sangam::Action::search, *policy,
                                        context_.directory, at)
                    .rules;
            };
            // It judges rows by the same conditions as the owner would.
            target.beyond_members = coverage_gap(rules(At::owner), rules(At::stand_in), false);
        }
        running.targets.emplace(info.uid, std::move(target));
    }
}

void SearchCoordinator::ask(SearchId id, Running& running) {
    running.local_query = ++last_question_;
    questions_[running.local_query] = {id, {}, 0, running.deadline, 0};
    messages::SearchRequest here = running.request;
    for (const auto& [uid, target] : running.targets) here.datasets.push_back(uid);
    if (!running.targets.empty())
        context_.outbox.add(AnswerSearch{running.local_query, here, running.asker, context_.home(),
                                         context_.contacts.all()});
    else
        running.local_query = 0;
    if (running.query.local_only || running.asker.kind != Asker::Kind::home) return;
    std::vector<DatasetUid> elsewhere;
    for (const auto& [uid, target] : running.targets)
        if (!target.is_own) elsewhere.push_back(uid);
    if (elsewhere.empty()) return;
    for (const ConnectionId connection : context_.sessions.open()) {
        const PeerSession& session = *context_.sessions.find(connection);
        messages::SearchRequest request = running.request;
        // Which datasets this node knows is nobody's business: only a search that was narrowed to
        // some owners names them.
        if (!running.query.nodes.empty()) request.datasets = elsewhere;
        running.outstanding.emplace(connection, session.peer());
        context_.outbox.send(connection, std::move(request));
    }
}

// ---- gathering
// -----------------------------------------------------------------------------------

Verdict SearchCoordinator::received(const PeerSession& session, SearchPart part) {
    if (part.query_id == 0 || part.query_id > last_search_)
        return cut_off(messages::AbortCode::unexpected_message, "a part of a search not asked");
    const auto refined = refined_search(part.query_id);
    const auto it = running_.find(refined.value_or(SearchId{part.query_id}));
    if (it == running_.end()) return {};  // after the deadline
    Running& running = it->second;
    if (refined ? running.refining.at(part.query_id) != session.connection()
                : !running.outstanding.contains(session.connection()))
        return {};
    if (part.hits.size() > running.request.limit)
        return cut_off(messages::AbortCode::bad_message, "more hits than were asked for");
    const bool has_answer = part.source == Source::origin || part.source == Source::replica;
    const auto fits = [&](const auto& counts) { return counts.size() == running.terms; };
    if (has_answer && (!fits(part.statistics.records_with_term) ||
                       !std::all_of(part.hits.begin(), part.hits.end(),
                                    [&](const auto& hit) { return fits(hit.occurrences); })))
        return cut_off(messages::AbortCode::bad_message, "counts of other terms than were asked");
    if (refined) {
        take_refined(running, std::move(part), session.connection());
        return {};
    }
    // Its own word on what it owns: the node has answered, also when the rest is not waited for.
    const auto target = running.targets.find(part.dataset);
    if (target != running.targets.end() && target->second.owner_id == session.institution())
        running.answered.insert(session.peer());
    take_part(running, std::move(part), session.institution(), session.connection());
    return {};
}

Verdict SearchCoordinator::received(const PeerSession& session, const messages::SearchDone& done) {
    if (done.query_id == 0 || done.query_id > last_search_)
        return cut_off(messages::AbortCode::unexpected_message, "the end of a search not asked");
    const auto refined = refined_search(done.query_id);
    const SearchId id = refined.value_or(SearchId{done.query_id});
    const auto it = running_.find(id);
    if (it == running_.end()) return {};
    if (refined) {
        const auto question = it->second.refining.find(done.query_id);
        if (question->second == session.connection()) it->second.refining.erase(question);
        finish_if_done(id);
        return {};
    }
    if (it->second.outstanding.erase(session.connection()) > 0)
        it->second.answered.insert(session.peer());
    finish_if_done(id);
    return {};
}

void SearchCoordinator::take_part(Running& running, SearchPart part, const InstitutionId& from,
                                  std::optional<ConnectionId> at) {
    const auto it = running.targets.find(part.dataset);
    if (it == running.targets.end()) return;  // not known here, so not shown
    Target& target = it->second;
    const Millis took = context_.now - running.started;
    const std::string by = context_.directory.handle_of(from);
    const bool is_owner = from == target.owner_id;
    if (part.source == Source::refused) {
        if (is_owner)
            target.refusal = part.reason;
        else
            target.cannot_say = by + ": " + part.reason;
        return;
    }
    if (part.source == Source::origin && is_owner) {
        if (target.origin && at) return;
        target.origin = std::move(part);
        target.origin_at = at;
        target.chosen_by.reset();
        target.origin_by = by;
        target.origin_took = took;
        return;
    }
    if (part.source != Source::replica) return;
    const auto is_better = [&] {
        if (!target.stand_in) return true;
        if (part.held != target.stand_in->held) return part.held > target.stand_in->held;
        if (part.fields_not_held != target.stand_in->fields_not_held)
            return part.fields_not_held < target.stand_in->fields_not_held;
        return part.age_ms < target.stand_in->age_ms;
    };
    if (!is_better()) return;
    target.stand_in = std::move(part);
    target.stand_in_at = at;
    if (!target.origin) target.chosen_by.reset();
    target.stand_in_by = by;
    target.stand_in_took = took;
}

void SearchCoordinator::answered(std::uint64_t query, std::vector<SearchPart> parts,
                                 const std::string& reason) {
    const auto it = questions_.find(query);
    if (it == questions_.end()) return;
    const LocalQuestion question = it->second;
    questions_.erase(it);
    if (question.search) {
        const auto running = running_.find(*question.search);
        if (running == running_.end()) return;
        if (question.refinement != 0) {
            running->second.refining.erase(question.refinement);
            for (SearchPart& part : parts)
                take_refined(running->second, std::move(part), std::nullopt);
            finish_if_done(*question.search);
            return;
        }
        running->second.local_query = 0;
        running->second.bad_query = reason;
        running->second.answered.insert(context_.config.node);
        for (SearchPart& part : parts)
            take_part(running->second, std::move(part), context_.home(), std::nullopt);
        finish_if_done(*question.search);
        return;
    }
    if (!context_.sessions.find(question.peer)) return;
    messages::SearchDone done;
    done.query_id = question.peer_query;
    done.reason = reason;
    for (SearchPart& part : parts) {
        part.query_id = question.peer_query;
        ++done.parts;
        context_.outbox.send(question.peer, std::move(part));
    }
    context_.outbox.send(question.peer, std::move(done));
}

void SearchCoordinator::closed(ConnectionId connection) {
    std::erase_if(questions_, [&](const auto& entry) {
        return !entry.second.search && entry.second.peer == connection;
    });
    std::vector<SearchId> touched;
    for (auto& [id, running] : running_) {
        const auto dropped = std::erase_if(
            running.refining, [&](const auto& question) { return question.second == connection; });
        if (running.outstanding.erase(connection) + dropped > 0) touched.push_back(id);
    }
    for (const SearchId id : touched) finish_if_done(id);
}

// ---- ending
// --------------------------------------------------------------------------------------

bool SearchCoordinator::is_done(const Running& running) const {
    if (!running.bad_query.empty()) return true;
    if (running.local_query != 0) return false;
    if (running.outstanding.empty()) return true;
    // Every owner has spoken for itself: stand-ins are not waited for.
    return std::all_of(running.targets.begin(), running.targets.end(), [](const auto& entry) {
        return entry.second.origin.has_value() || !entry.second.refusal.empty();
    });
}

void SearchCoordinator::finish_if_done(SearchId id) {
    const auto it = running_.find(id);
    if (it == running_.end() || !is_done(it->second) || !it->second.refining.empty()) return;
    if (!refine(id, it->second)) finish(id, it->second);
}

void SearchCoordinator::finish(SearchId id, Running& running) {
    if (outcomes_.size() >= max_outcomes) outcomes_.erase(outcomes_.begin());
    outcomes_[id] = outcome_of(running);
    std::erase_if(questions_, [&](const auto& entry) { return entry.second.search == id; });
    running_.erase(id);
    context_.outbox.add(SearchFinished{id});
}

std::optional<SearchOutcome> SearchCoordinator::take_outcome(SearchId search) {
    const auto it = outcomes_.find(search);
    if (it == outcomes_.end()) return std::nullopt;
    SearchOutcome out = std::move(it->second);
    outcomes_.erase(it);
    return out;
}

void SearchCoordinator::clock_was_set(Millis step) {
    for (auto& [id, running] : running_) {
        running.started += step;
        running.deadline += step;
    }
    for (auto& [id, question] : questions_) question.deadline += step;
}

void SearchCoordinator::tick() {
    std::vector<SearchId> late;
    for (auto& [id, running] : running_) {
        if (context_.now >= running.deadline)
            late.push_back(id);
        else if (context_.now >= half_of(running.started, running.deadline))
            refine(id, running);
    }
    for (const SearchId id : late) finish(id, running_.at(id));
    std::erase_if(questions_, [&](const auto& entry) {
        return !entry.second.search && context_.now >= entry.second.deadline;
    });
}

std::optional<Millis> SearchCoordinator::next_deadline() const {
    std::optional<Millis> out;
    for (const auto& [id, running] : running_) {
        const Millis half = half_of(running.started, running.deadline);
        const Millis next = context_.now < half ? half : running.deadline;
        if (!out || next < *out) out = next;
    }
    return out;
}

// ---- ranking
// ----------------------------------------------------------------------------------

messages::SearchStatistics SearchCoordinator::statistics_of(const Running& running) {
    messages::SearchStatistics out;
    out.records_with_term.resize(running.terms);
    for (const auto& [uid, target] : running.targets) {
        const SearchPart* part = target.part();
        if (!part) continue;
        out.records += part->statistics.records;
        out.bytes += part->statistics.bytes;
        for (std::size_t t = 0; t < part->statistics.records_with_term.size(); ++t)
            out.records_with_term[t] += part->statistics.records_with_term[t];
    }
    return out;
}

bool SearchCoordinator::is_well_chosen(const Target& target, const SearchPart& part,
                                       const messages::SearchStatistics& common) {
    return part.hits.size() >= part.total || target.chosen_by.value_or(part.statistics) == common;
}

bool SearchCoordinator::refine(SearchId id, Running& running) {
    if (running.terms == 0 || !running.query.sort.empty() || running.request.limit == 0 ||
        !running.bad_query.empty() || !running.refining.empty() || context_.now >= running.deadline)
        return false;
    const auto common = statistics_of(running);
    std::map<std::optional<ConnectionId>, std::vector<DatasetUid>> again;
    for (auto& [uid, target] : running.targets) {
        const SearchPart* part = target.part();
        if (!part || is_well_chosen(target, *part, common) || target.asked_with == common) continue;
        target.asked_with = common;
        again[target.part_at()].push_back(uid);
    }
    for (const auto& [at, datasets] : again) {
        if (at && !context_.sessions.find(*at)) continue;  // gone since; its part still counts
        messages::SearchRequest request = running.request;
        request.query_id = ++last_search_;
        request.datasets = datasets;
        request.facets.clear();
        request.deadline_ms = static_cast<std::uint32_t>((running.deadline - context_.now).count());
        request.has_statistics = true;
        request.statistics = common;
        running.refining.emplace(request.query_id, at);
        if (at) {
            context_.outbox.send(*at, std::move(request));
            continue;
        }
        LocalQuestion question{id, {}, 0, running.deadline, request.query_id};
        questions_[++last_question_] = question;
        context_.outbox.add(AnswerSearch{last_question_, std::move(request), running.asker,
                                         context_.home(), context_.contacts.all()});
    }
    return !running.refining.empty();
}

void SearchCoordinator::take_refined(Running& running, SearchPart part,
                                     std::optional<ConnectionId> at) const {
    const auto it = running.targets.find(part.dataset);
    if (it == running.targets.end()) return;
    Target& target = it->second;
    if (!target.part() || target.part_at() != at) return;
    SearchPart& held = target.origin ? *target.origin : *target.stand_in;
    if (part.source != held.source) return;
    // The totals and facets stay those of the first answer; only who is best changes.
    held.hits = std::move(part.hits);
    target.chosen_by = statistics_of(running);
}

std::optional<SearchId> SearchCoordinator::refined_search(std::uint64_t question) const {
    for (const auto& [id, running] : running_)
        if (running.refining.contains(question)) return id;
    return std::nullopt;
}

// ---- the outcome
// ---------------------------------------------------------------------------------

std::string SearchCoordinator::why_nothing(const Running& running, const Target& target) const {
    if (!target.refusal.empty()) return target.refusal;
    if (!target.cannot_say.empty()) return target.cannot_say;
    const bool asks_here_only = running.query.local_only || running.asker.kind != Asker::Kind::home;
    if (target.is_own || (target.is_held && asks_here_only && running.local_query != 0))
        return "this node did not answer within the deadline";
    if (running.asker.kind != Asker::Kind::home)
        return "not asked: other nodes are searched for people of this institution only";
    for (const auto& [connection, node] : running.outstanding)
        if (context_.directory.institution_of(node) == target.owner_id)
            return "no answer from " + target.owner + " within the deadline";
    for (const NodeId& node : running.answered)
        if (context_.directory.institution_of(node) == target.owner_id)
            return target.owner + " shares nothing of it for searching";
    return "no connection to " + target.owner;
}

void SearchCoordinator::add_hits(const Running& running, const Target& target,
                                 const SearchPart& part, const messages::SearchStatistics& common,
                                 SearchOutcome& outcome, FacetCounts& facets,
                                 std::vector<std::pair<std::string, OutcomeHit>>& hits) const {
    const std::string& answered_by = target.origin ? target.origin_by : target.stand_in_by;
    outcome.total += part.total;
    for (const messages::FacetCount& count : part.facets)
        facets[count.facet][count.value] += count.count;
    for (const messages::SearchHit& found : part.hits) {
        OutcomeHit hit;
        hit.record = target.name + "/" + found.collection + "/" + encoded_id(found.id);
        hit.dataset = target.name;
        hit.collection = found.collection;
        hit.id = found.id;
        hit.title = found.title;
        if (running.terms > 0)
            hit.score = storage::bm25({found.occurrences, found.length},
                                      {common.records, common.bytes, common.records_with_term});
        if (const auto value = Value::from_cbor(found.fields))
            if (const auto* map = value->get_if<Value::Map>())
                for (const auto& [name, field] : *map) hit.fields.emplace(name, field);
        hit.origin = target.owner;
        hit.answered_by = answered_by;
        hit.age_s = static_cast<std::int64_t>(part.age_ms / 1000);
        std::set<std::string> holders{target.owner, answered_by};
        if (target.is_held && running.asker.kind == Asker::Kind::home)
            holders.insert(context_.directory.handle_of(context_.home()));
        hit.holders.assign(holders.begin(), holders.end());
        hit.licence = target.licence;
        hit.snippet = found.snippet;
        hits.emplace_back(found.sort_key, std::move(hit));
    }
}

Completeness SearchCoordinator::row_of(const Running& running, const Target& target,
                                       const SearchPart& part) {
    const bool is_origin = target.origin.has_value();
    Completeness row;
    row.from = is_origin ? "origin" : "replica";
    row.answered_by = is_origin ? target.origin_by : target.stand_in_by;
    row.age_s = static_cast<std::int64_t>(part.age_ms / 1000);
    row.took_ms = (is_origin ? target.origin_took : target.stand_in_took).count();
    const auto add = [&](const std::string& what) {
        row.partial = true;
        row.reason += (row.reason.empty() ? "" : "; ") + what;
    };
    if (!is_origin) {
        // What the stand-in leaves out as stand-in, and what it was itself not given.
        const bool is_elsewhere = target.stand_in_at.has_value();
        const std::size_t fields =
            part.fields_not_held + (is_elsewhere ? target.beyond_members.fields.size() : 0);
        if (part.held < part.expected || fields > 0) {
            std::string text = "replica: " + std::to_string(part.held) + " of " +
                               std::to_string(part.expected) + " records";
            if (fields > 0)
                text += ", " + std::to_string(fields) + (fields == 1 ? " field" : " fields") +
                        " not held";
            add(text);
        }
        if (is_elsewhere && target.beyond_members.lacks_rows)
            add(row.answered_by +
                " answers in the owner's place what any member may see; you may "
                "see more records");
    }
    const auto wanted = std::min<std::uint64_t>(part.total, running.request.limit);
    if (part.hits.size() < wanted)
        add("only the first " + std::to_string(part.hits.size()) + " of " + std::to_string(wanted) +
            " hits fit into one answer; ask for fewer");
    if (!part.reason.empty()) add(part.reason);
    return row;
}

SearchOutcome SearchCoordinator::outcome_of(Running& running) const {
    SearchOutcome outcome;
    outcome.took_ms = (context_.now - running.started).count();
    if (!running.bad_query.empty())
        outcome.refused = Error{ErrorKind::refused, "search_refused", running.bad_query, {}, {}};
    std::vector<std::pair<std::string, OutcomeHit>> hits;
    FacetCounts facets;
    const auto common = statistics_of(running);
    bool all_whole = true;
    std::vector<DatasetRefusal> refusals;
    for (auto& [uid, target] : running.targets) {
        Completeness row;
        row.dataset = target.name;
        const SearchPart* part = target.part();
        if (!part) {
            row.from = "none";
            row.partial = true;
            row.reason = why_nothing(running, target);
            if (!target.refusal.empty()) refusals.push_back({target.name, target.refusal});
            row.took_ms = outcome.took_ms;
        } else {
            row = row_of(running, target, *part);
            row.dataset = target.name;
            add_hits(running, target, *part, common, outcome, facets, hits);
            if (running.query.sort.empty() && running.query.limit > 0 &&
                !is_well_chosen(target, *part, common))
                outcome.ranking_is_per_node = true;
        }
        all_whole = all_whole && !row.partial;
        outcome.completeness.push_back(std::move(row));
    }
    std::sort(outcome.completeness.begin(), outcome.completeness.end(),
              [](const auto& a, const auto& b) { return a.dataset < b.dataset; });
    outcome.complete = all_whole && !outcome.refused;
    if (!running.targets.empty() && refusals.size() == running.targets.size())
        outcome.refused = search_refusal(running.query, std::move(refusals));

    const bool is_sorted = !running.query.sort.empty();
    const bool is_descending = running.query.sort.starts_with('-');
    std::sort(hits.begin(), hits.end(), [&](const auto& a, const auto& b) {
        if (is_sorted && a.first != b.first) {
            if (a.first.empty() != b.first.empty()) return b.first.empty();
            return is_descending ? b.first < a.first : a.first < b.first;
        }
        if (!is_sorted && a.second.score != b.second.score) return a.second.score > b.second.score;
        return std::tie(a.second.collection, a.second.id, a.second.dataset) <
               std::tie(b.second.collection, b.second.id, b.second.dataset);
    });
    const std::size_t begin =
        std::min<std::size_t>(std::size_t{running.query.page} * running.query.limit, hits.size());
    const std::size_t end = std::min<std::size_t>(begin + running.query.limit, hits.size());
    for (std::size_t i = begin; i < end; ++i) outcome.hits.push_back(std::move(hits[i].second));
    for (auto& [facet, counts] : facets) {
        auto& values = outcome.facets[facet];
        values.assign(counts.begin(), counts.end());
        std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
            return std::tie(b.second, a.first) < std::tie(a.second, b.first);
        });
    }
    for (const std::string& facet : running.query.facets) outcome.facets.try_emplace(facet);

    // Of an institution's nodes one is enough, whichever it is (docs/decisions/0157).
    std::map<InstitutionId, bool> owners;
    for (const auto& [uid, target] : running.targets) {
        auto nodes = context_.directory.nodes_of(target.owner_id);
        if (target.is_own) nodes.push_back(context_.config.node);
        owners[target.owner_id] = std::ranges::any_of(
            nodes, [&](const NodeId& n) { return running.answered.contains(n); });
    }
    outcome.nodes_asked = static_cast<std::uint32_t>(owners.size());
    outcome.nodes_answered = static_cast<std::uint32_t>(
        std::ranges::count(owners, true, &std::pair<const InstitutionId, bool>::second));
    return outcome;
}

// ---- peers' searches
// -----------------------------------------------------------------------------

Verdict SearchCoordinator::received(const PeerSession& session, messages::SearchRequest request) {
    const auto open = std::count_if(questions_.begin(), questions_.end(), [&](const auto& entry) {
        return !entry.second.search && entry.second.peer == session.connection();
    });
    if (static_cast<std::size_t>(open) >= limits::max_searches_per_peer) {
        messages::SearchDone done;
        done.query_id = request.query_id;
        done.reason = "too many searches at once";
        context_.outbox.send(session.connection(), std::move(done));
        return {};
    }
    const std::uint64_t query = ++last_question_;
    const Millis wanted{request.deadline_ms};
    questions_[query] = {std::nullopt, session.connection(), request.query_id,
                         context_.now + std::min(wanted, limits::longest_deadline), 0};
    Asker asker = Asker::member(session.institution());
    asker.person = request.person;
    context_.outbox.add(AnswerSearch{query, std::move(request), std::move(asker), context_.home(),
                                     context_.contacts.all()});
    return {};
}

}  // namespace sangam::sync
