// SPDX-License-Identifier: Apache-2.0
// A federation that lives for a minute of virtual time under faults drawn from a seed, and is then
// left in peace. Two owners, one of them with two nodes, a writer, two subscribers; edits,
// deletions, restorations, grants and their ends, subscriptions, searches; cut links, partitions,
// stops at any write, restored stores.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/arrival_checker.hpp"
#include "tests/simulation/convergence_checker.hpp"
#include "tests/simulation/leak_checker.hpp"
#include "tests/simulation/loss_checker.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

struct FederationOptions {
    std::uint64_t seed = 1;
    int steps = 120;
    bool stops = true;
    bool partitions = true;
    bool restores = true;
    SimWorld::StoreWrapper wrap;  ///< plants a bug
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
        irri_ = world.add_node("irri", options_.wrap);
        irri2_ = world.add_node("irri", options_.wrap);
        ipk_ = world.add_node("ipk", options_.wrap);
        cimmyt_ = world.add_node("cimmyt", options_.wrap);
        usda_ = world.add_node("usda", options_.wrap);
        world.on_send = [this](std::size_t from, std::size_t to, const messages::Message& m) {
            leaks.on_send(from, to, m);
            return true;
        };
        world.on_stop = [this](std::size_t node) { start_again_later(node); };
        rice = world.create_dataset(irri_, "rice", {"ipk"});
        wheat = world.create_dataset(cimmyt_, "wheat");
        world.run_for(Millis{2000});
    }

    std::size_t irri() const { return irri_; }
    std::size_t ipk() const { return ipk_; }
    std::size_t cimmyt() const { return cimmyt_; }
    std::size_t usda() const { return usda_; }
    void note_subscriptions() {
        for (std::size_t node = 0; node < world.size(); ++node) read_subscriptions(node);
    }

    void live() {
        for (int step = 0; step < options_.steps; ++step) {
            one_step();
            world.run_for(Millis{static_cast<std::int64_t>(world.below(900))});
        }
    }

    /// Ends all faults and waits until nothing is left to do.
    void rest() {
        is_resting_ = true;
        for (std::size_t a = 0; a < world.size(); ++a)
            for (std::size_t b = a + 1; b < world.size(); ++b) world.set_reachable(a, b, true);
        for (std::size_t node = 0; node < world.size(); ++node) {
            world[node].store->stop_before(0);
            world.start(node);
        }
        world.run_for(Millis{200'000});
        note_subscriptions();
    }

    /// Everything that any checker found.
    std::vector<std::string> check() {
        std::vector<std::string> out = leaks.leaks();
        const auto add = [&](std::vector<std::string> found) {
            out.insert(out.end(), found.begin(), found.end());
        };
        for (const auto& [subscriber, owner, dataset, name] : wanted())
            add(check_arrival(world, owner, subscriber, dataset,
                              subscribed_.contains({subscriber, name})));
        add(check_convergence(world, {irri_, irri2_, ipk_}, rice));
        for (const std::size_t node : {irri_, irri2_, ipk_}) add(losses.check(world, node, rice));
        add(losses.check(world, cimmyt_, wheat));
        add(check_stores(world));
        return out;
    }

private:
    struct Wanted {
        std::size_t subscriber;
        std::size_t owner;
        DatasetUid dataset;
        std::string name;
    };
    [[nodiscard]] std::vector<Wanted> wanted() const {
        return {{cimmyt_, irri_, rice, "irri/rice"},
                {usda_, irri_, rice, "irri/rice"},
                {usda_, cimmyt_, wheat, "cimmyt/wheat"},
                {ipk_, cimmyt_, wheat, "cimmyt/wheat"}};
    }

    void start_again_later(std::size_t node) {
        world.after(Millis{static_cast<std::int64_t>(world.below(5000))}, [this, node] {
            if (options_.restores && !is_resting_ && world.below(4) == 0 && may_be_restored(node)) {
                world.restore_backup(node);
                losses.disk_lost(world[node].id,
                                 {world[irri_].disk.get(), world[irri2_].disk.get()});
                read_subscriptions(node);
            }
            world.start(node);
        });
    }

    /// A restored owner or writer gets its later commits back from the others; a restored replica
    /// is copied anew. An owner alone has nobody who could give back what the backup lacks.
    [[nodiscard]] bool may_be_restored(std::size_t node) const {
        return world.has_backup(node) && (node == usda_ || node == ipk_);
    }

    void one_step() {
        switch (world.below(20)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
            case 6:
                return edit();
            case 7:
                return grant();
            case 8:
                return revoke();
            case 9:
            case 10:
                return subscribe();
            case 11:
                return unsubscribe();
            case 12:
                return search();
            case 13:
                return world.cut_between(world.below(5), world.below(5));
            case 14:
            case 15:
                if (options_.partitions) partition();
                return;
            case 16:
            case 17:
                if (options_.stops) world[world.below(5)].store->stop_before(1 + world.below(12));
                return;
            case 18:
                if (options_.stops) kill();
                return;
            default:
                if (options_.restores) world.back_up(world.below(2) == 0 ? usda_ : ipk_);
                return;
        }
    }

    void edit() {
        static constexpr const char* fields[] = {"remarks", "pedigree", "local", "secret"};
        const bool is_rice = world.below(3) != 0;
        const std::size_t rice_writers[] = {irri_, irri2_, ipk_};
        const std::size_t node = is_rice ? rice_writers[world.below(3)] : cimmyt_;
        const DatasetUid dataset = is_rice ? rice : wheat;
        const std::string id = "r" + std::to_string(world.below(12));
        if (!world[node].reader()->dataset(dataset)) return;
        std::vector<FieldWrite> writes;
        const auto kind = world.below(10);
        if (kind == 0) {
            writes.push_back({life_path(), sync::deleted_value()});
        } else if (kind <= 2) {
            writes.push_back({life_path(), sync::restored_value()});
        } else {
            std::set<std::string> chosen{fields[world.below(4)], fields[world.below(4)]};
            for (const std::string& field : chosen) {
                std::optional<Value> value(Value("v" + std::to_string(++values_)));
                if (world.below(8) == 0) value.reset();
                writes.push_back({Path::single(field), value});
            }
        }
        for (const SignedHeader& made :
             world.write_and_tell(node, dataset, {"germplasm", id}, std::move(writes)))
            losses.made(dataset, made);
    }

    void grant() {
        const bool is_rice = world.below(2) == 0;
        const std::size_t owner = is_rice ? irri_ : cimmyt_;
        if (!world[owner].is_up()) return;
        static constexpr const char* audiences[] = {"usda", "cimmyt", "ipk", "members"};
        std::vector<Path> hide;
        if (world.below(3) == 0) hide.push_back(Path::single("secret"));
        try {
            grants_.emplace_back(
                owner, world.grant(owner, is_rice ? rice : wheat, audiences[world.below(4)],
                                   {sangam::Action::replicate}, std::move(hide)));
        } catch (const std::runtime_error&) {
            // its own institution, or the process stopped under it
        }
    }

    void revoke() {
        if (grants_.empty()) return;
        const std::size_t i = world.below(grants_.size());
        const auto [owner, id] = grants_[i];
        if (!world[owner].is_up()) return;
        grants_.erase(grants_.begin() + static_cast<std::ptrdiff_t>(i));
        try {
            world.revoke(owner, id);
        } catch (const std::runtime_error&) {
            // the process had stopped while making the grant
        }
    }

    void subscribe() {
        const auto all = wanted();
        const Wanted& one = all[world.below(all.size())];
        if (const auto id = world.subscribe(one.subscriber, one.name))
            subscribed_[{one.subscriber, one.name}] = *id;
        read_subscriptions(one.subscriber);
    }

    void unsubscribe() {
        if (subscribed_.empty()) return;
        auto it = subscribed_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(world.below(subscribed_.size())));
        const auto [key, id] = *it;
        world.act(key.first, [&](sync::Engine& engine, Millis now) {
            static_cast<void>(engine.unsubscribe(id, now));
        });
        read_subscriptions(key.first);
    }

    /// What is subscribed is what the disk says: a stop may have come before or after the write.
    void read_subscriptions(std::size_t node) {
        std::erase_if(subscribed_, [&](const auto& entry) { return entry.first.first == node; });
        for (const auto& row : world[node].reader()->own_subscriptions())
            subscribed_[{node, row.dataset_name}] = row.id;
    }

    void search() {
        sync::SearchQuery query;
        query.query = "v" + std::to_string(world.below(200));
        query.deadline = Millis{300};
        const std::size_t node = world.below(5);
        world.act(node, [&](sync::Engine& engine, Millis now) {
            engine.start_search(query, sync::Asker::home(world[node].institution), now);
        });
    }

    void partition() {
        for (std::size_t a = 0; a < world.size(); ++a)
            for (std::size_t b = a + 1; b < world.size(); ++b)
                world.set_reachable(a, b, world.below(3) != 0);
    }

    void kill() {
        const std::size_t node = world.below(5);
        if (!world[node].is_up()) return;
        world.kill(node);
        start_again_later(node);
    }

    FederationOptions options_;
    std::size_t irri_ = 0, irri2_ = 0, ipk_ = 0, cimmyt_ = 0, usda_ = 0;
    std::vector<std::pair<std::size_t, GrantId>> grants_;
    std::map<std::pair<std::size_t, std::string>, SubscriptionId> subscribed_;
    bool is_resting_ = false;
    std::uint64_t values_ = 0;

public:
    // `world` is declared after what its callbacks use.
    SimWorld world;
    LeakChecker leaks;
    LossChecker losses;
    DatasetUid rice;
    DatasetUid wheat;
};

}  // namespace sangam::testing
