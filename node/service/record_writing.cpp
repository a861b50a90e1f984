// SPDX-License-Identifier: Apache-2.0
#include "node/service/record_writing.hpp"

namespace sangam::node {
namespace {

Result<void> may_write(const Call& call, const RecordAccess& access) {
    using storage::Holding;
    if (access.dataset.holding == Holding::own || access.dataset.holding == Holding::writer)
        return {};
    return fail("not_a_writer", "only the dataset's owner and its writers write records",
                call.dataset_text(access.dataset.manifest),
                "ask the owner to name this institution as a writer", ErrorKind::refused);
}

bool has_if_match(const Call& call) { return call.request.headers.contains("if-match"); }

std::unexpected<Error> version_changed(const RecordAccess& access) {
    return fail("version_changed", "the record was changed since it was read", access.text,
                "read it again and repeat the edit on what it says now", ErrorKind::refused);
}

/// If-Match names the version that the edit is based on.
Result<void> matches_version(const Call& call, const RecordAccess& access) {
    const auto header = call.request.headers.find("if-match");
    if (header == call.request.headers.end()) return {};
    if (access.state && header->second == "\"" + version_tag(access.state->version) + "\"")
        return {};
    if (header->second == "*" && access.state) return {};
    return version_changed(access);
}

}  // namespace

Result<RecordAccess> open_for_writing(Call& call, const storage::Reader& reader) {
    auto access = open_record(call, reader);
    if (!access) return access;
    if (auto may = may_write(call, *access); !may) return std::unexpected(may.error());
    if (auto same = matches_version(call, *access); !same) return std::unexpected(same.error());
    return access;
}

bool is_owner(const Call& call, const RecordAccess& access) {
    return access.dataset.manifest.owner == call.own_institution;
}

std::optional<NodeId> proposes_as(const Call& call, const RecordAccess& access) {
    if (is_owner(call, access)) return std::nullopt;
    return call.context.node;
}

std::string present_version(const RecordAccess& access) {
    return access.state ? version_tag(access.state->version) : std::string();
}

Result<Written> write_record(Call& call, const RecordAccess& access, std::vector<FieldWrite> writes,
                             bool only_at_version) {
    storage::AuthorRequest request;
    request.dataset = access.dataset.uid;
    request.now = call.now;
    storage::Edit edit;
    edit.key = access.key;
    if (access.state) edit.context = access.state->version;
    if (only_at_version || has_if_match(call)) edit.only_at = edit.context;
    edit.writes = std::move(writes);
    request.edits.push_back(std::move(edit));
    const auto result = call.context.store->author(request);
    if (!result) return std::unexpected(result.error());
    if (!result->refused_deleted.empty())
        return fail("record_deleted", "the record is deleted: restore it first", access.text,
                    "sangam restore " + access.text, ErrorKind::refused);
    if (!result->refused_changed.empty()) return version_changed(access);
    const auto uid = access.dataset.uid;
    call.context.engine->post(
        [uid](sync::Engine& engine, Millis now) { engine.data_changed(uid, now); });
    const auto after = call.reader()->record(uid, access.key);
    return Written{
        result->commits.empty() ? std::string() : result->commits.back().header.hash().hex(),
        after ? version_tag(after->version) : std::string()};
}

}  // namespace sangam::node
