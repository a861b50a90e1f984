// SPDX-License-Identifier: Apache-2.0
// Goal: merging as it runs (stores, contexts, supersession, the merger) against a naive model that
// keeps every change for ever and works out a record from all of them by the letter of SEMANTICS
// section 4. Method: an owner, two writers and a replica with hidden fields, on stores in memory,
// under random puts, removals, deletions, restores, resolutions, set, group and counter writes,
// imports from two sources, and deliveries of any part in any order, repeated ones too. After every
// step one node's records and conflicts must equal the model's; when all have everything, all are
// the same.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "storage/store.hpp"
#include "storage/supersession.hpp"
#include "sync/change_rules.hpp"
#include "sync/merger.hpp"
#include "sync/reserved_paths.hpp"

using namespace sangam;
using namespace sangam::sync;

namespace {

constexpr std::size_t writers = 3;  // the first one is the owner's
constexpr std::size_t replica = writers;
constexpr std::array record_ids{"a", "b"};
const std::array<std::string, 4> elements{"Alpha", "Beta", "Gamma", "Delta"};
const std::array<std::string, 3> place{"adm1", "adm2", "adm3"};

Path model_path(const std::string& text) { return Path::parse(text).value(); }

Schema schema() {
    Schema out;
    out.strategies = {{"note", "latest"}, {"status", "owner_wins"}, {"opinion", "keep_all"},
                      {"names", "union"}, {"date", "precision"},    {"height", "max"},
                      {"stock", "sum"},   {"key", "identity"},      {"place", "keep_all"}};
    out.groups = {{"place", {place.begin(), place.end()}}};
    out.types = {{"note", "number"}};
    return out;
}

/// `hidden` and all below it, and proposals for it.
bool is_visible(const Path& field, const std::set<std::string>& hidden) {
    if (field == life_path()) return true;
    const auto proposal = proposal_at(field);
    return !hidden.contains((proposal ? proposal->field : field).names.front());
}

// ---- the model ----------------------------------------------------------------------------------

using Writes = std::map<Path, std::optional<Value>>;

/// A change as the model keeps it: for ever.
struct Op {
    std::size_t author = 0;
    std::string record;
    std::set<std::size_t> seen;  ///< every op to the record that it was based on
    Writes writes;
    Dot dot;
    Hlc hlc;
};

/// What a node holds: each op with the fields that it may see.
using Held = std::map<std::size_t, Writes>;

struct ModelConflict {
    bool is_open = false;
    std::vector<std::optional<Value>> values;
    std::optional<std::size_t> chosen;
    friend bool operator==(const ModelConflict&, const ModelConflict&) = default;
};

struct ModelRecord {
    bool is_deleted = false;
    std::map<Path, Value> fields;
    std::map<std::string, ModelConflict> conflicts;
    friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};

class Model {
public:
    Model(const std::vector<Op>& ops, const Held& held, std::string record)
        : ops_(ops), held_(held), record_(std::move(record)) {}

    ModelRecord work_out() {
        judge_life();
        single("note", [&](const auto& w) { return std::pair(false, w.size() - 1); });
        single("opinion", [&](const auto& w) { return std::pair(true, last_value(w)); });
        single("date", [&](const auto& w) { return finest(w); });
        single("height", [&](const auto& w) { return highest(w); });
        reserved("status", true);
        reserved("key", false);
        names();
        stock();
        group();
        return std::move(out_);
    }

private:
    using Write = std::pair<std::size_t, std::optional<Value>>;  // op, value

    /// Writes to the path that no other write to it has seen, in order of time.
    std::vector<Write> standing(const Path& at) const {
        std::vector<Write> all;
        for (const auto& [op, writes] : held_)
            if (ops_[op].record == record_)
                if (const auto it = writes.find(at); it != writes.end())
                    all.emplace_back(op, it->second);
        std::vector<Write> out;
        for (const Write& write : all)
            if (std::none_of(all.begin(), all.end(), [&](const Write& other) {
                    return ops_[other.first].seen.contains(write.first);
                }))
                out.push_back(write);
        std::sort(out.begin(), out.end(), [&](const Write& a, const Write& b) {
            return std::tie(ops_[a.first].hlc, ops_[a.first].dot) <
                   std::tie(ops_[b.first].hlc, ops_[b.first].dot);
        });
        return out;
    }

    void judge_life() {
        const auto says = [](const Writes& writes, const char* word) {
            const auto it = writes.find(life_path());
            return it != writes.end() &&
                   it->second->get_if<Value::Map>()->at("state") == Value(word);
        };
        for (const auto& [op, writes] : held_) {
            if (ops_[op].record != record_ || !says(writes, "deleted")) continue;
            const bool is_undone = std::any_of(held_.begin(), held_.end(), [&](const auto& other) {
                return says(other.second, "live") && ops_[other.first].seen.contains(op);
            });
            if (!is_undone) out_.is_deleted = true;
        }
    }

    static bool is_same(const std::string& field, const std::optional<Value>& a,
                        const std::optional<Value>& b) {
        if (!a || !b) return !a && !b;
        const bool is_number = field == "note" || field == "height";
        if (is_number)
            return std::stod(std::string(a->text())) == std::stod(std::string(b->text()));
        return *a == *b;
    }

    static std::size_t last_value(const std::vector<Write>& writes) {
        for (std::size_t i = writes.size(); i > 0; --i)
            if (writes[i - 1].second) return i - 1;
        return writes.size() - 1;
    }

    /// The digits of a partial date: one refines another when it goes on from it.
    static std::string digits(const Value& date) {
        std::string out(date.text());
        out.erase(std::find(out.begin(), out.end(), '-'), out.end());
        return out;
    }

    static std::pair<bool, std::size_t> finest(const std::vector<Write>& writes) {
        for (std::size_t i = writes.size(); i > 0; --i) {
            if (!writes[i - 1].second) continue;
            const auto mine = digits(*writes[i - 1].second);
            if (std::all_of(writes.begin(), writes.end(), [&](const Write& other) {
                    return !other.second || mine.starts_with(digits(*other.second));
                }))
                return {false, i - 1};
        }
        return {true, last_value(writes)};
    }

    static std::pair<bool, std::size_t> highest(const std::vector<Write>& writes) {
        std::size_t best = last_value(writes);
        for (std::size_t i = writes.size(); i > 0; --i)
            if (writes[i - 1].second && std::stod(std::string(writes[i - 1].second->text())) >
                                            std::stod(std::string(writes[best].second->text())))
                best = i - 1;
        return {false, best};
    }

    void log(const std::string& field, bool is_open, std::size_t shown,
             const std::vector<Write>& writes) {
        ModelConflict conflict;
        conflict.is_open = is_open;
        for (const Write& write : writes) conflict.values.push_back(write.second);
        if (!is_open) conflict.chosen = shown;
        out_.conflicts.emplace(field, std::move(conflict));
    }

    void show(const Path& at, const std::optional<Value>& value) {
        if (value) out_.fields.emplace(at, *value);
    }

    template <class Rule>
    void single(const std::string& field, Rule rule) {
        const auto writes = standing(model_path(field));
        if (writes.empty()) return;
        const bool differs = std::any_of(writes.begin(), writes.end(), [&](const Write& write) {
            return !is_same(field, write.second, writes.front().second);
        });
        const auto [is_open, shown] = differs ? rule(writes) : std::pair(false, writes.size() - 1);
        if (differs) log(field, is_open, shown, writes);
        show(model_path(field), writes[shown].second);
    }

    void reserved(const std::string& field, bool shows_proposals) {
        const auto own = standing(model_path(field));
        auto all = own;
        for (const auto& [op, writes] : held_)
            for (const auto& [at, value] : writes) {
                const auto proposal = proposal_at(at);
                if (!proposal || proposal->field != model_path(field) ||
                    ops_[op].record != record_ || ops_[op].dot.lane.node != proposal->author)
                    continue;
                const auto others = standing(at);
                const bool stands = std::any_of(others.begin(), others.end(),
                                                [&](const Write& w) { return w.first == op; });
                const bool is_answered = std::any_of(
                    own.begin(), own.end(),
                    [&](const Write& answer) { return ops_[answer.first].seen.contains(op); });
                if (stands && !is_answered) all.emplace_back(op, value);
            }
        if (all.empty()) return;
        std::sort(all.begin(), all.end(), [&](const Write& a, const Write& b) {
            return std::tie(ops_[a.first].hlc, ops_[a.first].dot) <
                   std::tie(ops_[b.first].hlc, ops_[b.first].dot);
        });
        const bool is_unanswered = own.empty() && !shows_proposals;
        const bool differs = std::any_of(all.begin(), all.end(), [&](const Write& write) {
            return write.second != all.front().second;
        });
        std::size_t shown = all.size() - 1;
        if (!own.empty())
            while (all[shown].first != own.back().first) --shown;
        if (differs || is_unanswered) log(field, is_unanswered, shown, all);
        if (!is_unanswered) show(model_path(field), all[shown].second);
    }

    void names() {
        // (clock, dot, index, element) of each element that stands, from its earliest add.
        std::set<std::tuple<Hlc, Dot, std::int64_t, std::string>> order;
        for (const std::string& element : elements) {
            const Path at = model_path("names").child(element);
            const auto writes = standing(at);
            const auto add = std::find_if(writes.begin(), writes.end(),
                                          [](const Write& w) { return w.second.has_value(); });
            if (add == writes.end()) continue;
            const Op& by = ops_[add->first];
            order.emplace(by.hlc, by.dot, *add->second->get_if<std::int64_t>(), element);
            if (std::any_of(writes.begin(), writes.end(), [](const Write& w) { return !w.second; }))
                log(at.text(), false, static_cast<std::size_t>(add - writes.begin()), writes);
        }
        Value::Array list;
        for (const auto& [hlc, dot, index, element] : order) list.emplace_back(element);
        if (!list.empty()) show(model_path("names"), Value(std::move(list)));
    }

    void stock() {
        std::optional<std::int64_t> sum;
        std::set<Path> places;
        for (const auto& [op, writes] : held_)
            for (const auto& [at, value] : writes)
                if (at.names.front() == "stock" && ops_[op].record == record_) places.insert(at);
        for (const Path& at : places)
            sum = sum.value_or(0) + *standing(at).back().second->get_if<std::int64_t>();
        if (sum) show(model_path("stock"), Value(*sum));
    }

    void group() {
        const auto writes =
            standing(model_path(place[0]));  // every write of it is of the whole group
        if (writes.empty()) return;
        std::vector<Write> objects;
        for (const auto& [op, value] : writes) {
            Value::Map object;
            for (const std::string& member : place)
                if (const auto& said = held_.at(op).at(model_path(member)))
                    object.emplace(member, *said);
            objects.emplace_back(
                op, object.empty() ? std::nullopt : std::optional<Value>(std::move(object)));
        }
        const bool differs = std::any_of(objects.begin(), objects.end(), [&](const Write& w) {
            return w.second != objects.front().second;
        });
        const std::size_t shown = objects.size() - 1;
        if (differs) log("place", true, shown, objects);
        if (objects[shown].second)
            for (const auto& [member, value] : *objects[shown].second->get_if<Value::Map>())
                show(model_path(member), value);
    }

    const std::vector<Op>& ops_;
    const Held& held_;
    std::string record_;
    ModelRecord out_;
};

// ---- the real thing beside it -------------------------------------------------------------------

class World {
public:
    World() {
        for (std::size_t n = 0; n <= replica; ++n) {
            auto& node = nodes_[n];
            node.key = SigningKey::from_seed(
                Bytes(SigningKey::seed_size, static_cast<std::uint8_t>(n + 1)));
            node.id = NodeId::from_bytes(node.key->public_key().view()).value();
            node.random = std::make_unique<SeededRandom>(n + 1);
            node.store = storage::open_memory_store(
                Epoch{n + 1}, {node.id, &*node.key, node.random.get()}, merger_);
        }
        ControlEntry entry;
        entry.chain = std::string(chain_for_all);
        entry.number = 1;
        entry.hlc = Hlc::of(1, 0);
        entry.author = nodes_[0].id;
        manifest_.owner = InstitutionId{nodes_[0].id.bytes};
        manifest_.name = "model";
        manifest_.licence = "CC0-1.0";
        manifest_.schema = schema();
        entry.body = manifest_;
        const auto first = SignedControl::sign(entry, *nodes_[0].key);
        uid_ = first.entry.dataset_uid();
        for (std::size_t n = 0; n <= replica; ++n)
            RC_ASSERT(nodes_[n].store->put_control(
                uid_, {first},
                n == 0 ? storage::Holding::own
                       : (n == replica ? storage::Holding::replica : storage::Holding::writer)));
    }

    void run() {
        hidden_.clear();
        for (const char* name : {"note", "status", "names", "date"})
            if (*rc::gen::inRange(0, 3) == 0) hidden_.insert(name);
        const int steps = *rc::gen::inRange(1, 60);
        for (int step = 0; step < steps; ++step) {
            const int kind = *rc::gen::inRange(0, 10);
            if (kind < 6)
                write();
            else if (kind < 9)
                deliver(*rc::gen::inRange<std::size_t>(0, writers),
                        *rc::gen::inRange<std::size_t>(0, writers), *rc::gen::inRange(1, 5),
                        *rc::gen::inRange(0, 4) == 0);
            else
                deliver_view(*rc::gen::inRange<std::size_t>(0, writers), true);
            check(*rc::gen::inRange<std::size_t>(0, writers + 1));
        }
        for (int round = 0; round < 4; ++round)
            for (std::size_t a = 0; a < writers; ++a)
                for (std::size_t b = 0; b < writers; ++b) deliver(a, b, 1000, false);
        deliver_view(0, false);
        for (std::size_t n = 0; n <= replica; ++n) check(n);
        for (const char* id : record_ids)
            for (std::size_t n = 1; n < writers; ++n) RC_ASSERT(real(n, id) == real(0, id));
        for (std::size_t n = 0; n <= replica; ++n)
            RC_ASSERT(nodes_[n].store->reader()->verify(std::nullopt).failed == 0U);
    }

private:
    struct Node {
        std::optional<SigningKey> key;
        NodeId id;
        std::unique_ptr<SeededRandom> random;
        std::unique_ptr<storage::Store> store;
        Held held;
        /// What each import source had seen of a record when it last wrote: in both worlds.
        std::map<std::pair<int, std::string>, std::pair<VersionVector, std::set<std::size_t>>>
            imports;
    };

    [[nodiscard]] std::optional<storage::RecordState> state(std::size_t n, const std::string& id) {
        return nodes_[n].store->reader()->record(uid_, {"germplasm", id});
    }

    ModelRecord real(std::size_t n, const std::string& id) {
        ModelRecord out;
        const auto held = state(n, id);
        if (!held) return out;
        const auto merged = merger_.merge(manifest_, held->changes);
        out.is_deleted = merged.is_deleted;
        out.fields = merged.fields;
        for (const MergeConflict& conflict : merged.conflicts) {
            ModelConflict& entry = out.conflicts[conflict.field];
            entry.is_open = conflict.is_open;
            entry.chosen = conflict.chosen;
            for (const Sibling& sibling : conflict.values) entry.values.push_back(sibling.value);
        }
        return out;
    }

    void check(std::size_t n) {
        for (const char* id : record_ids) {
            const auto expected = Model(ops_, nodes_[n].held, id).work_out();
            const auto got = real(n, id);
            RC_ASSERT(got.is_deleted == expected.is_deleted);
            RC_ASSERT(got.fields == expected.fields);
            RC_ASSERT(got.conflicts == expected.conflicts);
        }
    }

    std::optional<Value> random_value(const std::string& field) {
        if (*rc::gen::inRange(0, 5) == 0) return std::nullopt;
        static const std::map<std::string, std::vector<std::string>> values{
            {"note", {"5", "5.0", "6", "7"}},
            {"height", {"90", "90.0", "120", "75"}},
            {"date", {"2001----", "200107--", "20010715", "2002----"}}};
        const auto it = values.find(field);
        if (it == values.end()) return Value("v" + std::to_string(*rc::gen::inRange(0, 4)));
        return Value(it->second[*rc::gen::inRange<std::size_t>(0, it->second.size())]);
    }

    /// What a person or an import at node n writes.
    Writes random_writes(std::size_t n, const std::optional<storage::RecordState>& now) {
        Writes out;
        const Node& node = nodes_[n];
        const int count = *rc::gen::inRange(1, 4);
        for (int i = 0; i < count; ++i) {
            switch (*rc::gen::inRange(0, 8)) {
                case 0:
                    for (const std::string& member : place)
                        out[model_path(member)] = random_value(member);
                    break;
                case 1: {
                    const auto& element = elements[*rc::gen::inRange<std::size_t>(0, 4)];
                    out[model_path("names").child(element)] =
                        *rc::gen::inRange(0, 3) == 0
                            ? std::nullopt
                            : std::optional<Value>(Value(*rc::gen::inRange(0, 3)));
                    break;
                }
                case 2: {
                    const Path at =
                        counter_path(model_path("stock"), {node.id, node.store->epoch()});
                    std::int64_t total = *rc::gen::inRange(-5, 10);
                    if (now) {
                        const auto merged = merger_.merge(manifest_, now->changes);
                        if (const auto it = merged.siblings.find(at); it != merged.siblings.end())
                            total += *it->second.back().value->get_if<std::int64_t>();
                    }
                    out[at] = Value(total);
                    break;
                }
                case 3:
                case 4: {
                    const Path field = model_path(*rc::gen::inRange(0, 2) == 0 ? "status" : "key");
                    out[n == 0 ? field : proposal_path(field, node.id)] = random_value("status");
                    break;
                }
                default: {
                    static const std::array<std::string, 4> names{"note", "opinion", "date",
                                                                  "height"};
                    const auto& field = names[*rc::gen::inRange<std::size_t>(0, names.size())];
                    out[model_path(field)] = random_value(field);
                }
            }
        }
        return out;
    }

    /// Takes one value of a conflict, over all that stand.
    Writes resolution(std::size_t n, const std::string& id) {
        Writes out;
        const auto now = state(n, id);
        if (!now) return out;
        const auto merged = merger_.merge(manifest_, now->changes);
        if (merged.conflicts.empty()) return out;
        const auto& conflict =
            merged.conflicts[*rc::gen::inRange<std::size_t>(0, merged.conflicts.size())];
        const auto& value =
            conflict.values[*rc::gen::inRange<std::size_t>(0, conflict.values.size())].value;
        if (conflict.field == "status" || conflict.field == "key") {
            if (n != 0) return out;
            for (const auto& [at, siblings] : merged.siblings)
                if (const auto proposal = proposal_at(at);
                    proposal && proposal->field == model_path(conflict.field))
                    out[at] = std::nullopt;
        }
        if (!conflict.is_group) {
            out[model_path(conflict.field)] = value;
            return out;
        }
        for (const std::string& member : place) {
            const auto* object = value ? value->get_if<Value::Map>() : nullptr;
            const bool has = object && object->contains(member);
            out[model_path(member)] = has ? std::optional<Value>(object->at(member)) : std::nullopt;
        }
        return out;
    }

    std::set<std::size_t> held_of(std::size_t n, const std::string& id) const {
        std::set<std::size_t> out;
        for (const auto& [op, writes] : nodes_[n].held)
            if (ops_[op].record == id) out.insert(op);
        return out;
    }

    void write() {
        const auto n = *rc::gen::inRange<std::size_t>(0, writers);
        Node& node = nodes_[n];
        const std::string id = record_ids[*rc::gen::inRange<std::size_t>(0, record_ids.size())];
        const auto now = state(n, id);
        const int kind = *rc::gen::inRange(0, 12);
        Op op;
        op.author = n;
        op.record = id;
        op.seen = held_of(n, id);
        storage::Edit edit;
        edit.key = {"germplasm", id};
        if (now) edit.context = now->version;
        std::optional<int> source;
        if (kind == 0)
            op.writes = {{life_path(), deleted_value()}};
        else if (kind == 1)
            op.writes = {{life_path(), restored_value()}};
        else if (kind <= 4)
            op.writes = resolution(n, id);
        else
            op.writes = random_writes(n, now);
        if (kind >= 9) {  // an import: based on what its source saw when it last wrote
            source = *rc::gen::inRange(0, 2);
            const auto it = node.imports.find({*source, id});
            edit.context = it == node.imports.end() ? VersionVector{} : it->second.first;
            op.seen = it == node.imports.end() ? std::set<std::size_t>{} : it->second.second;
            // A counter goes by what its lane wrote last, so it is no import's.
            std::erase_if(op.writes,
                          [](const auto& w) { return w.first.names.front() == "stock"; });
        }
        if (op.writes.empty()) return;
        for (const auto& [at, value] : op.writes) edit.writes.push_back({at, value});
        storage::AuthorRequest request;
        request.dataset = uid_;
        request.now = Millis(now_ms_ += *rc::gen::inRange(0, 3));
        request.edits.push_back(edit);
        const auto made = node.store->author(request);
        RC_ASSERT(made.has_value());
        if (!made->refused_deleted.empty()) {
            RC_ASSERT(Model(ops_, node.held, id).work_out().is_deleted);
            return;
        }
        const auto& header = made->commits.back().header;
        op.dot = header.dot();
        op.hlc = header.hlc;
        by_dot_[op.dot] = ops_.size();
        node.held[ops_.size()] = op.writes;
        ops_.push_back(std::move(op));
        if (source) node.imports[{*source, id}] = {state(n, id)->version, held_of(n, id)};
    }

    /// Some commits of each lane, in its order; from its beginning when `repeats`.
    void deliver(std::size_t from, std::size_t to, int limit, bool repeats) {
        if (from == to) return;
        const auto reader = nodes_[from].store->reader();
        for (const Head& head : reader->heads(uid_)) {
            Sequence after{};
            if (!repeats)
                for (const Head& held : nodes_[to].store->reader()->heads(uid_))
                    if (held.lane == head.lane) after = held.sequence;
            int sent = 0;
            for (CommitPart& part : reader->commits(uid_, head.lane, after, 1000)) {
                if (++sent > limit) break;
                const Dot dot = part.signed_header.header.dot();
                if (!apply(to, std::move(part))) break;  // names what is not there yet
                const std::size_t op = by_dot_.at(dot);
                nodes_[to].held[op] = ops_[op].writes;
            }
        }
    }

    bool apply(std::size_t to, CommitPart part) {
        auto verified = VerifiedPart::verify(std::move(part),
                                             [](const NodeId&, const PublicKey&) { return true; });
        RC_ASSERT(verified.has_value());
        storage::ApplyRequest request;
        request.dataset = uid_;
        request.parts.push_back(std::move(*verified));
        const auto applied = nodes_[to].store->apply(request);
        if (!applied) RC_ASSERT(applied.error().code == "missing_head");
        return applied.has_value();
    }

    /// What the replica may see of a node's records, one change at a time in any order.
    void deliver_view(std::size_t from, bool only_some) {
        std::vector<std::pair<std::size_t, CommitPart>> sent;
        for (const char* id : record_ids) {
            const auto record = state(from, id);
            if (!record) continue;
            const auto standings = storage::weigh(record->changes);
            for (std::size_t i = 0; i < record->changes.size(); ++i) {
                const auto& change = record->changes[i];
                const auto crosses = [&](const Path& field) {
                    return is_visible(field, hidden_) &&
                           std::none_of(standings[i].superseded.begin(),
                                        standings[i].superseded.end(), [&](std::size_t f) {
                                            return change.change.fields[f].write.path == field;
                                        });
                };
                if (std::none_of(change.change.fields.begin(), change.change.fields.end(),
                                 [&](const OpenField& f) { return crosses(f.write.path); }))
                    continue;
                if (only_some && *rc::gen::inRange(0, 3) == 0) continue;
                auto parts = nodes_[from].store->reader()->parts(uid_, {change.position});
                RC_ASSERT(parts.size() == 1U);
                parts.front().changes.front() = change.change.redacted(crosses);
                sent.emplace_back(by_dot_.at(change.dot), std::move(parts.front()));
            }
        }
        for (std::size_t i = sent.size(); i > 1; --i)
            std::swap(sent[i - 1], sent[*rc::gen::inRange<std::size_t>(0, i)]);
        for (auto& [op, part] : sent) {
            Writes& held = nodes_[replica].held[op];
            for (const OpenField& field : part.changes.front().fields)
                held[field.write.path] = field.write.value;
            RC_ASSERT(apply(replica, std::move(part)));
        }
    }

    Merger merger_;
    Manifest manifest_;
    DatasetUid uid_;
    std::array<Node, writers + 1> nodes_;
    std::set<std::string> hidden_;
    std::vector<Op> ops_;
    std::map<Dot, std::size_t> by_dot_;
    std::int64_t now_ms_ = 1'000'000;
};

}  // namespace

TEST_CASE("merging: a naive model comes to the same records and the same conflicts") {
    init_crypto();
    CHECK(rc::check([] { World().run(); }));
}
