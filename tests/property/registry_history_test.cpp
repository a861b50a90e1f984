// SPDX-License-Identifier: Apache-2.0
// Random histories of a registry, with restarts in between, and clients that follow in their own
// time, from the registry or from one another: all end with the same members, and every proof
// verifies.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "../unit/registry/registry_fixture.hpp"
#include "protocol/merkle.hpp"
#include "registry/log_verifier.hpp"
#include "registry/update_assembler.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;

namespace {

constexpr std::uint8_t most_nodes = 120;  // keys from 200 on are the registry's

/// A registry, everybody's nodes and three followers.
class History {
public:
    explicit History(std::uint64_t seed) : random_(seed) {
        for (int i = 0; i < 3; ++i) clients_.push_back(registry_.client());
    }

    void step() {
        now_ += Millis(static_cast<std::int64_t>(below(40)) * 60'000);
        switch (below(12)) {
            case 0:
            case 1:
                enrol_new(true);
                break;
            case 2:
                enrol_new(false);
                break;
            case 3:
                approve_all();
                break;
            case 4:
            case 5:
                publish();
                break;
            case 6:
                further_node();
                break;
            case 7:
                revoke();
                break;
            case 8:
                registry_.restart(now_);
                break;
            case 9:
                carry_out(registry_.disk, registry_.service->tick(now_));
                break;
            default:
                break;
        }
        remember_checkpoint();
        if (below(3) == 0) follow(below(clients_.size()));
        if (below(10) == 0) pass_on();
        if (below(20) == 0) reload(below(clients_.size()));
    }

    void check_the_end() {
        for (std::size_t i = 0; i < clients_.size(); ++i) follow(i);
        const Service& service = *registry_.service;
        Directory fresh = registry_.client();
        RC_ASSERT(fresh.apply(registry_.update(), now_).has_value());
        for (const Directory& d : clients_) {
            RC_ASSERT(d.tree_size() == service.log().size());
            RC_ASSERT(d.root_hash() == service.log().root());
            RC_ASSERT(d.membership() == service.membership());
            RC_ASSERT(d.ignored_entries().empty());
            RC_ASSERT(d.split_views().empty());
            RC_ASSERT(d.missing_documents().empty());
            for (const auto& [id, node] : service.membership().nodes()) {
                if (node.revoked) continue;
                RC_ASSERT(d.document(id) != nullptr);
                RC_ASSERT(*d.document(id) == *fresh.document(id));
                RC_ASSERT(d.document(id)->version == node.document.version);
            }
        }
        check_proofs(service.log());
        const auto report =
            verify_log(registry_.disk.roots, read_framed(registry_.disk.entries).entries,
                       as_text(registry_.disk.checkpoint), registry_.disk.documents);
        RC_ASSERT(report.ok);
        RC_ASSERT(report.entries_checked == service.log().size());
    }

private:
    std::uint64_t below(std::uint64_t bound) { return random_.draw_u64() % bound; }

    TestNode* new_node() {
        if (nodes_.size() == most_nodes) return nullptr;
        nodes_.push_back(std::make_unique<TestNode>(static_cast<std::uint8_t>(nodes_.size() + 1)));
        return nodes_.back().get();
    }

    TestNode* some_node() { return nodes_.empty() ? nullptr : nodes_[below(nodes_.size())].get(); }

    void enrol_new(bool auto_approve) {
        TestNode* node = new_node();
        if (node == nullptr) return;
        // Letters and digits without look-alikes: no two of these are confusable.
        const std::string handle = std::string("h") + static_cast<char>('a' + nodes_.size() % 8) +
                                   std::to_string(2 + nodes_.size() / 8 % 8) +
                                   static_cast<char>('a' + nodes_.size() / 64);
        const auto invitation = registry_.invite(handle, auto_approve, now_);
        registry_.done(registry_.service->enrol(registry_.request(invitation, *node), now_));
    }

    void approve_all() {
        std::vector<NodeId> waiting;
        for (const auto& row : registry_.service->members(now_).pending)
            waiting.push_back(row.node);
        registry_.done(registry_.service->approve(waiting, now_));
    }

    void publish() {
        TestNode* node = some_node();
        if (node == nullptr || !registry_.service->membership().is_current(node->id())) return;
        const auto port = static_cast<std::uint16_t>(1000 + below(1000));
        const auto effects = registry_.service->publish(
            node->document(registry_.service->registry_id(), port), now_);
        if (effects)
            carry_out(registry_.disk, *effects);
        else
            RC_ASSERT(effects.error().code == "too_often");
    }

    void further_node() {
        TestNode* sponsor = some_node();
        if (sponsor == nullptr || !registry_.service->membership().counts(sponsor->id(), now_))
            return;
        TestNode* node = new_node();
        if (node == nullptr) return;
        const auto& members = registry_.service->membership();
        const Institution& of = *members.institution(members.node(sponsor->id())->institution);
        if (below(2) == 0) {
            registry_.member(of.handle, *node, now_);  // by the operator alone
            return;
        }
        const Invitation open{"http://h", registry_.service->registry_id(), of.handle, {}};
        registry_.done(registry_.service->admit(
            AdmitRequest::make(open.registry_id, sponsor->id(), of.id, node->id(), sponsor->key),
            now_));
        registry_.done(registry_.service->enrol(registry_.request(open, *node), now_));
    }

    void revoke() {
        TestNode* node = some_node();
        if (node == nullptr || !registry_.service->membership().is_current(node->id())) return;
        const auto& members = registry_.service->membership();
        const Institution& of = *members.institution(members.node(node->id())->institution);
        if (below(4) == 0)
            registry_.done(registry_.service->revoke_institution(of.handle, "left", now_));
        else if (below(2) == 0)
            registry_.done(registry_.service->revoke_node(node->id(), "lost", now_));
        else
            registry_.done(registry_.service->revoke_by_node(
                RevokeRequest::make(registry_.service->registry_id(), node->id(), node->id(),
                                    "retired", node->key),
                now_));
    }

    void remember_checkpoint() {
        const Checkpoint& c = registry_.service->checkpoint().checkpoint;
        RC_ASSERT(c.tree_size == registry_.service->log().size());
        if (c.tree_size > 0) seen_.insert({c.tree_size, c.root_hash});
    }

    template <class Source>
    void follow_from(Directory& d, const Source& source) {
        UpdateAssembler assembler;
        std::uint64_t from = d.next_from();
        for (;;) {
            const auto chunk = source.update_from(from, below(4) == 0 ? 1 : 1 + below(20'000));
            RC_ASSERT(chunk.has_value());
            const auto whole = assembler.add(*chunk, d.root().keys());
            RC_ASSERT(whole.has_value());
            if (!*whole) {
                from = *assembler.wanted();
                continue;
            }
            const auto applied = d.apply(**whole, now_);
            RC_ASSERT(applied.has_value());
            RC_ASSERT(applied->new_size == d.tree_size());
            return;
        }
    }

    void follow(std::size_t i) { follow_from(clients_[i], *registry_.service); }

    /// One client hears of another's checkpoint and takes what it lacks.
    void pass_on() {
        Directory& to = clients_[below(clients_.size())];
        const Directory& from = clients_[below(clients_.size())];
        if (&to == &from || !from.offer()) return;
        const auto action = to.consider(*from.offer(), now_);
        RC_ASSERT(action.has_value());
        if (*action == OfferAction::ask) {
            follow_from(to, from);
            RC_ASSERT(to.root_hash() == from.root_hash());
        }
    }

    void reload(std::size_t i) {
        auto loaded = Directory::load(clients_[i].files());
        RC_ASSERT(loaded.has_value());
        const bool is_same = loaded->files() == clients_[i].files();
        RC_ASSERT(is_same);
        clients_[i] = std::move(*loaded);
    }

    void check_proofs(const Log& log) {
        for (const auto& [size, root] : seen_) {
            RC_ASSERT(merkle::verify_consistency(size, log.size(), root, log.root(),
                                                 log.consistency_proof(size, log.size())));
            const std::uint64_t index = below(size);
            RC_ASSERT(merkle::verify_inclusion(merkle::leaf_hash(log.entry(index)), index, size,
                                               log.inclusion_proof(index, size), root));
        }
    }

    SeededRandom random_;
    TestRegistry registry_;
    std::vector<std::unique_ptr<TestNode>> nodes_;
    std::vector<Directory> clients_;
    std::set<std::pair<std::uint64_t, Hash>> seen_;
    Millis now_ = start;
};

}  // namespace

TEST_CASE("registry histories: whoever follows, in any steps, ends with the same directory") {
    CHECK(rc::check("random commands, clients and restarts", [] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        const int steps = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(1, 120));
        History history(seed);
        for (int i = 0; i < steps; ++i) history.step();
        history.check_the_end();
    }));
}
