// SPDX-License-Identifier: Apache-2.0
#include "sync/control_exchange.hpp"

#include <algorithm>

#include "sync/former_writers.hpp"
#include "sync/limits.hpp"
#include "sync/merger.hpp"

namespace sangam::sync {
namespace {

using messages::AbortCode;
using storage::Holding;

/// Only who has the whole log may pass it on.
bool may_send(Holding holding) { return holding == Holding::own || holding == Holding::writer; }

/// The newest manifest among the entries of an update that follow the one numbered `held`: what
/// comes late, from who is behind, does not count again.
const Manifest* newest_manifest(const std::vector<SignedControl>& entries, std::uint64_t held) {
    const Manifest* out = nullptr;
    for (const SignedControl& signed_entry : entries)
        if (const auto* manifest = std::get_if<Manifest>(&signed_entry.entry.body);
            manifest && signed_entry.entry.number > held)
            out = manifest;
    return out;
}

std::size_t datasets_of(const storage::Reader& reader, const InstitutionId& owner) {
    const auto all = reader.datasets();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& info) { return info.manifest.owner == owner; }));
}

}  // namespace

std::vector<messages::ControlNumber> ControlExchange::numbers_for(
    const InstitutionId& institution) const {
    std::vector<messages::ControlNumber> out;
    const auto reader = context_.store.reader();
    for (const storage::DatasetInfo& info : reader->datasets()) {
        const auto& writers = info.manifest.writers;
        if (info.holding == Holding::own && info.manifest.owner != institution) {
            // So that it sees what we have lost.
            const auto policy = DatasetPolicy::load(*reader, info.uid);
            for (const std::string& chain : chains_for(institution, *policy, false))
                for (const auto& [held, number] : policy->numbers)
                    if (held == chain && out.size() < limits::max_hello_control)
                        out.push_back({info.uid, chain, number});
            continue;
        }
        if (info.manifest.owner != institution &&
            std::find(writers.begin(), writers.end(), institution) == writers.end())
            continue;
        for (const auto& [chain, number] : reader->control_numbers(info.uid))
            if (out.size() < limits::max_hello_control) out.push_back({info.uid, chain, number});
    }
    return out;
}

void ControlExchange::opened(const PeerSession& session,
                             const std::vector<messages::ControlNumber>& numbers) {
    Peer& peer = peers_[session.connection()];
    peer = {};
    const auto reader = context_.store.reader();
    for (const messages::ControlNumber& number : numbers)
        peer.has[{number.dataset, number.chain}] = number.number;
    notice_what_is_forgotten(session, *reader, numbers);
    notice_removed_copies(session, *reader, numbers);
    give_back(session, *reader);
    const auto now = context_.store.reader();  // with what was just noticed
    for (const storage::DatasetInfo& info : now->datasets())
        if (may_send(info.holding))
            if (const auto policy = DatasetPolicy::load(*now, info.uid))
                offer_to(session, *now, *policy);
}

void ControlExchange::notice_what_is_forgotten(
    const PeerSession& session, const storage::Reader& reader,
    const std::vector<messages::ControlNumber>& numbers) {
    std::map<DatasetUid, std::vector<std::pair<std::string, std::uint64_t>>> forgotten;
    for (const messages::ControlNumber& number : numbers) {
        const auto info = reader.dataset(number.dataset);
        if (!info || info->holding != Holding::own) continue;
        const auto held = reader.control_numbers(number.dataset);
        const auto it = std::find_if(held.begin(), held.end(),
                                     [&](const auto& h) { return h.first == number.chain; });
        if (number.number > (it == held.end() ? 0 : it->second))
            forgotten[number.dataset].emplace_back(number.chain, number.number);
    }
    for (const auto& [dataset, chains] : forgotten) {
        const auto info = reader.dataset(dataset);
        context_.store.put_document(forgotten_kind, dataset.hex(), encode_chain_numbers(chains));
        const auto policy = DatasetPolicy::load(*context_.store.reader(), dataset);
        const std::string what =
            "a holder has entry " + std::to_string(chains.front().second) + " of control chain " +
            chains.front().first + " of dataset " + info->manifest.name +
            ", which this store does not have: grants or their end were forgotten. " +
            (policy && policy->is_paused
                 ? "Nothing of the dataset is shared until the holder has given them back, or "
                   "until the admin says go: sangam dataset resume " +
                       info->manifest.name
                 : "It is shared without them, as the admin said");
        // Another node of the institution may just have made it.
        if (context_.directory.nodes_of(context_.home()).size() > 1)
            context_.outbox.info(session.peer(), what);
        else
            context_.outbox.error(session.peer(), what);
        claims_[dataset] = context_.now + limits::forgotten_patience;
        changed_.push_back(dataset);
    }
}

void ControlExchange::notice_removed_copies(const PeerSession& session,
                                            const storage::Reader& reader,
                                            const std::vector<messages::ControlNumber>& numbers) {
    for (const storage::DatasetInfo& info : reader.datasets()) {
        if (info.holding != Holding::own || info.manifest.owner == session.institution()) continue;
        const auto named = std::find_if(numbers.begin(), numbers.end(), [&](const auto& number) {
            return number.dataset == info.uid && number.chain == chain_for_all;
        });
        // A hello that is not full names all that the peer has of ours.
        if (named == numbers.end() && numbers.size() >= limits::max_hello_control) continue;
        const auto shown = named == numbers.end() ? info.manifest_number : named->number;
        note_shown_number(context_.store, info.uid, session.institution(), session.peer(), shown);
    }
}

void ControlExchange::give_back(const PeerSession& session, const storage::Reader& reader) {
    for (const storage::DatasetInfo& info : reader.datasets()) {
        if (info.manifest.owner != session.institution() || info.holding == Holding::own) continue;
        for (const auto& [chain, number] : reader.control_numbers(info.uid))
            send_chain(session, reader, info.uid, chain);
    }
}

void ControlExchange::end_claims() {
    if (!std::exchange(has_loaded_claims_, true))
        for (const auto& [key, document] : context_.store.reader()->documents(forgotten_kind))
            if (const auto dataset = DatasetUid::from_hex(key))
                claims_.try_emplace(*dataset, context_.now + limits::forgotten_patience);
    for (auto it = claims_.begin(); it != claims_.end();) {
        const auto policy = DatasetPolicy::load(*context_.store.reader(), it->first);
        const bool is_behind = policy && policy->is_behind;
        if (is_behind && context_.now < it->second) {
            ++it;
            continue;
        }
        if (is_behind)
            context_.outbox.error({},
                                  "nobody has shown the control entries of dataset " +
                                      policy->info.manifest.name +
                                      " that this store is said to have forgotten; it is shared "
                                      "again as the entries that are held say");
        else
            context_.outbox.info({}, "all control entries that were forgotten are back");
        context_.store.remove_document(forgotten_kind, it->first.hex());
        changed_.push_back(it->first);
        it = claims_.erase(it);
    }
}

void ControlExchange::clock_was_set(Millis step) {
    summaries_sent_ += step;
    // Else a clock set on would end the wait, and the dataset be shared as if nothing was
    // forgotten.
    for (auto& [dataset, until] : claims_) until += step;
}

void ControlExchange::closed(ConnectionId connection) { peers_.erase(connection); }

void ControlExchange::offer(const DatasetUid& dataset) {
    const auto reader = context_.store.reader();
    const auto policy = DatasetPolicy::load(*reader, dataset);
    if (!policy || !may_send(policy->info.holding)) return;
    for (const ConnectionId connection : context_.sessions.open())
        offer_to(*context_.sessions.find(connection), *reader, *policy);
}

void ControlExchange::offer_all() {
    const auto reader = context_.store.reader();
    for (const storage::DatasetInfo& info : reader->datasets())
        if (may_send(info.holding)) offer(info.uid);
}

std::vector<std::string> ControlExchange::chains_for(const InstitutionId& theirs,
                                                     const DatasetPolicy& policy, bool knew) const {
    std::vector<std::string> out;
    if (policy.is_owner(theirs)) {
        out.emplace_back(chain_for_all);
        for (const auto& [chain, number] : policy.numbers)
            if (chain != chain_for_all) out.push_back(chain);
        return out;
    }
    const bool may_know =
        decide(Asker::member(theirs), sangam::Action::discover, policy, context_.directory).allowed;
    if (!may_know && !knew) return out;
    if (may_know) out.emplace_back(chain_for_all);
    Audience institution;
    institution.kind = Audience::Kind::institution;
    institution.institution = theirs;
    const std::string own_chain = institution.chain();
    for (const auto& [chain, number] : policy.numbers) {
        const auto audience = Audience::parse_chain(chain);
        if (!audience) continue;
        const bool concerns_it = chain == own_chain || audience->kind == Audience::Kind::members ||
                                 audience->kind == Audience::Kind::everyone ||
                                 (audience->kind == Audience::Kind::group &&
                                  context_.directory.is_in_group(theirs, audience->group));
        if (concerns_it) out.push_back(chain);
    }
    return out;
}

void ControlExchange::offer_to(const PeerSession& session, const storage::Reader& reader,
                               const DatasetPolicy& policy) {
    const auto peer = peers_.find(session.connection());
    const bool knew = peer != peers_.end() &&
                      peer->second.has.contains({policy.info.uid, std::string(chain_for_all)});
    const auto chains = chains_for(session.institution(), policy, knew);
    // Who wrote it has to hear that it does not any more, to stop and to give back what it holds;
    // what the manifest says after that is not for it.
    if (knew && std::find(chains.begin(), chains.end(), chain_for_all) == chains.end())
        if (const auto end = taken_out_at(reader, policy.info.uid, session.institution()))
            send_chain(session, reader, policy.info.uid, std::string(chain_for_all), *end);
    for (const std::string& chain : chains) send_chain(session, reader, policy.info.uid, chain);
    send_summary(session, policy);
}

void ControlExchange::send_chain(const PeerSession& session, const storage::Reader& reader,
                                 const DatasetUid& dataset, const std::string& chain,
                                 std::uint64_t up_to) {
    std::uint64_t& has = peers_[session.connection()].has[{dataset, chain}];
    messages::ControlUpdate update{dataset, {}};
    std::size_t bytes = 0;
    const auto flush = [&] {
        if (update.entries.empty()) return;
        context_.outbox.send(session.connection(), update);
        update.entries.clear();
        bytes = 0;
    };
    for (const SignedControl& entry : reader.control(dataset, chain, has)) {
        if (entry.entry.number > up_to) break;
        Bytes encoded = entry.encode();
        if (bytes + encoded.size() > limits::control_bytes) flush();
        bytes += encoded.size();
        update.entries.push_back(std::move(encoded));
        has = entry.entry.number;
    }
    flush();
}

void ControlExchange::send_summary(const PeerSession& session, const DatasetPolicy& policy) {
    if (policy.info.holding != Holding::own || policy.is_owner(session.institution())) return;
    const Asker asker = Asker::member(session.institution());
    if (!decide(asker, sangam::Action::discover, policy, context_.directory).allowed) return;
    const Scope scope = decide(asker, sangam::Action::search, policy, context_.directory);
    const auto count = counts_.of(*context_.store.reader(), policy.info, scope, context_.now);
    if (!count.is_current) outdated_.insert(policy.info.uid);
    const std::uint64_t records = count.records;
    auto& told = peers_[session.connection()].told;
    const auto it = told.find(policy.info.uid);
    if (it != told.end() && it->second == records) return;
    told[policy.info.uid] = records;
    context_.outbox.send(session.connection(), messages::DatasetSummary{policy.info.uid, records});
}

std::expected<ControlExchange::Outcome, messages::Abort> ControlExchange::check_author(
    const SignedControl& signed_entry, const InstitutionId& owner) const {
    const ControlEntry& entry = signed_entry.entry;
    const auto author = context_.directory.author_institution(entry.author);
    if (!author) return Outcome::waits;
    if (*author != owner)
        return cut_off(AbortCode::not_allowed, "a control entry of dataset " +
                                                   entry.dataset_uid().hex() +
                                                   " by a node that is not the owner's");
    if (!context_.directory.may_sign(entry.author, signed_entry.key))
        return cut_off(AbortCode::invalid_data,
                       "a control entry under a key that may not sign for its author");
    return Outcome::applied;
}

Holding ControlExchange::holding_for(const Manifest& manifest, const storage::Reader& reader,
                                     const DatasetUid& dataset) const {
    const InstitutionId home = context_.home();
    if (manifest.owner == home) return Holding::own;
    if (std::find(manifest.writers.begin(), manifest.writers.end(), home) != manifest.writers.end())
        return Holding::writer;
    // What was held as a writer goes as a whole; a subscription begins with a copy of its own.
    if (const auto held = reader.dataset(dataset); held && may_send(held->holding))
        return Holding::known;
    for (const storage::OwnSubscription& subscription : reader.own_subscriptions())
        if (subscription.dataset == dataset) return Holding::replica;
    return Holding::known;
}

bool ControlExchange::rests_on_revoked_key(
    const std::vector<SignedControl>& entries,
    const std::vector<std::pair<std::string, std::uint64_t>>& held) const {
    std::map<std::string, bool> last_is_revoked;  // of what is new, by chain
    for (const SignedControl& signed_entry : entries) {
        const ControlEntry& entry = signed_entry.entry;
        const bool is_held = std::any_of(held.begin(), held.end(), [&](const auto& chain) {
            return chain.first == entry.chain && entry.number <= chain.second;
        });
        if (!is_held) last_is_revoked[entry.chain] = context_.directory.is_revoked(entry.author);
    }
    return std::any_of(last_is_revoked.begin(), last_is_revoked.end(),
                       [](const auto& chain) { return chain.second; });
}

std::expected<ControlExchange::Outcome, messages::Abort> ControlExchange::take(
    const DatasetUid& dataset, const std::vector<SignedControl>& entries,
    const InstitutionId& from) {
    const auto reader = context_.store.reader();
    const auto held = reader->dataset(dataset);
    const Manifest* newest = newest_manifest(entries, held ? held->manifest_number : 0);
    if (!held && !newest) return Outcome::applied;  // of something that we were never told of
    const InstitutionId owner = held ? held->manifest.owner : newest->owner;
    if (!held && datasets_of(*reader, owner) >= limits::max_datasets_of_one_owner)
        return cut_off(AbortCode::not_allowed, "more datasets of one institution than are kept");
    for (const SignedControl& entry : entries) {
        const auto* manifest = std::get_if<Manifest>(&entry.entry.body);
        if (manifest && manifest->owner != owner)
            return cut_off(AbortCode::not_allowed,
                           "a manifest that gives dataset " + dataset.hex() + " another owner");
        const auto checked = check_author(entry, owner);
        if (!checked || *checked == Outcome::waits) return checked;
    }
    const auto numbers = reader->control_numbers(dataset);
    if (from != owner && rests_on_revoked_key(entries, numbers)) {
        context_.outbox.info({}, "control entries of dataset " + dataset.hex() +
                                     " by a node that was revoked are not taken from who is not "
                                     "its owner; they come from the owner's other nodes");
        return Outcome::ignored;
    }
    const auto stored = context_.store.put_control(
        dataset, entries, holding_for(newest ? *newest : held->manifest, *reader, dataset));
    if (!stored) return cut_off(AbortCode::invalid_data, stored.error().text());
    if (context_.store.reader()->control_numbers(dataset) != numbers) changed_.push_back(dataset);
    if (held && held->holding == Holding::writer) notice_end_of_writing(dataset);
    if (claims_.contains(dataset)) end_claims();
    return Outcome::applied;
}

void ControlExchange::notice_end_of_writing(const DatasetUid& dataset) {
    const auto reader = context_.store.reader();
    const auto info = reader->dataset(dataset);
    if (info->holding == Holding::writer) return;
    left_.push_back(dataset);
    const std::string name =
        context_.directory.handle_of(info->manifest.owner) + "/" + info->manifest.name;
    const auto aside = reader->quarantine(limits::max_quarantine);
    const auto unaccepted = std::count_if(aside.begin(), aside.end(), [&](const auto& item) {
        return item.dataset == dataset && item.reason.starts_with(storage::unaccepted_reason);
    });
    context_.outbox.warning({}, "this institution does not write " + name +
                                    " any more: its owner took it out, and the copy here is "
                                    "removed");
    // So that the owner knows.
    const auto entries =
        reader->control(dataset, std::string(chain_for_all), info->manifest_number - 1);
    for (const ConnectionId connection : context_.sessions.open())
        if (!entries.empty() &&
            context_.sessions.find(connection)->institution() == info->manifest.owner)
            context_.outbox.send(connection,
                                 messages::ControlUpdate{dataset, {entries.front().encode()}});
    if (unaccepted > 0)
        context_.outbox.error(
            {}, std::to_string(unaccepted) + " commits to " + name +
                    " that were made here had not reached its owner; they are set aside, and "
                    "count again if the owner names this institution as a writer again");
}

Verdict ControlExchange::received(const PeerSession& session,
                                  const messages::ControlUpdate& update) {
    std::vector<SignedControl> entries;
    for (const Bytes& encoded : update.entries) {
        auto entry = SignedControl::decode(encoded);
        if (!entry) return cut_off(AbortCode::bad_message, entry.error().text());
        if (entry->entry.dataset_uid() != update.dataset)
            return cut_off(AbortCode::bad_message, "a control entry of another dataset");
        if (!entry->has_valid_signature())
            return cut_off(AbortCode::invalid_data, "a control entry with a false signature");
        entries.push_back(std::move(*entry));
    }
    const auto outcome = take(update.dataset, entries, session.institution());
    if (!outcome) return std::unexpected(outcome.error());
    Peer& peer = peers_[session.connection()];
    for (const SignedControl& entry : entries) {
        std::uint64_t& has = peer.has[{update.dataset, entry.entry.chain}];
        has = std::max(has, entry.entry.number);
        if (*outcome == Outcome::applied && entry.entry.chain == chain_for_all)
            note_shown_number(context_.store, update.dataset, session.institution(), session.peer(),
                              entry.entry.number);
    }
    if (*outcome == Outcome::waits) {
        std::size_t bytes = 0;
        for (const Bytes& encoded : update.entries) bytes += encoded.size();
        if (waiting_.size() < limits::max_waiting_control &&
            bytes <= limits::max_waiting_control_bytes / limits::max_waiting_control) {
            waiting_.push_back({update.dataset, session.institution(), std::move(entries)});
            context_.outbox.info(session.peer(),
                                 "control entries of dataset " + update.dataset.hex() +
                                     " wait until the directory names their author");
        } else {
            context_.outbox.warning(session.peer(),
                                    "too many control entries wait for the directory; dropped, "
                                    "they come again with the next connection");
        }
    }
    return {};
}

void ControlExchange::directory_changed() {
    auto waiting = std::exchange(waiting_, {});
    for (auto& [dataset, from, entries] : waiting) {
        const auto outcome = take(dataset, entries, from);
        if (!outcome)
            context_.outbox.warning({}, "control entries of dataset " + dataset.hex() +
                                            " that waited were refused: " + outcome.error().reason);
        else if (*outcome == Outcome::waits)
            waiting_.push_back({dataset, from, std::move(entries)});
    }
    offer_all();
}

void ControlExchange::received(const PeerSession& session,
                               const messages::DatasetSummary& summary) {
    const auto info = context_.store.reader()->dataset(summary.dataset);
    if (info && info->manifest.owner == session.institution())
        remote_[summary.dataset] = summary.records;
}

void ControlExchange::tick() {
    if (!claims_.empty() || !has_loaded_claims_) end_claims();
    if (outdated_.empty() || context_.now - summaries_sent_ < limits::summary_every) return;
    summaries_sent_ = context_.now;
    const auto reader = context_.store.reader();
    for (const DatasetUid& dataset : std::exchange(outdated_, {})) {
        const auto policy = DatasetPolicy::load(*reader, dataset);
        if (!policy) continue;
        for (const ConnectionId connection : context_.sessions.open())
            send_summary(*context_.sessions.find(connection), *policy);
    }
}

std::vector<RemoteDataset> ControlExchange::remote_datasets() const {
    std::vector<RemoteDataset> out;
    for (const auto& [dataset, records] : remote_) out.push_back({dataset, records});
    return out;
}

}  // namespace sangam::sync
