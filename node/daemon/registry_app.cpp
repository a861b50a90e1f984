// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/registry_app.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/thread_pool.hpp>
#include <boost/json/array.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "node/daemon/daemon_process.hpp"
#include "node/daemon/durable_file.hpp"
#include "node/daemon/init_attempt.hpp"
#include "node/daemon/key_file.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/daemon/private_files.hpp"
#include "node/daemon/registry_client.hpp"
#include "node/daemon/registry_files.hpp"
#include "node/daemon/registry_host.hpp"
#include "node/http/address.hpp"
#include "node/http/server.hpp"
#include "registry/log_verifier.hpp"
#include "registry/tiles.hpp"
#include "registry/update_assembler.hpp"
#include "storage/file_access.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

constexpr unsigned registry_io_threads = 2;
/// Requests are handled one at a time; a second worker reads and writes meanwhile.
constexpr unsigned worker_threads = 2;
constexpr std::chrono::seconds tick_interval{1};

constexpr std::string_view root_keys_note =
    "These are the root keys of the registry. Whoever has enough of them can name another log key\n"
    "and so take over the federation. Nothing that runs needs them: copy each to a medium of its\n"
    "own, kept in a different place by a different person, check that the copies can be read, and\n"
    "remove this folder. They are needed again to replace the log key or the freshness key.\n";

/// Calls tick() once a second on a thread of its own.
class Ticker {
public:
    explicit Ticker(RegistryHost& host) : thread_([this, &host] { run(host); }) {}
    ~Ticker() {
        {
            const std::lock_guard lock(mutex_);
            is_stopping_ = true;
        }
        stop_.notify_all();
        thread_.join();
    }
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

private:
    void run(RegistryHost& host) {
        std::unique_lock lock(mutex_);
        while (!stop_.wait_for(lock, tick_interval, [this] { return is_stopping_; })) {
            lock.unlock();
            host.tick();
            lock.lock();
        }
    }
    std::mutex mutex_;
    std::condition_variable stop_;
    bool is_stopping_ = false;
    std::thread thread_;
};

json::object report_document(const registry::LogReport& report) {
    json::array problems;
    for (const auto& problem : report.problems) problems.emplace_back(problem);
    return {{"tree_size", report.tree_size},
            {"root_hash", report.root_hash.hex()},
            {"entries_checked", report.entries_checked},
            {"ok", report.ok},
            {"problems", std::move(problems)}};
}

/// What invitations carry. A registry that listens on all addresses cannot know which of them the
/// others reach.
Result<std::string> url_for(const std::string& listening, const std::optional<std::string>& given) {
    if (given) return registry::check_registry_url(*given);
    if (listening.starts_with("0.0.0.0:") || listening.starts_with("[::]:"))
        return fail("no_public_url", "the registry listens on all addresses, so its own is unknown",
                    listening, "say which one invitations carry with --public-url http://HOST:PORT",
                    ErrorKind::usage);
    return "http://" + listening;
}

}  // namespace

Result<json::object> init_registry(const std::string& directory,
                                   const RegistryInitOptions& options) {
    if (options.root_keys < 1 || options.root_keys > registry::max_root_keys ||
        options.threshold < 1 || options.threshold > options.root_keys)
        return fail("bad_threshold",
                    "there must be 1 to " + std::to_string(registry::max_root_keys) +
                        " root keys, and 1 to that many must be needed",
                    "--root-keys " + std::to_string(options.root_keys) + " --threshold " +
                        std::to_string(options.threshold),
                    "give --threshold a number that is not above --root-keys, such as "
                    "--root-keys 3 --threshold 2",
                    ErrorKind::usage);
    init_crypto();
    SystemRandom random;
    std::vector<SigningKey> root_keys;
    json::array shown_keys;
    for (unsigned i = 0; i < options.root_keys; ++i) {
        root_keys.push_back(draw_key(random));
        shown_keys.emplace_back(root_keys.back().public_key().hex());
    }
    const registry::RegistryKeys keys{draw_key(random), draw_key(random)};
    registry::InitOptions init;
    init.name = options.name;
    init.threshold = options.threshold;
    init.expiry = options.expiry;
    // In memory first: a registry that is refused leaves no directory and no keys behind.
    const auto made = registry::create_registry(init, root_keys, keys, system_now());
    if (!made) return std::unexpected(made.error());

    try {
        auto attempt = InitAttempt::begin(directory);
        if (!attempt) return std::unexpected(attempt.error());
        const RegistryPaths paths{directory};
        make_directory(paths.root_keys());
        write_file_durably(paths.root_keys() + "/README", as_bytes(root_keys_note), 0600);
        for (std::size_t i = 0; i < root_keys.size(); ++i)
            write_key_file(paths.root_keys() + "/root-" + std::to_string(i + 1) + ".key",
                           KeyKind::registry_root, root_keys[i]);
        write_key_file(paths.log_key(), KeyKind::registry_log, keys.log);
        write_key_file(paths.freshness_key(), KeyKind::registry_freshness, keys.freshness);
        registry::Effects effects;
        effects.state = made->files.state;
        effects.entries = made->files.entries;
        effects.checkpoint = std::string(as_text(made->files.checkpoint));
        effects.audit.push_back(made->audit);
        carry_out(directory, effects);
        // Last: a directory with a root document is a registry's.
        write_file_durably(paths.of(registry::file::roots), made->files.roots, 0644);
        attempt->finish();
        return json::object{{"registry_id", made->registry_id.hex()},
                            {"root_keys", std::move(shown_keys)},
                            {"threshold", options.threshold},
                            {"removed_unfinished", attempt->has_removed_remains()}};
    } catch (const std::exception& failure) {
        return init_failed(directory, failure.what());
    }
}

Result<void> run_registry(const std::string& directory, const RegistryRunOptions& options) {
    init_crypto();
    set_up_log("info");
    const auto lock = DirectoryLock::take(directory);
    if (!lock) return std::unexpected(lock.error());
    auto host = RegistryHost::open(directory);
    if (!host) return std::unexpected(host.error());
    for (const auto& open : registry_paths_open_to_others(directory))
        spdlog::warn("others than its owner may use {} (mode {}); run: {}", open.path,
                     storage::mode_text(open.mode), open.fix);

    DaemonProcess process(registry_io_threads);
    boost::asio::thread_pool workers(worker_threads);
    http::ServerOptions public_options;
    public_options.max_body_bytes = registry::max_request_body_bytes;
    public_options.too_large_fix =
        "this is a registry, to which nodes send enrolments and updates of themselves; records and "
        "files go to a node";
    auto public_server = http::Server::listen_tcp(
        process.io(), workers, options.listen,
        [&](const http::Request& request) { return (*host)->handle_public(request); },
        public_options);
    if (!public_server) return std::unexpected(public_server.error());
    const auto url = url_for((*public_server)->address(), options.public_url);
    if (!url) return std::unexpected(url.error());
    (*host)->set_url(*url);
    http::ServerOptions operator_options;
    operator_options.too_large_fix = public_options.too_large_fix;
    auto operator_server = http::Server::listen_unix(
        process.io(), workers, RegistryPaths{directory}.socket(),
        [&](const http::Request& request) { return (*host)->handle_operator(request); },
        operator_options);
    if (!operator_server) return std::unexpected(operator_server.error());

    const std::string address = (*public_server)->address();
    {
        const Ticker ticker(**host);
        print_line(options.json, {{"event", "ready"}, {"listen", address}},
                   "Ready: the registry listens on " + address);
        spdlog::info("registry in {} listens on {}, known as {}", directory, address, *url);
        process.wait_for_stop();
        print_line(options.json, {{"event", "stopping"}}, "Stopping");
    }
    (*public_server)->stop();
    (*operator_server)->stop();
    workers.join();
    (*public_server)->wait_until_sent(answers_leave_within);
    (*operator_server)->wait_until_sent(answers_leave_within);
    process.stop_io();
    spdlog::info("stopped");
    return {};
}

Result<json::object> registry_members(const std::string& directory) {
    init_crypto();
    const auto stored = read_registry(directory);
    if (!stored) return std::unexpected(stored.error());
    const auto service = registry::Service::load(*stored, std::nullopt);
    if (!service) return std::unexpected(service.error());
    return members_document(service->members(system_now()));
}

Result<json::object> verify_registry_log(const std::string& directory) {
    init_crypto();
    const auto stored = read_registry(directory);
    if (!stored) return std::unexpected(stored.error());
    auto framed = registry::read_framed(stored->entries);
    // Beside a running registry the entries read may be newer than the checkpoint.
    const auto report_on = [&](std::span<const Bytes> entries) {
        return registry::verify_log(stored->roots, entries, as_text(stored->checkpoint),
                                    stored->documents);
    };
    auto report = report_on(framed.entries);
    if (report.tree_size < framed.entries.size())
        report = report_on(std::span<const Bytes>(framed.entries).first(report.tree_size));
    return report_document(report);
}

Result<json::object> verify_registry_url(const std::string& url) {
    init_crypto();
    const auto checked = registry::check_registry_url(url);
    if (!checked) return std::unexpected(checked.error());
    const RegistryFetch fetch = fetch_over_http();
    const RegistryClient client(*checked, fetch);
    const auto roots = client.roots();
    if (!roots) return std::unexpected(roots.error());
    const auto chain = registry::RootChain::verify_own(*roots);
    if (!chain) return std::unexpected(chain.error());
    registry::UpdateAssembler assembler;
    std::uint64_t from = 0;
    for (;;) {
        auto chunk = client.directory(from);
        if (!chunk) return std::unexpected(chunk.error());
        const auto whole = assembler.add(std::move(*chunk), chain->current().keys());
        if (!whole) return std::unexpected(whole.error());
        if (*whole) {
            auto document = report_document(registry::verify_log(
                *roots, (*whole)->entries, as_text((*whole)->checkpoint), (*whole)->documents));
            document["registry_id"] = chain->registry_id().hex();
            return document;
        }
        const auto wanted = assembler.wanted();
        // Each chunk must bring something, or a lying server would keep us here for ever.
        if (!wanted || *wanted <= from)
            return fail("bad_reply", "the registry sends its log in pieces without end", url);
        from = *wanted;
    }
}

}  // namespace sangam::node
