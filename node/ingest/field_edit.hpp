// SPDX-License-Identifier: Apache-2.0
// From what a person puts and unsets (`sangam put`) to the leaves that the change writes: sets
// element by element, groups whole (SEMANTICS section 4).
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "node/ingest/field_model.hpp"
#include "protocol/change.hpp"
#include "protocol/error.hpp"
#include "protocol/value.hpp"
#include "sync/candidates.hpp"

namespace sangam::node::ingest {

/// One FIELD=VALUE, FIELD:=JSON or --unset FIELD.
struct FieldEdit {
    Path field;
    std::optional<Value> value;  ///< nothing: unset
    bool adds = false;           ///< FIELD+=N or FIELD-=N: `value` is added to a counter
};

/// What an addition to a counter starts from.
struct CounterBase {
    Lane lane;  ///< that will make the change; its own total is what it writes
    const sync::SiblingMap& siblings;
};

/// Reads FIELD=VALUE and FIELD:=JSON; FIELD is a path or an MCPD column's name. VALUE is text as it
/// stands; for a list it is split at `;`, as in a file. Refuses a text without `=`, a bad path, bad
/// JSON, a reserved field. For a counter, FIELD+=N and FIELD-=N, and nothing else.
[[nodiscard]] Result<FieldEdit> parse_assignment(const FieldModel& model, std::string_view text);
/// FIELD of --unset.
[[nodiscard]] Result<FieldEdit> parse_unset(std::string_view text);

/// The writes of a change that makes the edits to a record that now shows `fields` (unions as
/// lists; empty for a new record). An object is written as the fields in it. Unsetting what is not
/// there is no error. Refuses a field twice, a field at which others lie below or that lies below
/// another, a set given no texts, a NUL, and nothing to do. A path of one element of a union adds
/// it at the end or removes it, whatever the value. `proposes_as` as in plan_row(). A counter is
/// refused without `counters`, and a value for it.
[[nodiscard]] Result<std::vector<FieldWrite>> plan_edit(const FieldModel& model,
                                                        const std::map<Path, Value>& fields,
                                                        const std::vector<FieldEdit>& edits,
                                                        const std::optional<NodeId>& proposes_as,
                                                        const CounterBase* counters = nullptr);

}  // namespace sangam::node::ingest
