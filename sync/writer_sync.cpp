// SPDX-License-Identifier: Apache-2.0
#include "sync/writer_sync.hpp"

#include <algorithm>

#include "sync/limits.hpp"
#include "sync/policy.hpp"

namespace sangam::sync {
namespace {

using messages::AbortCode;
using storage::Holding;

bool is_whole(Holding holding) { return holding == Holding::own || holding == Holding::writer; }

}  // namespace

bool WriterSync::is_partner(const PeerSession& session, const storage::DatasetInfo& dataset) const {
    return is_whole(dataset.holding) && owns_or_writes(dataset.manifest, session.institution());
}

void WriterSync::opened(const PeerSession& session) {
    const auto reader = context_.store.reader();
    for (const auto& dataset : reader->datasets())
        if (is_partner(session, dataset)) tell_heads(session, dataset.uid, true);
}

void WriterSync::closed(ConnectionId connection) {
    std::erase_if(exchanges_, [&](const auto& entry) { return entry.first.first == connection; });
}

void WriterSync::tell_heads(const PeerSession& session, const DatasetUid& dataset,
                            bool even_if_told) {
    Exchange& exchange = exchanges_[{session.connection(), dataset}];
    auto heads = context_.store.reader()->heads(dataset);
    if (!even_if_told && heads == exchange.told) return;
    exchange.told = heads;
    context_.outbox.send(session.connection(), messages::WriterHeads{dataset, std::move(heads)});
}

void WriterSync::changed(const DatasetUid& dataset) {
    const auto info = context_.store.reader()->dataset(dataset);
    if (!info) return;
    if (!is_whole(info->holding)) {  // no longer a writer
        std::erase_if(exchanges_, [&](const auto& entry) { return entry.first.second == dataset; });
        aside_.erase(dataset);
        return;
    }
    for (const ConnectionId connection : context_.sessions.open()) {
        const PeerSession& session = *context_.sessions.find(connection);
        if (!is_partner(session, *info)) {
            exchanges_.erase({connection, dataset});  // no longer a writer
            continue;
        }
        tell_heads(session, dataset, false);
        Exchange& exchange = exchanges_[{connection, dataset}];
        look_if_level(session, *info, *context_.store.reader(), exchange);
        push(session, dataset, exchange);
    }
}

Verdict WriterSync::received(const PeerSession& session, const messages::WriterHeads& heads) {
    const auto reader = context_.store.reader();
    const auto info = reader->dataset(heads.dataset);
    if (!info || !is_partner(session, *info)) {
        // A peer that was a writer until the manifest it has not seen yet; it is harmless.
        context_.outbox.debug(session.peer(), "heads of a dataset that is not shared by writing");
        return {};
    }
    Heads theirs;
    for (const Head& head : heads.heads)
        if (!theirs.emplace(head.lane, head).second)
            return cut_off(AbortCode::bad_message, "heads name a lane twice");
    Exchange& exchange = exchanges_[{session.connection(), heads.dataset}];
    exchange.theirs = std::move(theirs);
    exchange.knows_theirs = true;
    // What they hold now was under way or came from others; either way it need not be sent.
    while (!exchange.outstanding.empty()) {
        const auto& up_to = exchange.outstanding.front().up_to;
        const bool is_held = std::all_of(up_to.begin(), up_to.end(), [&](const auto& entry) {
            const auto it = exchange.theirs.find(entry.first);
            return it != exchange.theirs.end() && it->second.sequence >= entry.second;
        });
        if (!is_held) break;
        exchange.outstanding.pop_front();
    }
    compare(session, *info, *reader, exchange);
    look_if_level(session, *info, *reader, exchange);
    push(session, heads.dataset, exchange);
    return {};
}

void WriterSync::look_if_level(const PeerSession& session, const storage::DatasetInfo& dataset,
                               const storage::Reader& reader, Exchange& exchange) {
    // What the own institution's other nodes have says nothing of an owner.
    if (dataset.holding != Holding::writer) return;
    exchange.is_with_owner = session.institution() == dataset.manifest.owner;
    if (!exchange.knows_theirs) return;
    std::map<Lane, Sequence> ours;
    for (const Head& head : reader.heads(dataset.uid)) ours.emplace(head.lane, head.sequence);
    exchange.is_level = std::ranges::all_of(exchange.theirs, [&](const auto& entry) {
        const auto it = ours.find(entry.first);
        const Sequence held = it == ours.end() ? Sequence{0} : it->second;
        // Beyond a cut nothing counts, and of a fork the branch that is held stays.
        return held >= entry.second.sequence || exchange.forked.contains(entry.first) ||
               !dataset.manifest.counts(entry.first, Sequence{raw(held) + 1});
    });
    // Whoever it is that brings the first of it.
    context_.contacts.begun(dataset.uid, context_.now);
}

void WriterSync::note_contact(ConnectionId connection) {
    for (auto it = exchanges_.lower_bound({connection, DatasetUid{}});
         it != exchanges_.end() && it->first.first == connection; ++it) {
        const auto& [key, exchange] = *it;
        if (!exchange.is_with_owner) continue;
        if (exchange.is_level)
            context_.contacts.confirmed(key.second, context_.now);
        else
            context_.contacts.heard(key.second, context_.now);
    }
}

void WriterSync::compare(const PeerSession& session, const storage::DatasetInfo& dataset,
                         const storage::Reader& reader, Exchange& exchange) {
    std::map<Lane, Head> ours;
    for (const Head& head : reader.heads(dataset.uid)) ours.emplace(head.lane, head);
    for (const auto& [lane, theirs] : exchange.theirs) {
        const auto it = ours.find(lane);
        const Sequence held = it == ours.end() ? Sequence{0} : it->second.sequence;
        if (held < theirs.sequence) {
            if (lane == Lane{context_.config.node, context_.store.epoch()})
                context_.outbox.error(
                    session.peer(),
                    "a peer holds commits of this store's own lane that it does not remember "
                    "(dataset " +
                        dataset.manifest.name + ", " + std::to_string(raw(theirs.sequence)) +
                        " there, " + std::to_string(raw(held)) +
                        " here): the disk was rolled back; they are taken home and the store "
                        "goes on in a new epoch");
            continue;
        }
        if (exchange.forked.contains(lane)) continue;
        if (held == theirs.sequence) {
            if (it->second.header_hash != theirs.header_hash)
                raise_fork(session, dataset, reader, exchange, theirs);
            continue;
        }
        const auto at = reader.commits(dataset.uid, lane, Sequence{raw(theirs.sequence) - 1}, 1);
        if (!at.empty() && at.front().signed_header.header.sequence == theirs.sequence &&
            at.front().signed_header.header.hash() != theirs.header_hash)
            raise_fork(session, dataset, reader, exchange, theirs);
    }
}

void WriterSync::raise_fork(const PeerSession& session, const storage::DatasetInfo& dataset,
                            const storage::Reader& reader, Exchange& exchange, const Head& theirs) {
    exchange.forked.insert(theirs.lane);
    context_.outbox.error(session.peer(),
                          "fork: lane " + theirs.lane.text() + " of dataset " +
                              dataset.manifest.name + " has another commit " +
                              std::to_string(raw(theirs.sequence)) +
                              " at this peer; the first branch seen stays until the owner cuts it");
    // Ours goes over once as evidence: each side then has both branches.
    messages::WriterCommits evidence{dataset.uid, {}};
    for (const CommitPart& part :
         reader.commits(dataset.uid, theirs.lane, Sequence{raw(theirs.sequence) - 1}, 1))
        evidence.parts.push_back(part.encode());
    if (!evidence.parts.empty()) context_.outbox.send(session.connection(), std::move(evidence));
}

void WriterSync::push(const PeerSession& session, const DatasetUid& dataset, Exchange& exchange) {
    if (!exchange.knows_theirs) return;
    const auto reader = context_.store.reader();
    const auto info = reader->dataset(dataset);
    if (!info) return;
    const auto heads = reader->heads(dataset);
    const auto covered = [&](const Lane& lane) {
        const auto theirs = exchange.theirs.find(lane);
        const auto sent = exchange.sent.find(lane);
        return std::max(theirs == exchange.theirs.end() ? Sequence{0} : theirs->second.sequence,
                        sent == exchange.sent.end() ? Sequence{0} : sent->second);
    };
    std::map<Lane, std::deque<CommitPart>> ahead;  // fetched, next of its lane first
    constexpr std::size_t fetched_at_once = 16;
    while (exchange.outstanding.size() < limits::max_outstanding) {
        messages::WriterCommits message{dataset, {}};
        Outstanding outstanding;
        std::size_t bytes = 0;
        // Round after round over the lanes: what a commit names is sent before it, and since this
        // store holds every named head, each round sends something until nothing is missing.
        for (bool progress = true; progress && bytes < limits::commits_bytes;) {
            progress = false;
            for (const Head& head : heads) {
                if (exchange.forked.contains(head.lane)) continue;
                while (covered(head.lane) < head.sequence && bytes < limits::commits_bytes) {
                    auto& queue = ahead[head.lane];
                    if (queue.empty())
                        for (CommitPart& part : reader->commits(
                                 dataset, head.lane, covered(head.lane), fetched_at_once))
                            queue.push_back(std::move(part));
                    if (queue.empty()) break;
                    const CommitHeader& header = queue.front().signed_header.header;
                    const bool names_unsent =
                        std::any_of(header.heads.begin(), header.heads.end(), [&](const Head& h) {
                            // What a cut took away is held by nobody and waited for by nobody.
                            return covered(h.lane) < h.sequence &&
                                   info->manifest.counts(h.lane, h.sequence);
                        });
                    if (names_unsent) break;
                    Bytes encoded = queue.front().encode();
                    bytes += encoded.size();
                    message.parts.push_back(std::move(encoded));
                    exchange.sent[head.lane] = header.sequence;
                    outstanding.up_to[head.lane] = header.sequence;
                    queue.pop_front();
                    progress = true;
                }
            }
        }
        if (message.parts.empty()) return;
        outstanding.sent = context_.now;
        exchange.offered = context_.now;
        exchange.outstanding.push_back(std::move(outstanding));
        context_.outbox.send(session.connection(), std::move(message));
    }
}

Verdict WriterSync::received(const PeerSession& session, const messages::WriterCommits& commits) {
    const auto info = context_.store.reader()->dataset(commits.dataset);
    if (!info || !is_partner(session, *info)) {
        // It was a writer, or we were: these crossed the manifest that ended it.
        if (info && (taken_out_at(*context_.store.reader(), info->uid, session.institution()) ||
                     taken_out_at(*context_.store.reader(), info->uid, context_.home()))) {
            context_.outbox.info(session.peer(), "commits for " + info->manifest.name +
                                                     " that came after one side "
                                                     "was taken out of its writers are not taken");
            return {};
        }
        return cut_off(AbortCode::not_allowed,
                       "commits for a dataset that the sender does not own or write");
    }
    std::vector<VerifiedPart> parts;
    for (const Bytes& encoded : commits.parts) {
        auto verdict = check_part(encoded, *info, context_.directory, context_.judged_now());
        if (auto* abort = std::get_if<messages::Abort>(&verdict)) return std::unexpected(*abort);
        if (auto* aside = std::get_if<SetAside>(&verdict)) {
            if (!quarantine_.keep(commits.dataset, session.peer(), aside->reason, encoded))
                return cut_off(AbortCode::internal, "no room to set aside: " + aside->reason);
        } else {
            parts.push_back(std::move(std::get<VerifiedPart>(verdict)));
        }
    }
    if (apply_all(*info, session.peer(), std::move(parts))) changed_.insert(commits.dataset);
    look_if_level(session, *info, *context_.store.reader(),
                  exchanges_[{session.connection(), commits.dataset}]);
    tell_heads(session, commits.dataset, true);
    return {};
}

bool WriterSync::apply_all(const storage::DatasetInfo& dataset, const NodeId& source,
                           std::vector<VerifiedPart> parts) {
    if (parts.empty()) return false;
    bool any = false;
    // The usual case: all of it fits, in one transaction.
    storage::ApplyRequest request{dataset.uid, parts, {}, std::nullopt};
    request.now = context_.now;
    request.institutions = institutions_of(parts, context_.directory);
    if (parts.size() > 1) {
        if (const auto applied = context_.store.apply(request)) {
            any = applied->changes_added > 0;
            parts.clear();
        }
    }
    for (VerifiedPart& part : parts) {
        const Outcome outcome = apply_one(dataset, source, part);
        any = any || outcome == Outcome::applied;
        if (outcome == Outcome::waits) set_aside(dataset, std::move(part));
    }
    if (any) apply_aside(dataset, source);
    return any;
}

void WriterSync::apply_aside(const storage::DatasetInfo& dataset, const NodeId& source) {
    Aside& aside = aside_[dataset.uid];
    for (bool progress = true; progress && !aside.parts.empty();) {
        progress = false;
        for (auto it = aside.parts.begin(); it != aside.parts.end();) {
            const Outcome outcome = apply_one(dataset, source, it->second);
            if (outcome == Outcome::waits) {
                ++it;
                continue;
            }
            progress = progress || outcome == Outcome::applied;
            aside.bytes -= std::min(aside.bytes, it->second.part().encode().size());
            it = aside.parts.erase(it);
        }
    }
}

WriterSync::Outcome WriterSync::apply_one(const storage::DatasetInfo& dataset, const NodeId& source,
                                          const VerifiedPart& part) {
    storage::ApplyRequest request{dataset.uid, {part}, {}, std::nullopt};
    request.now = context_.now;
    request.institutions = institutions_of(request.parts, context_.directory);
    const auto applied = context_.store.apply(request);
    if (applied) return applied->changes_added > 0 ? Outcome::applied : Outcome::known;
    const Error& error = applied.error();
    if (error.code == "gap" || error.code == "missing_head" || error.code == "missing_manifest")
        return Outcome::waits;
    if (error.code == "fork")
        context_.outbox.error(source, error.text());  // the store has put it into quarantine
    else if (error.code == "cut")
        context_.outbox.info(source, error.text());
    else  // offered again while our heads do not cover it, so full or not makes no difference
        static_cast<void>(quarantine_.keep(dataset.uid, source, "refused: " + error.text(),
                                           part.part().encode()));
    return Outcome::refused;
}

void WriterSync::set_aside(const storage::DatasetInfo& dataset, VerifiedPart part) {
    Aside& aside = aside_[dataset.uid];
    const std::size_t bytes = part.part().encode().size();
    if (aside.parts.size() >= limits::max_aside_commits ||
        aside.bytes + bytes > limits::max_aside_bytes)
        return;  // it is offered again while our heads do not cover it
    const Dot dot = part.header().dot();
    if (aside.parts.emplace(dot, std::move(part)).second) aside.bytes += bytes;
}

bool WriterSync::apply_late(const storage::DatasetInfo& dataset, VerifiedPart part) {
    const Outcome outcome = apply_one(dataset, part.header().lane.node, part);
    if (outcome == Outcome::waits) return false;
    if (outcome == Outcome::applied) {
        apply_aside(dataset, part.header().lane.node);
        changed_.insert(dataset.uid);
    }
    return true;
}

void WriterSync::tick() {
    for (auto& [key, exchange] : exchanges_) {
        const PeerSession* session = context_.sessions.find(key.first);
        if (!session || !exchange.knows_theirs) continue;
        while (!exchange.outstanding.empty() &&
               context_.now - exchange.outstanding.front().sent > limits::offer_again)
            exchange.outstanding.pop_front();  // refused or set aside there: makes room
        if (!exchange.outstanding.empty() || context_.now - exchange.offered < limits::offer_again)
            continue;
        exchange.offered = context_.now;
        exchange.sent.clear();
        push(*session, key.second, exchange);
    }
}

}  // namespace sangam::sync
