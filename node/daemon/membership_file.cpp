// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/membership_file.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "node/daemon/durable_file.hpp"
#include "registry/invitation.hpp"

namespace sangam::node {
namespace {

constexpr std::string_view file_name = "/membership.json";
constexpr std::string_view announced_file_name = "/announced.cbor";
constexpr std::size_t max_file_bytes = 64 * 1024;
/// Some hundred thousand institutions.
constexpr std::size_t max_directory_file_bytes = 512 * 1024 * 1024;

Result<MembershipFile> parse(ByteView bytes, const std::string& path) {
    const auto bad = [&](const std::string& why) {
        return fail("bad_membership", "the file cannot be understood: " + why, path,
                    "restore it from your backup, or remove the folder and join again");
    };
    boost::system::error_code error;
    const auto document = boost::json::parse(as_text(bytes), error);
    if (error || !document.is_object()) return bad("no JSON object");
    const auto& object = document.as_object();
    const auto* url = object.if_contains("registry_url");
    const auto* id = object.if_contains("registry_id");
    const auto* version = object.if_contains("document_version");
    if (url == nullptr || !url->is_string() || id == nullptr || !id->is_string() ||
        version == nullptr || !version->is_int64() || version->as_int64() < 0)
        return bad("registry_url, registry_id or document_version is missing");
    const auto registry_id = Hash::from_hex(std::string_view(id->as_string()));
    if (!registry_id) return bad("registry_id is no hash");
    const auto checked = registry::check_registry_url(std::string_view(url->as_string()));
    if (!checked) return bad(checked.error().message);
    return MembershipFile{*checked, *registry_id, static_cast<std::uint64_t>(version->as_int64())};
}

}  // namespace

Result<StoredMembership> load_membership(const std::string& folder) {
    StoredMembership out;
    const std::string path = folder + std::string(file_name);
    const auto bytes = read_file(path, max_file_bytes);
    if (!bytes) {
        if (bytes.error().code == "not_found") return out;
        return std::unexpected(bytes.error());
    }
    auto parsed = parse(*bytes, path);
    if (!parsed) return std::unexpected(parsed.error());
    out.membership = std::move(*parsed);

    std::map<std::string, Bytes> files;
    for (const auto& name : registry::Directory::file_names()) {
        auto content = read_file(folder + "/" + name, max_directory_file_bytes);
        if (content) {
            files[name] = std::move(*content);
        } else if (content.error().code != "not_found") {
            return std::unexpected(content.error());
        }
    }
    if (files.empty()) return out;
    auto directory = registry::Directory::load(files);
    if (!directory) {
        out.problem = directory.error().text();
    } else if (directory->registry_id() != out.membership->registry_id) {
        out.problem = "it belongs to another registry";
    } else {
        out.directory = std::move(*directory);
    }
    if (!out.directory) return out;
    const auto announced =
        read_file(folder + std::string(announced_file_name), max_directory_file_bytes);
    // Without it peers tell again.
    if (announced) out.announcements = Announcements::decode(*announced, *out.directory);
    return out;
}

void save_membership(const std::string& folder, const MembershipFile& membership) {
    const boost::json::object document{
        {"registry_url", membership.registry_url},
        {"registry_id", membership.registry_id.hex()},
        {"document_version", static_cast<std::int64_t>(membership.document_version)}};
    write_file_durably(folder + std::string(file_name),
                       as_bytes(boost::json::serialize(document) + "\n"), 0600);
}

void save_announcements(const std::string& folder, const Announcements& announcements) {
    write_file_durably(folder + std::string(announced_file_name), announcements.encode(), 0600);
}

void save_directory(const std::string& folder, const registry::Directory& directory,
                    const std::vector<std::string>& changed_files) {
    if (changed_files.empty()) return;
    const auto files = directory.files();
    for (const auto& name : changed_files)
        if (const auto found = files.find(name); found != files.end())
            write_file_durably(folder + "/" + name, found->second, 0600);
}

}  // namespace sangam::node
