// SPDX-License-Identifier: Apache-2.0
// What every verb that writes one record has in common: who may, under which version, and how the
// change is made (SEMANTICS section 1, "Based on").
#pragma once

#include <string>
#include <vector>

#include "node/http/entity_tags.hpp"
#include "node/service/record_access.hpp"
#include "protocol/change.hpp"

namespace sangam::node {

/// Opens the record that the call's first four arguments name, with everything that stands in the
/// way of writing it checked: the institution owns the dataset or writes to it, and the record has
/// a version that If-Match and If-None-Match allow.
[[nodiscard]] Result<RecordAccess> open_for_writing(Call& call, const storage::Reader& reader);

/// What the request's If-Match or If-None-Match says; nothing without such a header.
[[nodiscard]] Result<std::optional<http::EntityTags>> tags_of_header(const Call& call,
                                                                     const std::string& name);

/// True for people of the institution that owns the dataset.
[[nodiscard]] bool is_owner(const Call& call, const RecordAccess& access);
/// The node that proposes: set on a writer's node, which writes reserved fields as proposals.
[[nodiscard]] std::optional<NodeId> proposes_as(const Call& call, const RecordAccess& access);

/// The version of the record as read, quoted as in an ETag; without a record, an empty text.
[[nodiscard]] std::string present_version(const RecordAccess& access);

struct Written {
    std::string commit;   ///< hash of its header
    std::string version;  ///< of the record afterwards
};
/// Makes the change, based on the version that was read; with one of these headers, or
/// `only_at_version`, only while the record still has it (error "version_changed").
[[nodiscard]] Result<Written> write_record(Call& call, const RecordAccess& access,
                                           std::vector<FieldWrite> writes,
                                           bool only_at_version = false);

}  // namespace sangam::node
