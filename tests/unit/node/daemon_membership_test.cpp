// SPDX-License-Identifier: Apache-2.0
// Membership against a real registry service, by calls in place of HTTP and a clock that the test
// moves. No thread runs: the tests call what the poll loop calls.
#include "node/daemon/federation_membership.hpp"

#include <doctest/doctest.h>

#include "node/daemon/durable_file.hpp"
#include "registry/api.hpp"
#include "tests/unit/node/temporary_directory.hpp"
#include "tests/unit/registry/registry_fixture.hpp"

using namespace sangam;
using namespace sangam::node;
using registry::testing::start;
using registry::testing::TestRegistry;
using sangam::node::testing::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

/// A registry, the way to it, and the time.
struct World {
    TestRegistry registry;
    Millis now = start;
    bool is_up = true;
    int requests = 0;

    RegistryFetch fetch() {
        return [this](const std::string& url,
                      const registry::HttpRequest& request) -> Result<registry::HttpResponse> {
            ++requests;
            if (!is_up || url != "http://127.0.0.1:7410")
                return fail("refused", "nobody answers", url, {}, ErrorKind::unreachable);
            auto answer = registry::handle(*registry.service, request, now);
            registry::testing::carry_out(registry.disk, answer.effects);
            return answer.response;
        };
    }
    void pass(Millis time) {
        now += time;
        registry::testing::carry_out(registry.disk, registry.service->tick(now));
    }
};

/// One node's membership with its folder.
struct TestMember {
    World& world;
    TemporaryDirectory folder;
    SigningKey key;
    SeededRandom random{3};
    std::vector<std::string> endpoints{"127.0.0.1:7420"};
    std::vector<std::pair<sync::ConnectionId, messages::Message>> sent;
    int changes = 0;
    int federation_changes = 0;
    std::unique_ptr<FederationMembership> membership;

    TestMember(World& w, std::uint8_t number) : world(w), key(registry::testing::key_from(number)) {
        restart();
    }
    void restart() {
        membership.reset();
        MembershipSetup setup;
        setup.folder = folder.path();
        setup.key = &key;
        setup.node_name = "node";
        setup.provisional_handle = "provisional";
        setup.software = "sangam/test";
        setup.endpoints = [this](const std::string&) { return endpoints; };
        setup.fetch = world.fetch();
        setup.clock = [this] { return world.now; };
        setup.random = &random;
        auto opened = FederationMembership::open(std::move(setup));
        REQUIRE_MESSAGE(opened, opened.error().text());
        membership = std::move(*opened);
        membership->set_hooks({[this] { ++changes; }, [this] { ++federation_changes; },
                               [this](sync::ConnectionId to, messages::Message message) {
                                   sent.emplace_back(to, std::move(message));
                               },
                               [] { return std::vector<sync::ConnectionId>{}; }});
    }
    [[nodiscard]] NodeId id() const { return NodeId{key.public_key().bytes}; }
    [[nodiscard]] std::string state() const { return membership->state().state; }
};

/// Carries what `from` sent to its peer over to `to`, and back, until both are silent. Returns how
/// many messages there were.
int exchange(TestMember& a, TestMember& b) {
    constexpr sync::ConnectionId connection{1};
    int count = 0;
    const auto carry = [&](TestMember& from, TestMember& to) {
        const auto messages = std::exchange(from.sent, {});
        for (const auto& [ignored, message] : messages) {
            ++count;
            sync::PassDirectoryMessage passed;
            passed.connection = connection;
            passed.peer = from.id();
            if (const auto* offer = std::get_if<messages::DirectoryOffer>(&message))
                passed.message = *offer;
            else if (const auto* request = std::get_if<messages::DirectoryRequest>(&message))
                passed.message = *request;
            else
                passed.message = std::get<messages::DirectoryUpdate>(message);
            to.membership->peer_message(passed);
        }
    };
    a.membership->peer_connected(connection);
    b.membership->peer_connected(connection);
    while (!a.sent.empty() || !b.sent.empty()) {
        REQUIRE(count < 100);
        carry(a, b);
        carry(b, a);
    }
    return count;
}

}  // namespace

TEST_CASE("membership: before joining the node is its own institution, in no federation") {
    World world;
    TestMember node(world, 1);
    const auto state = node.membership->state();
    CHECK(state.state == "none");
    CHECK(state.institution == "provisional");
    CHECK(state.institution_id == InstitutionId{node.id().bytes});
    CHECK(state.freshness == sync::Freshness::none);
    CHECK(state.age_s == -1);
    CHECK(node.membership->refresh());
    CHECK(world.requests == 0);
    const auto view = node.membership->view();
    CHECK(view->institution_of(node.id()) == InstitutionId{node.id().bytes});
    CHECK(view->institution_by_handle("provisional") == InstitutionId{node.id().bytes});
    CHECK(view->may_sign(node.id(), node.key.public_key()));
    CHECK_FALSE(view->may_sign(node.id(), registry::testing::key_from(9).public_key()));
    CHECK(view->nodes_of(InstitutionId{node.id().bytes}) == std::vector{node.id()});
}

TEST_CASE("membership: joins, waits for the approval, and is a member when the log says so") {
    World world;
    TestMember node(world, 1);
    const auto invitation = world.registry.invite("irri", false);
    CHECK(*node.membership->join(invitation.text()) == "pending");
    CHECK(node.federation_changes == 1);
    CHECK(node.membership->refresh());
    CHECK(node.state() == "pending");
    CHECK(node.membership->state().institution == "provisional");

    const std::vector<NodeId> nodes{node.id()};
    world.registry.done(world.registry.service->approve(nodes, world.now));
    CHECK(node.membership->refresh());
    const auto state = node.membership->state();
    CHECK(state.state == "member");
    CHECK(state.institution == "irri");
    CHECK(state.freshness == sync::Freshness::fresh);
    CHECK(state.tree_size == 1);
    CHECK(node.changes > 0);
    CHECK(node.membership->registry_id() == world.registry.service->registry_id());
}

TEST_CASE("membership: joining again as a member is done at once, another federation is refused") {
    World world;
    TestMember node(world, 1);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*node.membership->join(world.registry.invite("other").text()) == "member");
    CHECK(node.membership->state().institution == "irri");

    TestRegistry elsewhere(1);
    const auto refused = node.membership->join(elsewhere.invite("irri").text());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "already_joined");
    CHECK_FALSE(node.membership->join("sangam-invite:nonsense"));
}

TEST_CASE("membership: a registry whose root is not the invitation's is not joined") {
    World world;
    TestMember node(world, 1);
    auto invitation = world.registry.invite("irri");
    invitation.registry_id.bytes[0] ^= 1;
    CHECK(node.membership->join(invitation.text()).error().code == "wrong_registry");
    CHECK(node.state() == "none");
    node.restart();
    CHECK(node.state() == "none");
}

TEST_CASE("membership: outlives a restart and the registry, and it grows old instead") {
    World world;
    TestMember node(world, 1);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    world.is_up = false;
    node.restart();
    CHECK(node.state() == "member");
    CHECK(node.membership->state().freshness == sync::Freshness::fresh);
    CHECK_FALSE(node.membership->refresh());
    CHECK(node.membership->state().last_error.find("nobody answers") != std::string::npos);
    world.now += 9h;
    node.membership->look_at_clock();
    CHECK(node.membership->state().freshness == sync::Freshness::stale);
    CHECK(node.membership->state().age_s == 9 * 3600);
    world.now += 16h;
    node.membership->look_at_clock();
    CHECK(node.membership->state().freshness == sync::Freshness::expired);
    CHECK(node.state() == "member");
    world.is_up = true;
    world.pass(0ms);
    CHECK(node.membership->refresh());
    CHECK(node.membership->state().freshness == sync::Freshness::fresh);
    CHECK(node.membership->state().last_error.empty());
}

TEST_CASE("membership: publishes a new address once, with a version that grows") {
    World world;
    TestMember node(world, 1);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    const auto size = world.registry.service->log().size();
    CHECK(node.membership->refresh());
    CHECK(world.registry.service->log().size() == size);
    node.endpoints = {"198.51.100.7:7420", "[2001:db8::1]:7420"};
    CHECK(node.membership->refresh());
    CHECK(world.registry.service->log().size() == size + 1);
    CHECK(node.membership->refresh());
    CHECK(world.registry.service->log().size() == size + 1);

    TestMember other(world, 2);
    CHECK(*other.membership->join(world.registry.invite("cimmyt").text()) == "member");
    const auto& peers = other.membership->snapshot()->peers();
    REQUIRE(peers.size() == 1);
    CHECK(peers[0].node == node.id());
    CHECK(peers[0].handle == "irri");
    CHECK(peers[0].endpoints == node.endpoints);

    // A store that was set back must not bring an old version back.
    node.restart();
    node.endpoints = {"198.51.100.8:7420"};
    CHECK(node.membership->refresh());
    CHECK(world.registry.service->log().size() == size + 3);
}

TEST_CASE("membership: a revoked node is let in no more, its key is told from an unknown one") {
    World world;
    TestMember node(world, 1);
    TestMember other(world, 2);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*other.membership->join(world.registry.invite("cimmyt").text()) == "member");
    CHECK(node.membership->refresh());
    CHECK(node.membership->snapshot()->check_key(other.key.public_key()) == other.id());
    CHECK(node.membership->view()->institution_of(other.id()) == InstitutionId{other.id().bytes});

    world.registry.done(world.registry.service->revoke_node(other.id(), "lost", world.now));
    CHECK(node.membership->refresh());
    CHECK(other.membership->refresh());
    const auto snapshot = node.membership->snapshot();
    CHECK(snapshot->check_key(other.key.public_key()).error().code == "revoked");
    CHECK(snapshot->check_key(registry::testing::key_from(9).public_key()).error().code ==
          "unknown_key");
    CHECK(snapshot->peers().empty());
    CHECK_FALSE(snapshot->institution_of(other.id()));
    // What it signed while it was a member is still its.
    CHECK(snapshot->may_sign(other.id(), other.key.public_key()));
    CHECK(other.state() == "revoked");
}

TEST_CASE("membership: a further node is signed in by a current one") {
    World world;
    TestMember node(world, 1);
    TestMember second(world, 2);
    CHECK_FALSE(node.membership->admit(second.id()));
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*second.membership->join(world.registry.invite("irri", false).text()) == "pending");
    const auto printed = node.membership->admit(second.id());
    REQUIRE(printed);
    const auto invitation = registry::Invitation::parse(*printed);
    REQUIRE(invitation);
    CHECK(invitation->token == registry::InviteToken{});
    CHECK(invitation->handle == "irri");
    CHECK(invitation->url == "http://127.0.0.1:7410");
    CHECK(second.membership->refresh());
    CHECK(second.state() == "member");
    CHECK(second.membership->state().institution_id == InstitutionId{node.id().bytes});
    CHECK(node.membership->refresh());
    const auto nodes = node.membership->view()->nodes_of(InstitutionId{node.id().bytes});
    CHECK(nodes.size() == 2);
}

TEST_CASE("membership: a node that was admitted first joins by the invitation without a token") {
    World world;
    TestMember node(world, 1);
    TestMember second(world, 2);
    TestMember stranger(world, 3);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    const auto printed = node.membership->admit(second.id());
    REQUIRE(printed);
    CHECK_FALSE(stranger.membership->join(*printed));
    CHECK(*second.membership->join(*printed) == "member");
    CHECK(second.membership->state().institution == "irri");
}

TEST_CASE("membership: nodes that moved while the registry is away find each other over a third") {
    World world;
    TestMember node(world, 1);
    TestMember moved(world, 2);
    TestMember other(world, 3);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*moved.membership->join(world.registry.invite("cimmyt").text()) == "member");
    CHECK(*other.membership->join(world.registry.invite("icrisat").text()) == "member");
    for (auto* each : {&node, &moved, &other}) CHECK(each->membership->refresh());
    world.is_up = false;
    const auto endpoints = [](const TestMember& of, const TestMember& asked) {
        for (const auto& peer : asked.membership->snapshot()->peers())
            if (peer.node == of.id()) return peer.endpoints;
        return std::vector<std::string>{};
    };
    moved.endpoints = {"127.0.0.1:9001"};
    moved.restart();
    moved.membership->announce();
    CHECK_FALSE(moved.membership->refresh());
    exchange(moved, node);
    CHECK(endpoints(moved, node) == moved.endpoints);
    // `node` kept its address, so `other` comes there too, and hears where `moved` is now.
    CHECK(endpoints(moved, other) != moved.endpoints);
    exchange(node, other);
    CHECK(endpoints(moved, other) == moved.endpoints);
    // It outlives the processes; what is known already is not passed on for ever.
    other.membership->look_at_clock();
    other.restart();
    CHECK(endpoints(moved, other) == moved.endpoints);
    other.membership->look_at_clock();
    CHECK(other.sent.empty());
    // Once the registry is back, its log has the same document, and nothing is left to announce.
    world.is_up = true;
    CHECK(moved.membership->refresh());
    CHECK(other.membership->refresh());
    CHECK(endpoints(moved, other) == moved.endpoints);
    other.membership->peer_connected(sync::ConnectionId{9});
    CHECK(other.sent.size() == 1);  // the offer alone
}

TEST_CASE("membership: an announcement by somebody else, or an old one, changes nothing") {
    World world;
    TestMember node(world, 1);
    TestMember other(world, 2);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*other.membership->join(world.registry.invite("cimmyt").text()) == "member");
    CHECK(node.membership->refresh());
    const auto before = node.membership->snapshot();
    REQUIRE(before->peers().size() == 1);
    registry::NodeDocument said;
    said.registry_id = node.membership->registry_id();
    said.node = other.id();
    said.version = 7;
    said.name = "node";
    said.endpoints = {{"192.0.2.1", 1}};
    const auto tell = [&](const registry::NodeDocument& document, const SigningKey& key) {
        messages::DirectoryUpdate update;
        update.documents = {registry::SignedDocument::sign(document, key).encode(), Bytes{1, 2}};
        node.membership->peer_message({sync::ConnectionId{1}, {}, update});
    };
    tell(said, node.key);  // not by the node itself
    said.version = 1;      // what the log has already
    tell(said, other.key);
    said.version = 7;
    said.registry_id = Hash{};  // of another federation
    tell(said, other.key);
    CHECK(*node.membership->snapshot() == *before);
    said.registry_id = node.membership->registry_id();
    tell(said, other.key);
    CHECK(node.membership->snapshot()->peers()[0].endpoints ==
          std::vector<std::string>{"192.0.2.1:1"});
    said.version = 6;  // older than what was announced
    said.endpoints = {{"192.0.2.2", 1}};
    tell(said, other.key);
    CHECK(node.membership->snapshot()->peers()[0].endpoints ==
          std::vector<std::string>{"192.0.2.1:1"});
}

TEST_CASE("membership: peers bring what the registry cannot any more") {
    World world;
    TestMember node(world, 1);
    TestMember other(world, 2);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*other.membership->join(world.registry.invite("cimmyt").text()) == "member");
    // Only `other` has seen the second entry. The registry ends for ever.
    world.is_up = false;
    CHECK(node.membership->snapshot()->peers().empty());
    node.changes = 0;
    CHECK(exchange(node, other) > 0);
    CHECK(node.changes == 1);
    REQUIRE(node.membership->snapshot()->peers().size() == 1);
    CHECK(node.membership->snapshot()->peers()[0].endpoints == other.endpoints);
    // It is on disk, too.
    node.restart();
    CHECK(node.membership->snapshot()->peers().size() == 1);
    // Two who have the same offer each other that, and are silent.
    CHECK(exchange(node, other) == 2);
}

TEST_CASE("membership: what a peer forged changes nothing") {
    World world;
    TestMember node(world, 1);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    TestRegistry false_registry(1);
    registry::testing::TestNode stranger(9);
    false_registry.member("evil", stranger);
    const auto before = node.membership->snapshot();
    node.membership->peer_message({sync::ConnectionId{1}, {}, false_registry.update()});
    auto forged = world.registry.update();
    forged.entries.push_back(false_registry.update().entries.front());
    node.membership->peer_message({sync::ConnectionId{1}, {}, forged});
    node.membership->peer_message(
        {sync::ConnectionId{1}, {}, messages::DirectoryOffer{100, Bytes{1, 2, 3}}});
    node.membership->peer_message({sync::ConnectionId{1}, {}, messages::DirectoryRequest{1'000}});
    CHECK(*node.membership->snapshot() == *before);
    CHECK(node.sent.empty());
}

TEST_CASE("membership: under on_expired = stop an expired directory lets nobody in") {
    World world;
    TestMember node(world, 1);
    TestMember other(world, 2);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    CHECK(*other.membership->join(world.registry.invite("cimmyt").text()) == "member");
    registry::Directory held = world.registry.client();
    REQUIRE(held.apply(world.registry.update(), world.now));
    const SelfDescription self{node.id(), node.key.public_key(), "provisional"};
    const Millis later = world.now + 25h;
    const DirectorySnapshot goes_on(self, &held, later, false);
    const DirectorySnapshot stops(self, &held, later, true);
    CHECK(goes_on.freshness() == sync::Freshness::expired);
    CHECK(goes_on.check_key(other.key.public_key()));
    CHECK(goes_on.peers().size() == 1);
    CHECK(stops.check_key(other.key.public_key()).error().code == "expired");
    CHECK(stops.peers().empty());
    CHECK(DirectorySnapshot(self, &held, world.now, true).check_key(other.key.public_key()));
}

TEST_CASE("membership: a membership file that cannot be understood stops the node") {
    World world;
    TestMember node(world, 1);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    for (const char* bad : {"", "{", "[]", "{\"registry_url\":\"http://a\"}",
                            "{\"registry_url\":\"http://a\",\"registry_id\":\"00\","
                            "\"document_version\":1}"}) {
        CAPTURE(bad);
        write_file_durably(node.folder.file("membership.json"), as_bytes(bad), 0600);
        const auto loaded = load_membership(node.folder.path());
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == "bad_membership");
    }
}

TEST_CASE("membership: a damaged copy of the directory is fetched anew") {
    World world;
    TestMember node(world, 1);
    CHECK(*node.membership->join(world.registry.invite("irri").text()) == "member");
    for (const auto& name : registry::Directory::file_names()) {
        CAPTURE(name);
        const auto path = node.folder.file(name);
        const auto good = read_file(path, 1 << 20);
        if (!good || good->empty()) continue;
        Bytes bad = *good;
        bad[bad.size() / 2] ^= 0x40;
        write_file_durably(path, bad, 0600);
        node.restart();
        CHECK(node.membership->refresh());
        CHECK(node.state() == "member");
    }
}
