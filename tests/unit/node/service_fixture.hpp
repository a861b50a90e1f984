// SPDX-License-Identifier: Apache-2.0
// A service on a store in memory and an engine without peers, for tests of its verbs.
#pragma once

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "node/http/target.hpp"
#include "node/service/service.hpp"
#include "sync/search_answer.hpp"

namespace sangam::node::test {

namespace json = boost::json;

/// A directory of two institutions: `irri`, the node's own, and `ipk`.
class FakeDirectory final : public sync::DirectoryView {
public:
    void add(const std::string& handle, const NodeId& node) {
        InstitutionId id;
        id.bytes = node.bytes;
        handles_[handle] = id;
        nodes_[node] = id;
    }
    [[nodiscard]] std::optional<InstitutionId> institution_of(const NodeId& node) const override {
        const auto it = nodes_.find(node);
        return it == nodes_.end() ? std::nullopt : std::optional(it->second);
    }
    [[nodiscard]] bool may_sign(const NodeId& node, const PublicKey& key) const override {
        return node.bytes == key.bytes;
    }
    [[nodiscard]] std::string handle_of(const InstitutionId& id) const override {
        for (const auto& [handle, known] : handles_)
            if (known == id) return handle;
        return id.hex();
    }
    [[nodiscard]] std::optional<InstitutionId> institution_by_handle(
        std::string_view handle) const override {
        const auto it = handles_.find(std::string(handle));
        return it == handles_.end() ? std::nullopt : std::optional(it->second);
    }
    [[nodiscard]] std::vector<NodeId> nodes_of(const InstitutionId& id) const override {
        std::vector<NodeId> out;
        for (const auto& [node, institution] : nodes_)
            if (institution == id) out.push_back(node);
        return out;
    }
    [[nodiscard]] bool is_in_group(const InstitutionId&, std::string_view) const override {
        return false;
    }
    [[nodiscard]] sync::Freshness freshness() const override { return sync::Freshness::fresh; }

private:
    std::map<std::string, InstitutionId> handles_;
    std::map<NodeId, InstitutionId> nodes_;
};

class FakeMembership final : public Membership {
public:
    FakeMembership(std::shared_ptr<FakeDirectory> directory, InstitutionId own)
        : directory_(std::move(directory)), own_(own) {}
    [[nodiscard]] MembershipState state() const override {
        MembershipState out;
        out.state = "member";
        out.institution = "irri";
        out.institution_id = own_;
        out.registry_url = "http://127.0.0.1:7410";
        out.freshness = freshness;
        out.tree_size = 3;
        out.age_s = 1;
        return out;
    }
    [[nodiscard]] std::shared_ptr<const sync::DirectoryView> view() const override {
        return directory_;
    }
    Result<std::string> join(const std::string& invitation) override {
        if (invitation == "sangam-invite:good") return std::string("pending");
        return fail("bad_invitation", "this is no invitation", invitation);
    }
    Result<std::string> admit(const NodeId&) override {
        return std::string("sangam-invite:further");
    }
    Result<void> refresh() override {
        ++refreshes;
        return {};
    }
    int refreshes = 0;
    sync::Freshness freshness = sync::Freshness::fresh;

private:
    std::shared_ptr<FakeDirectory> directory_;
    InstitutionId own_;
};

class FakePeers final : public PeerTable {
public:
    [[nodiscard]] std::vector<PeerRow> rows() const override { return table; }
    [[nodiscard]] WireBytes wire_bytes() const override { return {700, 800}; }
    std::vector<PeerRow> table;
};

/// Runs everything at once on the caller's thread, at a time that stands still unless moved.
class InlineRunner final : public EngineRunner {
public:
    InlineRunner(sync::Engine& engine, const storage::Store& store,
                 const sync::DirectoryView& directory, const sync::Merger& merger)
        : engine_(engine), store_(store), directory_(directory), merger_(merger) {}
    void post(std::function<void(sync::Engine&, Millis)> work) override { work(engine_, now); }
    sync::SearchOutcome search(const sync::SearchQuery& query, const sync::Asker& asker) override {
        const auto id = engine_.start_search(query, asker, now);
        for (int rounds = 0; rounds < 100; ++rounds) {
            for (auto& action : engine_.take_actions())
                if (const auto* answer = std::get_if<sync::AnswerSearch>(&action)) {
                    const auto reader = store_.reader();
                    auto found = sync::answer_search(*reader, directory_, merger_, *answer, now);
                    engine_.search_answered(answer->query, std::move(found.parts), found.reason,
                                            now);
                }
            if (auto outcome = engine_.take_outcome(id)) return *outcome;
            now += Millis(100);
            engine_.tick(now);
        }
        FAIL("the search did not end");
        return {};
    }
    Millis now{1'700'000'000'000};

private:
    sync::Engine& engine_;
    const storage::Store& store_;
    const sync::DirectoryView& directory_;
    const sync::Merger& merger_;
};

struct Answer {
    int status = 0;
    json::value document;
    http::Response response;
    [[nodiscard]] std::string code() const {
        const auto* object = document.if_object();
        const auto* error = object ? object->if_contains("error") : nullptr;
        return error ? std::string(error->as_object().at("code").as_string()) : std::string();
    }
    [[nodiscard]] const json::object& object() const { return document.as_object(); }
};

class ServiceFixture {
public:
    ServiceFixture() {
        init_crypto();
        directory->add("irri", node);
        NodeId other;
        other.bytes.fill(7);
        directory->add("ipk", other);
        ServiceContext context;
        context.store = store.get();
        context.merger = &merger;
        context.engine = &runner;
        context.membership = &membership;
        context.peers = &peers;
        context.node = node;
        context.key = &key;
        context.random = &random;
        context.version = "test";
        context.http_hosts = {"sangam.example.org"};
        context.is_running = [this] { return is_running; };
        context.now = [this] { return runner.now; };
        service = std::make_unique<Service>(std::move(context));
    }

    /// As the admin on the socket.
    Answer admin(const std::string& method, const std::string& target, const std::string& body = {},
                 std::map<std::string, std::string> headers = {}) {
        return send(method, target, body, std::move(headers), true);
    }
    /// Over TCP; without a token when it is empty.
    Answer tcp(const std::string& method, const std::string& target, const std::string& token = {},
               const std::string& body = {}, std::map<std::string, std::string> headers = {}) {
        headers.emplace("host", "127.0.0.1:7430");
        if (!token.empty()) headers["authorization"] = "Bearer " + token;
        return send(method, target, body, std::move(headers), false);
    }
    std::string token(const std::string& role) {
        const auto made = admin("POST", "/api/v1/tokens",
                                R"({"name":")" + role + R"(","role":")" + role + R"("})");
        REQUIRE(made.status == 200);
        return std::string(made.object().at("token").as_string());
    }
    /// Makes irri/rice.
    void make_dataset(const std::string& extra = {}) {
        const auto made =
            admin("POST", "/api/v1/datasets",
                  R"({"name":"rice","title":"Rice","licence":"CC-BY-4.0")" + extra + "}");
        REQUIRE_MESSAGE(made.status == 200, made.response.body);
    }
    static std::string record(const std::string& id) {
        return "/api/v1/records/irri/rice/germplasm/" + http::percent_encode(id);
    }
    Answer put(const std::string& id, const std::string& fields) {
        return admin("PATCH", record(id), R"({"fields":)" + fields + "}");
    }

    Answer send(const std::string& method, const std::string& target, const std::string& body,
                std::map<std::string, std::string> headers, bool is_local) {
        http::Request request;
        const auto parsed = http::parse_target(target);
        REQUIRE(parsed);
        request.method = method;
        request.path = parsed->path;
        request.segments = parsed->segments;
        request.query = parsed->query;
        request.headers = std::move(headers);
        request.body = body;
        request.is_local_admin = is_local;
        Answer out;
        out.response = service->handle(request);
        out.status = out.response.status;
        if (out.response.content_type != "application/json") return out;
        boost::system::error_code error;
        out.document = json::parse(out.response.body.empty() ? "null" : out.response.body, error);
        REQUIRE(!error);
        return out;
    }

    SeededRandom random{1};
    SigningKey key = SigningKey::from_seed(Bytes(32, 1));
    NodeId node = *NodeId::from_bytes(key.public_key().view());
    InstitutionId institution = *InstitutionId::from_bytes(key.public_key().view());
    std::shared_ptr<FakeDirectory> directory = std::make_shared<FakeDirectory>();
    sync::Merger merger;
    std::unique_ptr<storage::Store> store =
        storage::open_memory_store(Epoch{1}, {node, &key, &random}, merger);
    sync::Engine engine{{node, "test", {}}, *store, *directory, merger, random};
    InlineRunner runner{engine, *store, *directory, merger};
    FakeMembership membership{directory, institution};
    FakePeers peers;
    bool is_running = true;
    std::unique_ptr<Service> service;
};

}  // namespace sangam::node::test
