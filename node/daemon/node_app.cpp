// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/node_app.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "node/daemon/config.hpp"
#include "node/daemon/current_directory.hpp"
#include "node/daemon/daemon_process.hpp"
#include "node/daemon/durable_file.hpp"
#include "node/daemon/endpoints.hpp"
#include "node/daemon/federation_membership.hpp"
#include "node/daemon/logic_thread.hpp"
#include "node/daemon/node_actions.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/daemon/private_files.hpp"
#include "node/http/server.hpp"
#include "node/net/peer_manager.hpp"
#include "node/service/routes.hpp"
#include "node/service/service.hpp"
#include "node/version.hpp"
#include "storage/file_access.hpp"
#include "sync/engine.hpp"
#include "sync/merger.hpp"
#include "sync/policy.hpp"

namespace sangam::node {
namespace {

constexpr unsigned node_io_threads = 2;
/// Requests of people: imports, searches, exports. They may wait for the logic thread and for
/// search answers, which therefore have threads of their own.
constexpr unsigned request_threads = 4;
constexpr unsigned answer_threads = 2;

const std::string software = "sangam/" + std::string(version);

MembershipSetup membership_setup(const std::string& directory, const NodeConfig& config,
                                 const SigningKey& key, Random& random) {
    MembershipSetup setup;
    setup.folder = DirectoryPaths{directory}.directory();
    setup.key = &key;
    setup.node_name = config.name;
    setup.provisional_handle = config.institution;
    setup.software = software;
    setup.poll = config.registry_poll;
    setup.stops_when_expired = config.on_expired == OnExpired::stop;
    setup.fetch = fetch_over_http();
    setup.clock = system_now;
    setup.random = &random;
    return setup;
}

/// A node that does not run, for as long as one command takes.
struct IdleNode {
    DirectoryLock lock;
    SigningKey key;
    SystemRandom random;
    std::unique_ptr<FederationMembership> membership;

    static Result<std::unique_ptr<IdleNode>> open(const std::string& directory) {
        init_crypto();
        auto lock = DirectoryLock::take(directory);
        if (!lock) return std::unexpected(lock.error());
        auto key = load_identity(directory);
        if (!key) return std::unexpected(key.error());
        const auto config = load_config(directory, {});
        if (!config) return std::unexpected(config.error());
        set_up_log("warning");
        auto node = std::make_unique<IdleNode>(std::move(*lock), std::move(*key));
        auto setup = membership_setup(directory, *config, node->key, node->random);
        setup.endpoints = [config = *config](const std::string& registry_url) {
            return endpoints_to_publish(config.advertise, config.peer_listen, registry_url);
        };
        make_directory(setup.folder);
        auto membership = FederationMembership::open(std::move(setup));
        if (!membership) return std::unexpected(membership.error());
        node->membership = std::move(*membership);
        return node;
    }
    IdleNode(DirectoryLock taken, SigningKey loaded)
        : lock(std::move(taken)), key(std::move(loaded)) {}
};

/// Everything of a running node, in the order in which it is made; ended in stop()'s order.
class RunningNode {
public:
    RunningNode(std::string directory, NodeConfig config, SigningKey key, OpenStore open_store)
        : directory_(std::move(directory)),
          config_(std::move(config)),
          key_(std::move(key)),
          open_store_(std::move(open_store)) {}

    Result<void> start() {
        const DirectoryPaths paths{directory_};
        make_directory(paths.directory());
        make_directory(paths.blobs());
        store_ = open_store_(directory_, {node_id(), &key_, &random_}, merger_);
        auto setup = membership_setup(directory_, config_, key_, random_);
        setup.endpoints = [this](const std::string& registry_url) {
            return endpoints_to_publish(config_.advertise, peers_->listening_address(),
                                        registry_url);
        };
        auto membership = FederationMembership::open(std::move(setup));
        if (!membership) return std::unexpected(membership.error());
        membership_ = std::move(*membership);
        current_directory_.replace(membership_->snapshot());

        logic_ =
            std::make_unique<LogicThread>([this] { return make_engine(); }, actions_, system_now);
        make_peers();
        membership_->set_hooks({[this] { directory_changed(); },
                                [this] { logic_->remake_engine(); },
                                [this](sync::ConnectionId connection, messages::Message message) {
                                    peers_->send(connection, std::move(message));
                                },
                                [this] { return peers_->greeted_connections(); }});
        if (auto listening = peers_->listen(config_.peer_listen); !listening) return listening;
        actions_.connect({peers_.get(), membership_.get(), logic_.get(), store_.get(), &merger_,
                          &answer_workers_});
        make_service();
        if (auto served = serve(paths.socket()); !served) return served;

        logic_->start();
        membership_->start();
        peers_->start();
        is_running_ = true;
        return {};
    }

    [[nodiscard]] std::string peer_address() const { return peers_->listening_address(); }
    [[nodiscard]] std::string http_address() const { return http_server_->address(); }
    [[nodiscard]] NodeId node_id() const { return NodeId{key_.public_key().bytes}; }

    void wait_for_stop() { process_.wait_for_stop(); }

    /// Requests that run are finished, with everything that they need; then peers are told, then
    /// the engine stops, and last the store closes.
    void stop() {
        is_running_ = false;
        if (http_server_) http_server_->stop();
        if (socket_server_) socket_server_->stop();
        request_workers_.join();
        if (http_server_) http_server_->wait_until_sent(answers_leave_within);
        if (socket_server_) socket_server_->wait_until_sent(answers_leave_within);
        if (membership_) membership_->stop();
        if (peers_) peers_->stop();
        if (logic_) logic_->stop();
        answer_workers_.join();
        process_.stop_io();
    }

private:
    std::unique_ptr<sync::Engine> make_engine() {
        sync::EngineConfig config;
        config.node = node_id();
        config.software = software;
        config.registry_id = membership_->registry_id();
        config.key = &key_;
        return std::make_unique<sync::Engine>(config, *store_, current_directory_, merger_,
                                              random_);
    }

    void make_peers() {
        net::PeerManagerSetup setup;
        setup.io = &process_.io();
        setup.engine = logic_.get();
        setup.identity = &key_;
        setup.directory = [this] { return membership_->snapshot(); };
        setup.clock = system_now;
        setup.random = &random_;
        setup.related = [this] {
            const auto directory = membership_->snapshot();
            return sync::related_institutions(*store_->reader(), directory->own_institution(),
                                              *directory);
        };
        setup.on_connected = [this](sync::ConnectionId connection) {
            actions_.offer_directory(connection);
        };
        setup.on_disconnected = [this](sync::ConnectionId connection) {
            membership_->peer_disconnected(connection);
        };
        setup.on_unknown_key = [this] { membership_->look_soon(); };
        peers_ = std::make_unique<net::PeerManager>(std::move(setup));
    }

    void make_service() {
        ServiceContext context;
        context.store = store_.get();
        context.merger = &merger_;
        context.engine = logic_.get();
        context.membership = membership_.get();
        context.peers = peers_.get();
        context.node = node_id();
        context.key = &key_;
        context.random = &random_;
        context.version = version;
        context.http_hosts = config_.http_hosts;
        context.directory = DirectoryPaths{directory_}.spool();
        context.store_directory = directory_;
        context.is_running = [this] { return is_running_.load(); };
        service_ = std::make_unique<Service>(std::move(context));
    }

    Result<void> serve(const std::string& socket_path) {
        const auto handler = [this](const http::Request& request) {
            return service_->handle(request);
        };
        const auto spool = DirectoryPaths{directory_}.spool();
        std::filesystem::remove_all(spool);  // what a killed process left
        std::filesystem::create_directory(spool);
        std::filesystem::permissions(spool, std::filesystem::perms::owner_all);
        http::ServerOptions http_options;
        http_options.spool_directory = spool;
        http_options.spools_body = [this](const http::Request& request) {
            return service_->takes_file(request);
        };
        http_options.max_long_body_bytes = max_value_body_bytes;
        http_options.takes_long_body = [this](const http::Request& request) {
            return service_->takes_value(request);
        };
        http_options.too_large_fix =
            "a value has at most 1 MiB, and an edit of one record, with a curator's token, a body "
            "of "
            "8 MiB; larger files and many records go to /api/v1/import, with an admin's token";
        auto http_server = http::Server::listen_tcp(process_.io(), request_workers_,
                                                    config_.http_listen, handler, http_options);
        if (!http_server) return std::unexpected(http_server.error());
        http_server_ = std::move(*http_server);
        auto socket_server = http::Server::listen_unix(process_.io(), request_workers_, socket_path,
                                                       handler, http_options);
        if (!socket_server) return std::unexpected(socket_server.error());
        socket_server_ = std::move(*socket_server);
        return {};
    }

    /// The engine sees the new directory before it hears of it.
    void directory_changed() {
        logic_->post([this](sync::Engine& engine, Millis now) {
            current_directory_.replace(membership_->snapshot());
            engine.directory_changed(now);
        });
        peers_->directory_changed();
    }

    const std::string directory_;
    const NodeConfig config_;
    const SigningKey key_;
    const OpenStore open_store_;
    SystemRandom random_;
    sync::Merger merger_;
    DaemonProcess process_{node_io_threads};
    boost::asio::thread_pool request_workers_{request_threads};
    boost::asio::thread_pool answer_workers_{answer_threads};
    std::unique_ptr<storage::Store> store_;
    CurrentDirectory current_directory_;
    NodeActions actions_;
    std::unique_ptr<FederationMembership> membership_;
    std::unique_ptr<LogicThread> logic_;
    std::unique_ptr<net::PeerManager> peers_;
    std::unique_ptr<Service> service_;
    std::unique_ptr<http::Server> http_server_;
    std::unique_ptr<http::Server> socket_server_;
    std::atomic<bool> is_running_{false};  ///< for /readyz
};

}  // namespace

std::unique_ptr<storage::Store> open_node_store(const std::string& directory,
                                                storage::Author author,
                                                const storage::Projector& projector) {
    return storage::open_sqlite_store(directory, author, projector);
}

Result<void> run_node(const std::string& directory, const NodeRunOptions& options) {
    init_crypto();
    const auto lock = DirectoryLock::take(directory);
    if (!lock) return std::unexpected(lock.error());
    auto key = load_identity(directory);
    if (!key) return std::unexpected(key.error());
    auto config =
        load_config(directory, {options.peer_listen, options.http_listen, options.advertise,
                                options.registry_poll, options.log_level});
    if (!config) return std::unexpected(config.error());
    set_up_log(config->log_level);
    for (const auto& open : paths_open_to_others(directory))
        spdlog::warn("others than its owner may use {} (mode {}); run: {}", open.path,
                     storage::mode_text(open.mode), open.fix);

    RunningNode node(directory, std::move(*config), std::move(*key), options.open_store);
    if (auto started = node.start(); !started) {
        node.stop();
        return started;
    }
    const std::string peer = node.peer_address();
    const std::string http = node.http_address();
    spdlog::info("node {} in {}: peers on {}, HTTP on {}", node.node_id().hex(), directory, peer,
                 http);
    print_line(options.json, {{"event", "ready"}, {"peer", peer}, {"http", http}},
               "Ready: peers on " + peer + ", HTTP on " + http);
    node.wait_for_stop();
    print_line(options.json, {{"event", "stopping"}}, "Stopping");
    spdlog::info("stopping");
    node.stop();
    spdlog::info("stopped");
    return {};
}

Result<std::string> join_node(const std::string& directory, const std::string& invitation) {
    const auto node = IdleNode::open(directory);
    if (!node) return std::unexpected(node.error());
    return (*node)->membership->join(invitation);
}

Result<std::string> admit_node(const std::string& directory, const std::string& node_id) {
    const auto admitted = NodeId::from_hex(node_id);
    if (!admitted)
        return fail("bad_node_id", "this is no node id: " + admitted.error().message, node_id,
                    "copy it from what `sangam node init` printed there", ErrorKind::usage);
    const auto node = IdleNode::open(directory);
    if (!node) return std::unexpected(node.error());
    return (*node)->membership->admit(*admitted);
}

}  // namespace sangam::node
