// SPDX-License-Identifier: Apache-2.0
#include "node/service/record_writing.hpp"

#include <algorithm>

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

bool has_precondition(const Call& call) {
    return call.request.headers.contains("if-match") ||
           call.request.headers.contains("if-none-match");
}

std::unexpected<Error> version_changed(const RecordAccess& access) {
    return fail("version_changed", "the record was changed since it was read", access.text,
                "read it again and repeat the edit on what it says now", ErrorKind::refused);
}

/// If-Match names versions that the edit may be based on, If-None-Match such that it may not (RFC
/// 9110 section 13.2.2 has this order).
Result<void> matches_version(const Call& call, const RecordAccess& access) {
    const auto version = present_version(access);
    const bool exists = access.state && !access.merged.is_deleted;
    const auto wanted = tags_of_header(call, "If-Match");
    if (!wanted) return std::unexpected(wanted.error());
    const auto unwanted = tags_of_header(call, "If-None-Match");
    if (!unwanted) return std::unexpected(unwanted.error());
    if (*wanted) {
        const bool is_met = (*wanted)->is_any ? exists : (*wanted)->has_strong(version);
        if (!access.state || !is_met) {
            if (exists && std::ranges::all_of((*wanted)->tags, &http::EntityTag::is_weak))
                return fail("version_changed", "If-Match has weak tags only, which never match",
                            access.text, "send the ETag as `get` gave it, without W/",
                            ErrorKind::refused);
            if (exists) return version_changed(access);
            return fail("version_changed",
                        access.state ? "the record was deleted since it was read"
                                     : "If-Match names a version of a record that does not exist",
                        access.text, "to make it, leave If-Match out, or send If-None-Match: *",
                        ErrorKind::refused);
        }
    }
    if (*unwanted && access.state &&
        ((*unwanted)->is_any ? exists : (*unwanted)->has_weak(version)))
        return fail("record_exists",
                    (*unwanted)->is_any ? "the record exists already"
                                        : "the record has a version that If-None-Match excludes",
                    access.text, "to change it, send its ETag as If-Match", ErrorKind::refused);
    return {};
}

}  // namespace

Result<std::optional<http::EntityTags>> tags_of_header(const Call& call, const std::string& name) {
    std::string key = name;
    std::ranges::transform(key, key.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto header = call.request.headers.find(key);
    if (header == call.request.headers.end()) return std::optional<http::EntityTags>();
    auto tags = http::parse_entity_tags(name, header->second);
    if (!tags) return std::unexpected(tags.error());
    return std::optional(std::move(*tags));
}

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
    return access.state ? access.version : std::string();
}

Result<Written> write_record(Call& call, const RecordAccess& access, std::vector<FieldWrite> writes,
                             bool only_at_version) {
    storage::AuthorRequest request;
    request.dataset = access.dataset.uid;
    request.now = call.now;
    storage::Edit edit;
    edit.key = access.key;
    if (access.state) edit.context = access.state->version;
    if (only_at_version || has_precondition(call)) edit.only_at = edit.context;
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
