// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "node/service/visible_record.hpp"

using namespace sangam;

namespace {

/// What shows of a record when `hidden` is hidden of every one.
sync::RowScope row_without(const char* hidden, const sync::Merger& merger,
                           const Manifest& manifest) {
    sync::Scope scope = sync::Scope::everything();
    scope.rules.front().hidden.push_back(Path::single(hidden));
    // A record shows where a field of it does.
    storage::StoredChange live;
    live.change.key = {"germplasm", "A"};
    live.change.fields.push_back({{Path::single("genus"), Value("Oryza")}, {}});
    return sync::RowJudge(scope, manifest, merger).of(live.change.key, {live});
}

/// A conflict over the group `place` of two writes, whose hidden `lat` differs.
sync::MergedRecord record_of(Value one_lon, Value other_lon) {
    sync::MergeConflict conflict;
    conflict.field = "place";
    conflict.strategy = "keep_all";
    conflict.is_open = true;
    conflict.is_group = true;
    for (auto& [lat, lon] :
         {std::pair(7.1, std::move(one_lon)), std::pair(9.2, std::move(other_lon))}) {
        sync::Sibling sibling;
        sibling.value = Value(Value::Map{{"lat", Value(lat)}, {"lon", lon}});
        conflict.values.push_back(std::move(sibling));
    }
    sync::MergedRecord record;
    record.conflicts.push_back(std::move(conflict));
    return record;
}

}  // namespace

TEST_CASE(
    "service visible record: a group's conflict shows only where what is left of it differs") {
    const sync::Merger merger;
    Manifest manifest;
    manifest.schema.groups["place"] = {"lat", "lon"};
    manifest.schema.types = {{"lat", "number"}, {"lon", "number"}};
    const auto& schema = *merger.schema_of(manifest);
    const auto row = row_without("lat", merger, manifest);
    REQUIRE(row.is_visible());
    const auto left_of = [&](Value one, Value other) {
        return node::visible_part(record_of(std::move(one), std::move(other)), row, schema)
            .conflicts;
    };

    CHECK(left_of(Value("36"), Value("36")).empty());
    // The same number in other words, or nothing is left but the difference that is hidden.
    CHECK(left_of(Value("36"), Value("36.0")).empty());
    CHECK(left_of(Value(std::int64_t{36}), Value(36.0)).empty());

    const auto conflicts = left_of(Value("36"), Value("37"));
    REQUIRE(conflicts.size() == 1);
    for (const auto& sibling : conflicts.front().values) {
        const auto& members = *sibling.value->get_if<Value::Map>();
        CHECK(members.size() == 1);
        CHECK(members.contains("lon"));
    }
}
