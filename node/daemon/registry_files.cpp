// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/registry_files.hpp"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "node/daemon/durable_file.hpp"
#include "node/daemon/key_file.hpp"
#include "node/daemon/node_directory.hpp"
#include "registry/node_document.hpp"

namespace sangam::node {
namespace {

/// Bounds of what is read into memory; the log of some hundred thousand institutions.
constexpr std::size_t max_log_bytes = 1024 * 1024 * 1024;
constexpr std::size_t max_state_bytes = 256 * 1024 * 1024;
constexpr mode_t public_mode = 0644;  // the folder itself is 0700; mirrors copy these
constexpr mode_t private_mode = 0600;

Result<Bytes> read_or_empty(const std::string& path, std::size_t limit) {
    auto bytes = read_file(path, limit);
    if (!bytes && bytes.error().code == "not_found") return Bytes{};
    return bytes;
}

}  // namespace

Result<registry::StoredRegistry> read_registry(const std::string& directory) {
    const RegistryPaths paths{directory};
    registry::StoredRegistry out;
    auto roots = read_file(paths.of(registry::file::roots), registry::max_root_chain_bytes);
    if (!roots) {
        auto use = check_use(directory, DirectoryUse::registry);
        return std::unexpected(use ? roots.error() : use.error());
    }
    out.roots = std::move(*roots);
    auto checkpoint = read_or_empty(paths.of(registry::file::checkpoint), registry::max_note_bytes);
    if (!checkpoint) return std::unexpected(checkpoint.error());
    out.checkpoint = std::move(*checkpoint);
    auto entries = read_or_empty(paths.of(registry::file::entries), max_log_bytes);
    if (!entries) return std::unexpected(entries.error());
    out.entries = std::move(*entries);
    auto state = read_or_empty(paths.of(registry::file::state), max_state_bytes);
    if (!state) return std::unexpected(state.error());
    out.state = std::move(*state);
    const std::string documents = paths.of(registry::file::documents);
    for (const auto& name : list_directory(documents)) {
        if (name.ends_with(".new")) continue;  // a crash left it; its writer comes again
        auto document = read_file(documents + "/" + name, 2 * registry::max_document_bytes);
        if (!document) return std::unexpected(document.error());
        out.documents.push_back(std::move(*document));
    }
    return out;
}

Result<registry::RegistryKeys> load_registry_keys(const std::string& directory) {
    const RegistryPaths paths{directory};
    auto log = load_key_file(paths.log_key(), KeyKind::registry_log);
    if (!log) return std::unexpected(log.error());
    auto freshness = load_key_file(paths.freshness_key(), KeyKind::registry_freshness);
    if (!freshness) return std::unexpected(freshness.error());
    return registry::RegistryKeys{std::move(*log), std::move(*freshness)};
}

void carry_out(const std::string& directory, const registry::Effects& effects) {
    const RegistryPaths paths{directory};
    for (const auto& document : effects.documents) {
        make_directory(paths.of(registry::file::documents));
        write_file_durably(
            paths.of(registry::file::documents) + "/" + registry::document_hash(document).hex(),
            document, public_mode);
    }
    if (effects.state)
        write_file_durably(paths.of(registry::file::state), *effects.state, private_mode);
    if (!effects.entries.empty())
        append_file_durably(paths.of(registry::file::entries), effects.entries, public_mode);
    if (effects.checkpoint)
        write_file_durably(paths.of(registry::file::checkpoint), as_bytes(*effects.checkpoint),
                           public_mode);
    std::string lines;
    for (const auto& event : effects.audit) lines += event.line() + "\n";
    if (!lines.empty())
        append_file_durably(paths.of(registry::file::audit), as_bytes(lines), private_mode);
}

void cut_entries_file(const std::string& directory, std::size_t bytes) {
    const std::string path = RegistryPaths{directory}.of(registry::file::entries);
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error || size <= bytes) return;
    std::filesystem::resize_file(path, bytes, error);
    if (error) throw std::runtime_error("cannot cut " + path + ": " + error.message());
}

}  // namespace sangam::node
