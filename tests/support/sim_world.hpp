// SPDX-License-Identifier: Apache-2.0
// A federation in one process on virtual time: real engines over real stores in memory, joined by a
// network that delays, cuts and partitions as told. Everything comes from one seed. Messages cross
// as frames. A node can be stopped between any two writes of its store and started again.
//
// Streams are like TCP's: in order on a connection, cut as a whole. One can stall, so that what
// went later over others comes first; or lose a segment for good, and then brings nothing any more.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/messages/message.hpp"
#include "sync/control_author.hpp"
#include "sync/engine.hpp"
#include "sync/merger.hpp"
#include "sync/search_answer.hpp"
#include "tests/support/stopping_store.hpp"
#include "tests/support/test_directory.hpp"

namespace sangam::testing {

struct SimOptions {
    std::uint64_t seed = 1;
    Millis min_delay{1};
    Millis max_delay{1};
    Millis redial{50};        ///< between attempts of a pair that is not connected
    std::string directory{};  ///< stores are files below it; empty: in memory, which backups need
};

class SimWorld {
public:
    /// Wraps a node's store, so that a test can plant a bug between engine and disk.
    using StoreWrapper =
        std::function<std::unique_ptr<StoppingStore>(storage::Store& disk, std::size_t node)>;

    struct Node {
        std::size_t index = 0;
        std::string handle;
        std::optional<SigningKey> key;
        NodeId id;
        InstitutionId institution;
        sync::Merger merger;
        std::unique_ptr<SeededRandom> random;
        std::unique_ptr<storage::Store> disk;
        std::unique_ptr<storage::Store> backup;
        StoreWrapper wrap;
        std::unique_ptr<StoppingStore> store;
        std::unique_ptr<sync::Engine> engine;  ///< none while the process is down
        Millis clock_off{};
        bool answers_searches = true;
        std::vector<std::string> log;
        std::vector<std::string> errors;  ///< lines of level error
        std::set<sync::SearchId> finished;
        std::uint64_t newest_message = 0;  ///< the latest sent of those that arrived

        [[nodiscard]] bool is_up() const { return engine != nullptr; }
        [[nodiscard]] std::unique_ptr<storage::Reader> reader() const { return disk->reader(); }
    };

    explicit SimWorld(SimOptions options) : options_(options), random_(options.seed) {
        init_crypto();
    }

    // ---- making
    // ----------------------------------------------------------------------------------

    /// A node of a new institution, or a further one of an existing one with that handle.
    std::size_t add_node(const std::string& handle, const StoreWrapper& wrap = {}) {
        auto node = std::make_unique<Node>();
        node->index = nodes_.size();
        node->handle = handle;
        node->key = SigningKey::from_seed(random_.draw<Hash>().view());
        node->id = NodeId{node->key->public_key().bytes};
        const auto known = directory.institution_by_handle(handle);
        node->institution = known ? *known : InstitutionId{node->id.bytes};
        node->random = std::make_unique<SeededRandom>(random_.draw_u64());
        directory.admit(handle, node->id, node->institution);
        node->wrap = wrap;
        open_disk(*node);
        nodes_.push_back(std::move(node));
        start(nodes_.size() - 1);
        return nodes_.size() - 1;
    }

    Node& operator[](std::size_t index) { return *nodes_[index]; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    // ---- time
    // ------------------------------------------------------------------------------------

    [[nodiscard]] Millis now() const { return now_; }
    [[nodiscard]] Millis now_at(const Node& node) const { return now_ + node.clock_off; }
    [[nodiscard]] SeededRandom& random() { return random_; }
    std::uint64_t below(std::uint64_t bound) { return random_.draw_u64() % bound; }

    void at(Millis when, std::function<void()> what) {
        events_.emplace(std::pair(when, ++event_number_), std::move(what));
    }
    void after(Millis delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

    void run_for(Millis duration) {
        const Millis end = now_ + duration;
        while (!events_.empty() && events_.begin()->first.first <= end) {
            auto event = events_.extract(events_.begin());
            now_ = std::max(now_, event.key().first);
            event.mapped()();
        }
        now_ = end;
    }

    // ---- processes
    // -------------------------------------------------------------------------------

    void start(std::size_t index) {
        Node& node = *nodes_[index];
        if (node.engine) return;
        node.engine = std::make_unique<sync::Engine>(
            sync::EngineConfig{node.id, "sangam/sim", Hash{}, &*node.key}, *node.store, directory,
            node.merger, *node.random);
        schedule_tick(index);
        for (std::size_t other = 0; other < nodes_.size(); ++other)
            if (other != index) schedule_dial(index, other);
    }

    /// kill -9: the engine and all that it had not written are gone.
    void kill(std::size_t index) {
        Node& node = *nodes_[index];
        node.engine.reset();
        node.finished.clear();  // the next process counts its searches from 1 again
        node.store->stop_before(0);
        std::vector<std::uint64_t> cut;
        for (const auto& [number, link] : links_)
            if (link.ends[0] == index || link.ends[1] == index) cut.push_back(number);
        for (const std::uint64_t number : cut) cut_link(number);
        ++stops_;
    }
    [[nodiscard]] std::size_t stops() const { return stops_; }

    /// Takes a backup of the node's disk, up or down.
    void back_up(std::size_t index) {
        Node& node = *nodes_[index];
        node.backup = storage::copy_memory_store(*node.disk, node.disk->epoch());
    }
    [[nodiscard]] bool has_backup(std::size_t index) const {
        return nodes_[index]->backup != nullptr;
    }
    /// Puts the last backup in the place of a stopped node's disk: under a new epoch as
    /// restore-backup does, or under the old one, as a disk that is rolled back behind our back.
    void restore_backup(std::size_t index, bool keeps_epoch = false) {
        Node& node = *nodes_[index];
        SANGAM_ASSERT(!node.engine && node.backup);
        Epoch epoch = node.backup->epoch();
        if (!keeps_epoch) epoch = Epoch{random_.draw_u64() | 1};
        node.disk = storage::copy_memory_store(*node.backup, epoch);
        wrap_disk(node);
    }

    /// Runs on the node's logic thread; true unless the process stopped or is down.
    bool act(std::size_t index, const std::function<void(sync::Engine&, Millis now)>& work) {
        Node& node = *nodes_[index];
        if (!node.engine) return false;
        try {
            work(*node.engine, now_at(node));
            carry_out(index);
        } catch (const ProcessStopped&) {
            kill(index);
            if (on_stop) on_stop(index);
            return false;
        }
        return true;
    }

    // ---- network
    // ---------------------------------------------------------------------------------

    /// Pairs for which this is false are cut and not dialed.
    void set_reachable(std::size_t a, std::size_t b, bool reachable) {
        const auto pair = std::minmax(a, b);
        if (reachable) {
            unreachable_.erase(pair);
            return;
        }
        unreachable_.insert(pair);
        cut_between(a, b);
    }
    /// All pairs can reach each other again.
    void heal() { unreachable_.clear(); }
    void cut_between(std::size_t a, std::size_t b) {
        std::vector<std::uint64_t> cut;
        for (const auto& [number, link] : links_)
            if (std::minmax(link.ends[0], link.ends[1]) == std::minmax(a, b)) cut.push_back(number);
        for (const std::uint64_t number : cut) cut_link(number);
    }
    /// Holds up what goes from `a` to `b` on the present links for so long.
    void stall(std::size_t a, std::size_t b, Millis delay) {
        for (auto& [number, link] : links_)
            for (const int to : {0, 1})
                if (link.ends[1 - to] == a && link.ends[to] == b)
                    link.last_arrival[to] = std::max(link.last_arrival[to], now_) + delay;
    }
    /// From now on the present links bring nothing from `a` to `b`, and neither end is told.
    void lose(std::size_t a, std::size_t b) {
        for (auto& [number, link] : links_)
            for (const int to : {0, 1})
                if (link.ends[1 - to] == a && link.ends[to] == b) link.is_lossy[to] = true;
    }
    /// Messages that were swallowed by lose().
    [[nodiscard]] std::size_t lost_messages() const { return lost_messages_; }
    /// Messages that arrived at a node after one that had been sent to it later.
    [[nodiscard]] std::size_t overtaken_messages() const { return overtaken_messages_; }
    [[nodiscard]] std::size_t messages_sent() const { return messages_sent_; }
    [[nodiscard]] bool is_connected(std::size_t a, std::size_t b) const {
        for (const auto& [number, link] : links_)
            if (std::minmax(link.ends[0], link.ends[1]) == std::minmax(a, b)) return true;
        return false;
    }
    [[nodiscard]] std::size_t links() const { return links_.size(); }

    /// Sees every message as its sender lets it go. Return false to swallow it.
    std::function<bool(std::size_t from, std::size_t to, const messages::Message&)> on_send;
    /// Changes messages on their way: a bug planted by a test.
    std::function<void(messages::Message&)> tamper;
    /// Called after a node stopped at a write.
    std::function<void(std::size_t)> on_stop;
    TestDirectory directory;

    // ---- what admins do
    // ----------------------------------------------------------------------------

    sync::ControlAuthor author_of(std::size_t index) {
        Node& node = *nodes_[index];
        return {node.id, &*node.key, node.random.get()};
    }
    /// Makes an entry, stores it and tells the engine; the dataset's uid. Throws std::runtime_error
    /// with the message when it is refused.
    DatasetUid put_entry(std::size_t index, const Result<SignedControl>& entry) {
        if (!entry) throw std::runtime_error(entry.error().text());
        const DatasetUid uid = entry->entry.dataset_uid();
        act(index, [&](sync::Engine& engine, Millis now) {
            const auto stored =
                nodes_[index]->store->put_control(uid, {*entry}, storage::Holding::own);
            if (!stored) throw std::runtime_error(stored.error().text());
            engine.control_changed(uid, now);
        });
        return uid;
    }
    DatasetUid create_dataset(std::size_t index, const std::string& name,
                              const std::vector<std::string>& writers = {},
                              const Schema& schema = {}) {
        sync::DatasetSpec spec;
        spec.name = name;
        spec.title = name;
        spec.licence = "CC0-1.0";
        spec.writers = writers;
        spec.schema = schema;
        return put_entry(
            index, sync::create_dataset(*nodes_[index]->reader(), directory, author_of(index), spec,
                                        now_at(*nodes_[index])));
    }
    GrantId grant(std::size_t index, const DatasetUid& dataset, const std::string& to,
                  std::set<sangam::Action> can, std::vector<Path> hide = {},
                  std::string where = {}) {
        const auto entry =
            sync::add_grant(*nodes_[index]->reader(), directory, author_of(index),
                            {dataset, to, std::move(can), std::move(hide), std::move(where)},
                            now_at(*nodes_[index]));
        put_entry(index, entry);
        return std::get<Grant>(entry->entry.body).id;
    }
    void revoke(std::size_t index, const GrantId& id) {
        put_entry(index, sync::revoke_grant(*nodes_[index]->reader(), directory, author_of(index),
                                            id, now_at(*nodes_[index])));
    }
    /// `put`: reads the record's version first, as a person's edit does, unless it is `based_on`
    /// an older one. The commits that were reported as made; none when it was refused or the
    /// process stopped.
    std::vector<SignedHeader> write_and_tell(std::size_t index, const DatasetUid& dataset,
                                             const RecordKey& key, std::vector<FieldWrite> writes,
                                             const VersionVector* based_on = nullptr) {
        std::vector<SignedHeader> made;
        act(index, [&](sync::Engine& engine, Millis now) {
            storage::Edit edit;
            edit.key = key;
            edit.writes = std::move(writes);
            if (based_on)
                edit.context = *based_on;
            else if (const auto record = nodes_[index]->reader()->record(dataset, key))
                edit.context = record->version;
            storage::AuthorRequest request;
            request.dataset = dataset;
            request.edits.push_back(std::move(edit));
            request.now = now;
            const auto result = nodes_[index]->store->author(request);
            if (!result || !result->refused_deleted.empty()) return;
            made = result->commits;
            engine.data_changed(dataset, now);
        });
        return made;
    }
    bool write(std::size_t index, const DatasetUid& dataset, const RecordKey& key,
               std::vector<FieldWrite> writes) {
        return !write_and_tell(index, dataset, key, std::move(writes)).empty();
    }
    bool put(std::size_t index, const DatasetUid& dataset, const std::string& id,
             const std::string& field, const std::string& value) {
        return write(index, dataset, {"germplasm", id}, {{Path::single(field), Value(value)}});
    }
    bool remove(std::size_t index, const DatasetUid& dataset, const std::string& id) {
        return write(index, dataset, {"germplasm", id}, {{life_path(), sync::deleted_value()}});
    }
    bool restore(std::size_t index, const DatasetUid& dataset, const std::string& id) {
        return write(index, dataset, {"germplasm", id}, {{life_path(), sync::restored_value()}});
    }
    std::optional<SubscriptionId> subscribe(std::size_t index, const std::string& dataset,
                                            const std::string& where = {}) {
        std::optional<SubscriptionId> out;
        act(index, [&](sync::Engine& engine, Millis now) {
            const auto made = engine.subscribe(dataset, where, now);
            if (made) out = *made;
        });
        return out;
    }
    /// Starts a search and runs until it has ended.
    std::optional<sync::SearchOutcome> search(std::size_t index, const sync::SearchQuery& query,
                                              std::optional<sync::Asker> asker = {}) {
        Node& node = *nodes_[index];
        sync::SearchId id{};
        act(index, [&](sync::Engine& engine, Millis now) {
            id = engine.start_search(query, asker ? *asker : sync::Asker::home(node.institution),
                                     now);
        });
        for (int i = 0; i < 100'000 && !node.finished.contains(id); ++i) run_for(Millis{1});
        return node.engine ? node.engine->take_outcome(id) : std::nullopt;
    }

private:
    struct Link {
        std::size_t ends[2]{};
        sync::ConnectionId ids[2]{};
        bool is_told[2]{true, true};  ///< the end still has it
        Millis last_arrival[2]{};     ///< of what goes to each end
        bool is_lossy[2]{};           ///< nothing arrives at that end any more
    };

    void open_disk(Node& node) {
        std::uint64_t epoch = 0;
        while (epoch == 0) epoch = random_.draw_u64();
        const storage::Author author{node.id, &*node.key, node.random.get()};
        if (options_.directory.empty()) {
            node.disk = storage::open_memory_store(Epoch{epoch}, author, node.merger);
        } else {
            const std::string place = options_.directory + "/" + std::to_string(node.index);
            std::filesystem::create_directories(place);
            node.disk = storage::open_sqlite_store(place, author, node.merger, {.syncs = false});
        }
        wrap_disk(node);
    }
    static void wrap_disk(Node& node) {
        node.store = node.wrap ? node.wrap(*node.disk, node.index)
                               : std::make_unique<StoppingStore>(*node.disk);
    }

    Millis delay() {
        const auto span =
            static_cast<std::uint64_t>((options_.max_delay - options_.min_delay).count());
        return options_.min_delay +
               Millis(static_cast<std::int64_t>(span == 0 ? 0 : below(span + 1)));
    }

    void schedule_tick(std::size_t index) {
        sync::Engine* engine = nodes_[index]->engine.get();
        const Millis wake = engine->next_wake() - nodes_[index]->clock_off;
        at(std::max(now_ + Millis{1}, std::min(wake, now_ + Millis{1000})), [this, index, engine] {
            if (nodes_[index]->engine.get() != engine) return;  // another process by now
            if (act(index, [](sync::Engine& e, Millis now) { e.tick(now); })) schedule_tick(index);
        });
    }

    void schedule_dial(std::size_t from, std::size_t to) {
        const sync::Engine* engine = nodes_[from]->engine.get();
        after(delay(), [this, from, to, engine] {
            if (nodes_[from]->engine.get() != engine) return;
            if (!has_link(from, to) && nodes_[to]->is_up() &&
                !unreachable_.contains(std::minmax(from, to)))
                connect(from, to);
            after(options_.redial, [this, from, to, engine] {
                if (nodes_[from]->engine.get() == engine) schedule_dial(from, to);
            });
        });
    }

    void connect(std::size_t from, std::size_t to) {
        const std::uint64_t number = ++link_number_;
        Link link;
        link.ends[0] = from;
        link.ends[1] = to;
        link.ids[0] = sync::ConnectionId{number * 2};
        link.ids[1] = sync::ConnectionId{number * 2 + 1};
        links_.emplace(number, link);
        for (const int end : {0, 1})
            act(link.ends[end], [&](sync::Engine& engine, Millis now) {
                engine.connected(link.ids[end], nodes_[link.ends[1 - end]]->id, end == 0, now);
            });
    }

    /// Whether `from` knows of a link to `to`: the other end may have given it up already.
    [[nodiscard]] bool has_link(std::size_t from, std::size_t to) const {
        for (const auto& [number, link] : links_)
            for (const int own : {0, 1})
                if (link.ends[own] == from && link.ends[1 - own] == to && link.is_told[own])
                    return true;
        return false;
    }

    std::map<std::uint64_t, Link>::iterator find_link(sync::ConnectionId id) {
        return links_.find(static_cast<std::uint64_t>(id) / 2);
    }

    void cut_link(std::uint64_t number) {
        const auto it = links_.find(number);
        if (it == links_.end()) return;
        const Link link = it->second;
        links_.erase(it);
        for (const int end : {0, 1}) {
            if (!link.is_told[end]) continue;
            after(delay(), [this, link, end] {
                act(link.ends[end], [&](sync::Engine& engine, Millis now) {
                    engine.disconnected(link.ids[end], "the link was cut", now);
                });
            });
        }
    }

    void transmit(std::size_t from, sync::ConnectionId id, const messages::Message& message,
                  bool closes) {
        const auto it = find_link(id);
        if (it == links_.end()) return;
        const int own = static_cast<int>(static_cast<std::uint64_t>(id) % 2);
        const int other = 1 - own;
        Link& link = it->second;
        if (closes) {
            link.is_told[own] = false;
            if (!link.is_told[other]) {  // nobody has it any more
                links_.erase(it);
                return;
            }
        }
        ++messages_sent_;
        const bool goes_out =
            (!on_send || on_send(from, link.ends[other], message)) && !link.is_lossy[other];
        if (link.is_lossy[other]) {
            ++lost_messages_;
            closes = false;  // the other end does not hear of that either
        }
        link.last_arrival[other] = std::max(link.last_arrival[other], now_ + delay());
        messages::Message sent = message;
        if (tamper) tamper(sent);
        const Bytes frame = messages::encode_frame(sent);
        const std::uint64_t number = it->first;
        const std::uint64_t order = ++event_number_;
        at(link.last_arrival[other], [this, number, other, frame, closes, goes_out, order] {
            const auto found = links_.find(number);
            if (found == links_.end()) return;
            const std::size_t to = found->second.ends[other];
            const sync::ConnectionId at_receiver = found->second.ids[other];
            if (goes_out && found->second.is_told[other]) {
                std::uint64_t& newest = nodes_[to]->newest_message;
                if (order < newest) ++overtaken_messages_;
                newest = std::max(newest, order);
                const ByteView view(frame);
                const auto header =
                    messages::decode_frame_header(view.first(messages::frame_header_bytes));
                auto body =
                    messages::decode_body(header->type, view.subspan(messages::frame_header_bytes));
                SANGAM_ASSERT(body.has_value());
                act(to, [&](sync::Engine& engine, Millis now) {
                    engine.received(at_receiver, std::move(*body), now);
                });
            }
            if (closes) cut_link(number);
        });
    }

    void carry_out(std::size_t index) {
        Node& node = *nodes_[index];
        for (sync::Action& action : node.engine->take_actions()) {
            if (auto* send = std::get_if<sync::Send>(&action)) {
                transmit(index, send->connection, send->message, false);
            } else if (auto* close = std::get_if<sync::Close>(&action)) {
                transmit(index, close->connection, close->abort, true);
            } else if (auto* answer = std::get_if<sync::AnswerSearch>(&action)) {
                if (node.answers_searches) answer_later(index, *answer);
            } else if (auto* finished = std::get_if<sync::SearchFinished>(&action)) {
                node.finished.insert(finished->search);
            } else if (auto* line = std::get_if<sync::LogLine>(&action)) {
                node.log.push_back(std::to_string((now_ - epoch_of_time).count()) +
                                   " ms: " + line->text);
                if (line->level == sync::LogLine::Level::error) node.errors.push_back(line->text);
            }
        }
    }

    void answer_later(std::size_t index, const sync::AnswerSearch& question) {
        const sync::Engine* engine = nodes_[index]->engine.get();
        after(delay(), [this, index, question, engine] {
            Node& node = *nodes_[index];
            if (node.engine.get() != engine) return;
            auto answer =
                sync::answer_search(*node.reader(), directory, node.merger, question, now_at(node));
            act(index, [&](sync::Engine& e, Millis now) {
                e.search_answered(question.query, std::move(answer.parts), answer.reason, now);
            });
        });
    }

    static constexpr Millis epoch_of_time{1'700'000'000'000};
    SimOptions options_;
    SeededRandom random_;
    Millis now_ = epoch_of_time;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<std::pair<Millis, std::uint64_t>, std::function<void()>> events_;
    std::uint64_t event_number_ = 0;
    std::map<std::uint64_t, Link> links_;
    std::uint64_t link_number_ = 0;
    std::set<std::pair<std::size_t, std::size_t>> unreachable_;
    std::size_t stops_ = 0;
    std::size_t messages_sent_ = 0;
    std::size_t lost_messages_ = 0;
    std::size_t overtaken_messages_ = 0;
};

}  // namespace sangam::testing
