// SPDX-License-Identifier: Apache-2.0
#include "node/cli/doctor.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <exception>

#include "node/cli/offline_verify.hpp"
#include "node/daemon/config.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/daemon/private_files.hpp"
#include "node/http/address.hpp"
#include "node/http/tcp_acceptor.hpp"
#include "storage/file_access.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

/// Below this a day of imports may not fit, and SQLite needs room for its log.
constexpr std::uint64_t wanted_free_bytes = 512ULL * 1024 * 1024;

class Checks {
public:
    void add(std::string_view name, bool is_ok, std::string detail, std::string fix = {}) {
        json::object check;
        check["name"] = name;
        check["ok"] = is_ok;
        check["detail"] = std::move(detail);
        check["fix"] = is_ok ? std::string() : std::move(fix);
        list_.push_back(std::move(check));
    }
    void add(std::string_view name, const Error& error) {
        add(name, false, error.message + (error.subject.empty() ? "" : ": " + error.subject),
            error.fix);
    }
    void append(const json::array& checks) {
        list_.insert(list_.end(), checks.begin(), checks.end());
    }
    json::object document() {
        json::object out;
        out["checks"] = std::move(list_);
        return out;
    }

private:
    json::array list_;
};

/// False when there is nothing in it that could be looked at.
bool check_place(Checks& checks, const std::string& directory) {
    auto usable = check_directory(directory);
    if (usable) usable = check_use(directory, DirectoryUse::node);
    if (!usable) {
        checks.add("directory", usable.error());
        return false;
    }
    checks.add("directory", true, directory);
    return true;
}

void check_modes(Checks& checks, const std::string& directory) {
    std::string found;
    std::string fix;
    for (const auto& open : paths_open_to_others(directory)) {
        if (open.path == DirectoryPaths{directory}.identity()) continue;  // check_key() tells
        found +=
            (found.empty() ? "" : ", ") + open.path + " has mode " + storage::mode_text(open.mode);
        fix += (fix.empty() ? "" : " && ") + open.fix;
    }
    checks.add("private files", found.empty(),
               found.empty() ? "nobody but the owner may use the directory and the store"
                             : "others may use what is the owner's alone: " + found,
               fix);
}

void check_key(Checks& checks, const std::string& directory) {
    const auto path = DirectoryPaths{directory}.identity();
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        checks.add("identity key", false, path + " is missing",
                   "bring it back from a backup; without it this is another node");
        return;
    }
    if ((status.st_mode & 077) != 0) {
        checks.add("identity key", false, path + " has mode " + storage::mode_text(status.st_mode),
                   "chmod 600 " + path + ", and if others could read it, revoke the node");
        return;
    }
    const auto key = load_identity(directory);
    if (!key)
        checks.add("identity key", key.error());
    else
        checks.add("identity key", true, "node id " + key->public_key().hex());
}

void check_disk(Checks& checks, const std::string& directory) {
    struct statvfs status{};
    if (::statvfs(directory.c_str(), &status) != 0) {
        checks.add("disk space", false, "the file system does not say", "check the disk");
        return;
    }
    const auto free = std::uint64_t{status.f_bavail} * status.f_frsize;
    checks.add("disk space", free >= wanted_free_bytes,
               std::to_string(free / (1024 * 1024)) + " MiB free",
               "free some: an import needs about as much as the file has");
}

void check_store_offline(Checks& checks, const std::string& directory) {
    if (auto problem = storage::unwritable_store_file(directory)) {
        checks.add("store", false, std::move(*problem), "the node does not start before that");
        return;
    }
    try {
        const auto report = verify_sample_without_daemon(directory);
        if (!report) {
            checks.add("store", report.error());
            return;
        }
        const auto failed = number_at(*report, "failed");
        checks.add("store", failed == 0,
                   "opens; of the smallest dataset " +
                       std::to_string(number_at(*report, "records")) + " records verified, " +
                       std::to_string(failed) + " failed",
                   "sangam verify names what failed; bring the store back from a backup");
    } catch (const std::exception& failure) {
        checks.add("store", false, failure.what(), "bring the store back from a backup");
    }
}

/// Whether a stopped node could listen where its configuration says. Listens there for a moment.
void check_ports(Checks& checks, const std::string& directory) {
    const auto config = load_config(directory, {});
    if (!config) {
        checks.add("configuration", config.error());
        return;
    }
    const std::pair<std::string_view, const std::string&> ports[] = {
        {"peer port", config->peer_listen}, {"HTTP port", config->http_listen}};
    boost::asio::io_context io;
    for (const auto& [name, address] : ports) {
        if (const auto opened = http::open_acceptor(io.get_executor(), address); !opened)
            checks.add(name, opened.error());
        else
            checks.add(
                name, true,
                address.ends_with(":0") ? address + ", any free port" : address + " is free");
    }
}

void check_daemon(Checks& checks, const Session& session) {
    const auto document = call_node(session, "GET", "/api/v1/doctor");
    if (!document) {
        checks.add("daemon", document.error());
        return;
    }
    checks.add("daemon", true, "runs and answers");
    checks.append(array_at(*document, "checks"));
}

}  // namespace

json::object examine(const Session& session, const std::string& directory) {
    Checks checks;
    if (!check_place(checks, directory)) return checks.document();
    check_modes(checks, directory);
    check_key(checks, directory);
    if (const auto fits = http::check_socket_path(DirectoryPaths{directory}.socket()); !fits)
        checks.add("socket", fits.error());
    check_disk(checks, directory);
    if (is_locked(directory)) {
        check_daemon(checks, session);
    } else {
        checks.add("daemon", true, "not running; start it with sangam node run --dir " + directory);
        check_ports(checks, directory);
        check_store_offline(checks, directory);
    }
    return checks.document();
}

}  // namespace sangam::node::cli
