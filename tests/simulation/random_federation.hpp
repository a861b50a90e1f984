// SPDX-License-Identifier: Apache-2.0
// A federation that lives for a minute of virtual time under what a seed draws (happenings.hpp,
// layout.hpp), and is then left in peace until nothing is left to do.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/arrival_checker.hpp"
#include "tests/simulation/convergence_checker.hpp"
#include "tests/simulation/happenings.hpp"
#include "tests/simulation/layout.hpp"
#include "tests/simulation/leak_checker.hpp"
#include "tests/simulation/loss_checker.hpp"
#include "tests/simulation/random_edits.hpp"
#include "tests/simulation/rest_checker.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

/// A run in which less happens shows little.
inline constexpr std::size_t least_happenings = 500;

struct FederationOptions {
    std::uint64_t seed = 1;
    SimWorld::StoreWrapper wrap;  ///< plants a bug in a store
    /// Plants a bug in the network: false swallows the message.
    std::function<bool(std::size_t from, std::size_t to, const messages::Message&)> passes;
};

class RandomFederation {
public:
    static SimOptions network_of(const FederationOptions& options) {
        SimOptions out;
        out.seed = options.seed;
        out.min_delay = Millis{1};
        out.max_delay = Millis{static_cast<std::int64_t>(5 + options.seed % 120)};
        out.redial = Millis{200};
        return out;
    }

    explicit RandomFederation(const FederationOptions& options)
        : options_(options), world(network_of(options)), leaks(world) {
        world.on_send = [this](std::size_t from, std::size_t to, const messages::Message& m) {
            leaks.on_send(from, to, m);
            return !options_.passes || options_.passes(from, to, m);
        };
        world.on_stop = [this](std::size_t node) {
            tally.add(Happening::store_stop);
            start_again_later(node);
        };
        datasets = lay_out(world, options_.wrap);
        for (const SimDataset& dataset : datasets)
            for (const std::size_t node : dataset.others) wanted_.push_back({&dataset, node});
        world.run_for(Millis{2000});
        for (std::size_t node = 0; node < world.size(); ++node) world.back_up(node);
    }
    RandomFederation(const RandomFederation&) = delete;

    void live() {
        for (const Happening happening : shuffled_happenings(world.random())) {
            happen(happening);
            world.run_for(Millis{static_cast<std::int64_t>(world.below(200))});
            if (after_each) after_each();
        }
        // What could not come about leaves room for more of what nearly always can.
        for (int i = 0; i < 100 && tally.total() < least_happenings; ++i) {
            happen(Happening::edit);
            world.run_for(Millis{100});
        }
    }

    /// Ends all faults and waits until nothing is left to do.
    void rest() {
        world.heal();
        for (std::size_t node = 0; node < world.size(); ++node) {
            world[node].clock_off = Millis{0};
            world[node].store->stop_before(0);
            world.start(node);
        }
        // A dead link shows after 30 s, what was not taken is offered again after 30 s; what is
        // dated ahead passes after some minutes.
        world.run_for(Millis{70'000});
        for (int i = 0; i < 12 && !check_rest(world).empty(); ++i) world.run_for(Millis{15'000});
        for (std::size_t node = 0; node < world.size(); ++node) read_subscriptions(node);
    }

    /// Everything that any checker found.
    [[nodiscard]] std::vector<std::string> check() {
        std::vector<std::string> out = leaks.leaks();
        const auto add = [&](std::vector<std::string> found) {
            out.insert(out.end(), found.begin(), found.end());
        };
        for (const Wanted& one : wanted_)
            add(check_arrival(world, one.dataset->home, one.node, one.dataset->uid,
                              subscription_of(one)));
        for (const SimDataset& dataset : datasets) {
            add(check_convergence(world, dataset.holders, dataset.uid));
            for (const std::size_t node : dataset.holders)
                add(losses.check(world, node, dataset.uid));
        }
        add(check_stores(world));
        add(check_rest(world));
        return out;
    }

    /// A planted bug's own happening.
    std::function<void()> after_each;
    Tally tally;

private:
    struct Wanted {
        const SimDataset* dataset;
        std::size_t node;
    };

    template <class T>
    const T& any_of(const std::vector<T>& all) {
        return all[world.below(all.size())];
    }
    std::size_t any_node() { return world.below(world.size()); }
    /// Two different nodes.
    std::pair<std::size_t, std::size_t> any_pair() {
        const std::size_t a = any_node();
        const std::size_t b = (a + 1 + world.below(world.size() - 1)) % world.size();
        return {a, b};
    }
    std::string any_record() { return "r" + std::to_string(world.below(12)); }

    void happen(Happening happening) {
        switch (happening) {
            case Happening::edit:
                return insist([&] { return edit(); });
            case Happening::late_edit:
                return insist([&] { return late_edit(); });
            case Happening::deletion:
                return insist([&] { return remove(); });
            case Happening::restoration:
                return restore_record();
            case Happening::resolution:
                return resolve();
            case Happening::grant:
                return grant();
            case Happening::revocation:
                return revoke();
            case Happening::subscription:
                return subscribe();
            case Happening::unsubscription:
                return unsubscribe();
            case Happening::search:
                return search();
            case Happening::store_stop:  // counted when it comes about
                return world[any_node()].store->stop_before(1 + world.below(12));
            case Happening::kill:
                return kill();
            case Happening::backup:
                world.back_up(any_node());
                break;
            case Happening::restored_store:
                return restore_store();
            default:
                disturb(happening);
        }
        tally.add(happening);
    }

    /// Network and clocks.
    void disturb(Happening happening) {
        const auto [a, b] = any_pair();
        const auto seconds = [](std::uint64_t count) {
            return Millis{static_cast<std::int64_t>(count) * 1000};
        };
        switch (happening) {
            case Happening::cut:
                return world.cut_between(a, b);
            case Happening::partition:
                for (std::size_t x = 0; x < world.size(); ++x)
                    for (std::size_t y = x + 1; y < world.size(); ++y)
                        if (world.below(3) == 0) world.set_reachable(x, y, false);
                return;
            case Happening::heal:
                return world.heal();
            case Happening::stall:
                return world.stall(a, b, seconds(1 + world.below(8)));
            case Happening::loss:
                return world.lose(a, b);
            case Happening::clock_skew:
                world[a].clock_off = seconds(world.below(120)) - seconds(60);
                return;
            case Happening::clock_far_ahead:
                world[a].clock_off = seconds(11 * 60 + world.below(60));
                return;
            default:
                SANGAM_ASSERT(false && "no fault of the network or of a clock");
        }
    }

    // ---- records
    // ---------------------------------------------------------------------------------

    /// An edit of a record that is deleted is refused, and a node may be down: tried elsewhere, and
    /// then a little later.
    void insist(const std::function<bool()>& attempt) {
        for (int tries = 1; tries <= 24 && !attempt(); ++tries)
            if (tries % 6 == 0) world.run_for(Millis{500});
    }
    Writer writer_at(std::size_t node, const SimDataset& dataset) {
        return {Lane{world[node].id, world[node].store->epoch()},
                world[node].institution == world[dataset.home].institution};
    }
    bool edit() {
        const SimDataset& dataset = any_of(datasets);
        const std::size_t node = any_of(dataset.holders);
        return write_at(Happening::edit, node, dataset, any_record(),
                        edits_.fields(writer_at(node, dataset)), nullptr);
    }
    bool remove() {
        const SimDataset& dataset = any_of(datasets);
        return write_at(Happening::deletion, any_of(dataset.holders), dataset, any_record(),
                        {{life_path(), sync::deleted_value()}}, nullptr);
    }
    bool write_at(Happening kind, std::size_t node, const SimDataset& dataset,
                  const std::string& id, std::vector<FieldWrite> writes,
                  const VersionVector* based_on) {
        const RecordKey key{"germplasm", id};
        if (!world[node].is_up() || !world[node].reader()->dataset(dataset.uid)) return false;
        if (const auto record = world[node].reader()->record(dataset.uid, key);
            record && world.below(4) == 0)
            versions_[{node, dataset.uid, id}] = record->version;
        const auto made = world.write_and_tell(node, dataset.uid, key, std::move(writes), based_on);
        for (const SignedHeader& commit : made) losses.made(dataset.uid, commit);
        if (!made.empty()) tally.add(kind);
        return !made.empty();
    }

    bool late_edit() {
        const SimDataset& dataset = any_of(datasets);
        const std::size_t node = any_of(dataset.holders);
        const std::string id = any_record();
        const auto seen = versions_.find({node, dataset.uid, id});
        const VersionVector based_on =
            seen == versions_.end() || world.below(3) == 0 ? VersionVector{} : seen->second;
        return write_at(Happening::late_edit, node, dataset, id,
                        edits_.fields(writer_at(node, dataset)), &based_on);
    }

    /// Calls `visit` for records that a node holds, from one drawn, until it returns true.
    void find_record(
        const SimDataset& dataset, std::size_t node,
        const std::function<bool(const std::string&, const sync::MergedRecord&)>& visit) {
        const auto reader = world[node].reader();
        const auto info = reader->dataset(dataset.uid);
        if (!info) return;
        const std::size_t first = world.below(12);
        for (std::size_t i = 0; i < 12; ++i) {
            const std::string id = "r" + std::to_string((first + i) % 12);
            const auto record = reader->record(dataset.uid, {"germplasm", id});
            if (record && visit(id, world[node].merger.merge(info->manifest, record->changes)))
                return;
        }
    }

    void restore_record() {
        const SimDataset& dataset = any_of(datasets);
        const std::size_t node = any_of(dataset.holders);
        find_record(dataset, node, [&](const std::string& id, const sync::MergedRecord& record) {
            if (!record.is_deleted) return false;
            write_at(Happening::restoration, node, dataset, id,
                     {{life_path(), sync::restored_value()}}, nullptr);
            return true;
        });
    }

    void resolve() {
        const SimDataset& dataset = any_of(datasets);
        const std::size_t node = any_of(dataset.holders);
        find_record(dataset, node, [&](const std::string& id, const sync::MergedRecord& record) {
            if (record.is_deleted) return false;
            std::vector<sync::MergeConflict> own;  // the owner alone settles what only it writes
            for (const sync::MergeConflict& conflict : record.conflicts)
                if ((conflict.strategy != "owner_wins" && conflict.strategy != "identity") ||
                    writer_at(node, dataset).is_owner)
                    own.push_back(conflict);
            if (own.empty()) return false;
            const sync::MergeConflict& conflict = any_of(own);
            std::vector<FieldWrite> writes;
            if (conflict.is_group)
                writes = edits_.place();
            else
                writes.push_back(
                    {Path::parse(conflict.field).value(), any_of(conflict.values).value});
            writes.push_back(
                {sync::resolution_path(), Value(Value::Map{{"field", Value(conflict.field)},
                                                           {"reason", Value("seen on paper")}})});
            write_at(Happening::resolution, node, dataset, id, std::move(writes), nullptr);
            return true;
        });
    }

    // ---- sharing
    // ---------------------------------------------------------------------------------

    void grant() {
        const SimDataset& dataset = any_of(datasets);
        if (!world[dataset.home].is_up()) return;
        std::string audience = "members";
        if (world.below(4) != 0) audience = world[any_of(dataset.others)].handle;
        std::vector<Path> hide = edits_.hidden();
        const std::string where = world.below(2) == 0 ? any_condition() : std::string();
        try {
            grants_.emplace_back(dataset.home,
                                 world.grant(dataset.home, dataset.uid, audience,
                                             {sangam::Action::replicate}, std::move(hide), where));
            tally.add(Happening::grant);
        } catch (const std::runtime_error&) {
            // the process stopped under it
        }
    }

    std::string any_condition() { return any_of(plain_conditions()).text; }

    void revoke() {
        if (grants_.empty()) return;
        const std::size_t i = world.below(grants_.size());
        const auto [owner, id] = grants_[i];
        if (!world[owner].is_up()) return;
        grants_.erase(grants_.begin() + static_cast<std::ptrdiff_t>(i));
        try {
            world.revoke(owner, id);
            tally.add(Happening::revocation);
        } catch (const std::runtime_error&) {
            // the process had stopped while making the grant
        }
    }

    void subscribe() {
        const Wanted& one = any_of(wanted_);
        const std::string where = world.below(4) == 0 ? any_condition() : std::string();
        if (world.subscribe(one.node, one.dataset->name, where)) tally.add(Happening::subscription);
        read_subscriptions(one.node);
    }

    void unsubscribe() {
        if (subscribed_.empty()) return;
        auto it = subscribed_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(world.below(subscribed_.size())));
        const auto [key, id] = *it;
        const bool is_done = world.act(key.first, [&](sync::Engine& engine, Millis now) {
            static_cast<void>(engine.unsubscribe(id, now));
        });
        if (is_done) tally.add(Happening::unsubscription);
        read_subscriptions(key.first);
    }

    /// What is subscribed is what the disk says: a stop may have come before or after the write.
    void read_subscriptions(std::size_t node) {
        std::erase_if(subscribed_, [&](const auto& entry) { return entry.first.first == node; });
        for (const auto& row : world[node].reader()->own_subscriptions())
            subscribed_[{node, row.dataset_name}] = row.id;
    }

    /// What the subscriber's disk says that it wants of the dataset. One whose condition the owner
    /// has refused, since no record that showed had the field, gets nothing until it asks anew.
    std::optional<storage::OwnSubscription> subscription_of(const Wanted& one) {
        for (auto& row : world[one.node].reader()->own_subscriptions())
            if (row.dataset_name == one.dataset->name) {
                for (const auto& now : world[one.node].engine->status(world.now()).subscriptions)
                    if (now.id == row.id && now.state == "refused") return std::nullopt;
                return row;
            }
        return std::nullopt;
    }

    void search() {
        sync::SearchQuery query;
        query.query = "v" + std::to_string(world.below(200));
        query.deadline = Millis{300};
        const std::size_t node = any_node();
        const bool is_asked = world.act(node, [&](sync::Engine& engine, Millis now) {
            engine.start_search(query, sync::Asker::home(world[node].institution), now);
        });
        if (is_asked) tally.add(Happening::search);
    }

    // ---- processes and disks
    // ---------------------------------------------------------------------

    void start_again_later(std::size_t node) {
        world.after(Millis{static_cast<std::int64_t>(world.below(3000))},
                    [this, node] { world.start(node); });
    }

    void kill() {
        const std::size_t node = any_node();
        if (!world[node].is_up()) return;
        world.kill(node);
        tally.add(Happening::kill);
        start_again_later(node);
    }

    /// Not of a node whose backup lacks control entries that it made: an owner alone has nobody who
    /// could give them back. A writer gets its later commits back from others; a replica is copied
    /// anew.
    void restore_store() {
        std::vector<std::size_t> candidates;
        for (std::size_t node = 0; node < world.size(); ++node)
            if (std::all_of(datasets.begin(), datasets.end(), [&](const SimDataset& dataset) {
                    return dataset.home != node ||
                           world[node].backup->reader()->control_numbers(dataset.uid) ==
                               world[node].reader()->control_numbers(dataset.uid);
                }))
                candidates.push_back(node);
        const std::size_t node = any_of(candidates);
        if (world[node].is_up()) {
            world.kill(node);
            start_again_later(node);
        }
        losses.before_restore(world, node);
        world.restore_backup(node);
        losses.after_restore(world, node);
        read_subscriptions(node);
        tally.add(Happening::restored_store);
    }

    FederationOptions options_;
    std::vector<Wanted> wanted_;
    std::vector<std::pair<std::size_t, GrantId>> grants_;
    std::map<std::pair<std::size_t, std::string>, SubscriptionId> subscribed_;
    /// Versions of records that somebody had on the screen.
    std::map<std::tuple<std::size_t, DatasetUid, std::string>, VersionVector> versions_;

public:
    // `world` is declared after what its callbacks use.
    SimWorld world;

private:
    EditDrawer edits_{world.random()};

public:
    LeakChecker leaks;
    LossChecker losses;
    std::vector<SimDataset> datasets;
};

}  // namespace sangam::testing
