// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/import_plan.hpp"

#include <algorithm>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/import_state.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::node::ingest {
namespace {

// What a write costs in a change's encoding besides its names and value: a salt, CBOR heads.
constexpr std::size_t write_overhead = 64;
constexpr std::size_t cbor_head = 9;
// Left free below max_change_bytes for key, context and secret.
constexpr std::size_t change_reserve = 64 * 1024;

std::size_t path_bytes(const Path& path) {
    std::size_t size = 0;
    for (const std::string& name : path.names) size += name.size() + cbor_head;
    return size;
}

std::size_t value_bytes(const Value& value) {
    if (value.is_text()) return value.text().size() + cbor_head;
    std::size_t size = cbor_head;
    if (const auto* array = value.get_if<Value::Array>())
        for (const Value& element : *array) size += value_bytes(element);
    if (const auto* map = value.get_if<Value::Map>())
        for (const auto& [key, element] : *map)
            size += key.size() + cbor_head + value_bytes(element);
    return size;
}

std::optional<RowProblem> find_excess(const RowMapper& mapper,
                                      const std::vector<FieldWrite>& writes) {
    const auto column_of = [&](const Path& leaf) -> std::string {
        for (const MappedColumn& column : mapper.columns())
            if (leaf.is_at_or_below(column.field)) return column.header;
        return {};
    };
    if (writes.size() > max_change_fields)
        return RowProblem{{}, "the row has more than 4,096 fields and list elements"};
    std::size_t total = change_reserve;
    for (const FieldWrite& write : writes) {
        if (write.path.names.back().size() > max_name_bytes)
            return RowProblem{column_of(write.path), "an element is longer than 1,024 bytes"};
        const std::size_t value = write.value ? value_bytes(*write.value) : 1;
        // The estimate is high; what is near the bound is measured.
        if (value > max_value_bytes && write.value->to_cbor().size() > max_value_bytes)
            return RowProblem{column_of(write.path),
                              "the value is too long: over 1 MiB with its encoding"};
        total += write_overhead + path_bytes(write.path) + value;
    }
    if (total > max_change_bytes) return RowProblem{{}, "the row is longer than 4 MiB"};
    return std::nullopt;
}

class Planner {
public:
    Planner(const RowMapper& mapper, const MappedCells& cells, StatedCells stated)
        : mapper_(mapper), cells_(cells), stated_(std::move(stated)) {}

    void plan() {
        for (const WriteUnit& unit : mapper_.units()) {
            if (!differs(unit)) continue;
            for (const WriteUnit::Member& member : unit.members) write(member);
        }
        stated_.row = mapper_.row_digest(cells_);
    }

    std::vector<FieldWrite>& writes() { return writes_; }
    [[nodiscard]] Bytes stated() const { return stated_.encode(); }

private:
    std::string_view text_of(const WriteUnit::Member& member) const {
        return member.column ? cells_[*member.column] : std::string_view();
    }

    bool differs(const WriteUnit& unit) const {
        return std::any_of(unit.members.begin(), unit.members.end(), [&](const auto& member) {
            if (!member.column) return false;
            const auto it = stated_.cells.find(member.field);
            const std::string_view text = text_of(member);
            return it == stated_.cells.end() ? !text.empty() : !it->second.says(text);
        });
    }

    void write(const WriteUnit::Member& member) {
        const std::string_view text = text_of(member);
        const auto before = stated_.cells.find(member.field);
        const std::string previous(before == stated_.cells.end() ? std::string_view()
                                                                 : before->second.text());
        append_writes(writes_, member.field, member.shape, text, previous);
        if (text.empty())
            stated_.cells.erase(member.field);
        else
            stated_.cells[member.field] = StatedCell(text, member.shape == Shape::set);
    }

    const RowMapper& mapper_;
    const MappedCells& cells_;
    StatedCells stated_;
    std::vector<FieldWrite> writes_;
};

}  // namespace

std::expected<std::optional<storage::Edit>, RowProblem> plan_row(
    const RowMapper& mapper, const MappedCells& cells, const std::string& record_id,
    const storage::ImportState* previous, const std::optional<NodeId>& proposes_as) {
    StatedCells stated;
    if (previous) {
        if (StatedCells::peek_row(previous->cells) == mapper.row_digest(cells)) return std::nullopt;
        // What cannot be read says nothing: every cell is then written, over the known version.
        if (auto decoded = StatedCells::decode(previous->cells)) stated = std::move(*decoded);
    }
    Planner planner(mapper, cells, std::move(stated));
    planner.plan();
    if (planner.writes().empty()) return std::nullopt;
    if (auto excess = find_excess(mapper, planner.writes()))
        return std::unexpected(std::move(*excess));

    storage::Edit edit;
    edit.key = {mapper.collection(), record_id};
    if (previous) edit.context = previous->version;
    edit.import_cells = planner.stated();
    edit.writes = std::move(planner.writes());
    if (proposes_as)
        for (FieldWrite& write : edit.writes)
            if (mapper.model().is_reserved_to_owner(write.path))
                write.path = sync::proposal_path(write.path, *proposes_as);
    return edit;
}

}  // namespace sangam::node::ingest
