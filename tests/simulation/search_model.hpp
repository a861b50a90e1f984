// SPDX-License-Identifier: Apache-2.0
// What a federated search has to find, worked out plainly: rows are maps of texts, grants and
// conditions are read by a few lines of their own, and one node that holds just what the asker may
// see answers the query. Knows nothing of parts, ledgers, views or SQL.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/sim_world.hpp"

namespace sangam::testing::search_model {

using Fields = std::map<std::string, std::string>;
using Rows = std::map<std::string, Fields>;  ///< by record id

/// `field = 'value'` or `field <> 'value'`: true only where the field is there.
struct PlainCondition {
    std::string field;
    std::string value;
    bool is_equal = true;

    [[nodiscard]] bool holds(const Fields& fields) const {
        const auto it = fields.find(field);
        return it != fields.end() && (it->second == value) == is_equal;
    }
    [[nodiscard]] std::string text() const {
        return field + (is_equal ? " = '" : " <> '") + value + "'";
    }
};

struct PlainGrant {
    std::string to;        ///< a handle, members or public
    bool is_copy = false;  ///< replicate, else search
    std::optional<PlainCondition> where;
    std::set<std::string> hidden;
};

struct PlainDataset {
    std::string name;
    std::size_t owner = 0;
    DatasetUid uid;
    Rows rows;  ///< at the owner
    std::vector<PlainGrant> grants;
    /// By node: the owner's rows when it last heard, and what it wanted of them.
    struct Copy {
        Rows rows_of_owner;
        std::optional<PlainCondition> filter;
    };
    std::map<std::size_t, Copy> copies;
};

inline bool is_for(const PlainGrant& grant, const std::string& handle) {
    return grant.to == "public" ||
           (!handle.empty() && (grant.to == "members" || grant.to == handle));
}

/// The grants for an institution; an empty handle is the public. `only_open`: what a stand-in may
/// answer by.
inline std::vector<PlainGrant> grants_for(const PlainDataset& dataset, const std::string& handle,
                                          bool only_copies, bool only_open) {
    std::vector<PlainGrant> out;
    for (const PlainGrant& grant : dataset.grants) {
        if (!is_for(grant, handle) || (only_copies && !grant.is_copy)) continue;
        if (only_open && grant.to != "members" && grant.to != "public") continue;
        out.push_back(grant);
    }
    return out;
}

/// A field of a row shows where one of the grants whose condition holds shows it; a row of which no
/// field does is not there.
inline Rows visible(const Rows& rows, const std::vector<PlainGrant>& grants) {
    Rows out;
    for (const auto& [id, fields] : rows)
        for (const PlainGrant& grant : grants) {
            if (grant.where && !grant.where->holds(fields)) continue;
            Fields& shown = out[id];
            for (const auto& [name, value] : fields)
                if (!grant.hidden.contains(name)) shown.emplace(name, value);
        }
    std::erase_if(out, [](const auto& row) { return row.second.empty(); });
    return out;
}

/// What a holder's store has. Its filter reads what shows to it.
inline Rows held_by(const PlainDataset& dataset, std::size_t node, const std::string& handle) {
    const auto& copy = dataset.copies.at(node);
    Rows out = visible(copy.rows_of_owner, grants_for(dataset, handle, true, false));
    if (copy.filter)
        std::erase_if(out, [&](const auto& row) { return !copy.filter->holds(row.second); });
    return out;
}

/// A field is asked about although no row that shows has it.
inline bool lacks_a_field(const Rows& rows, const std::set<std::string>& asked) {
    if (rows.empty()) return false;
    return std::ranges::any_of(asked, [&](const std::string& name) {
        return std::ranges::none_of(rows,
                                    [&](const auto& row) { return row.second.contains(name); });
    });
}

/// One dataset, as it has to be answered.
struct Expected {
    std::string from = "none";
    std::string answered_by;  ///< where several would do: whoever did
    Rows rows;                ///< that the asker sees of it in this answer
    bool must_be_partial = false;
    bool must_be_whole = false;
    bool is_refused = false;
};

/// The page that one node shows which holds these rows, a dataset for each, and nothing else.
struct Page {
    std::uint64_t total = 0;
    std::map<std::string, std::vector<std::pair<std::string, std::uint64_t>>> facets;
    std::vector<std::tuple<std::string, std::optional<double>, std::map<std::string, Value>>> hits;
    friend bool operator==(const Page&, const Page&) = default;
};

inline Page page_of(const sync::SearchOutcome& outcome) {
    Page out{outcome.total, outcome.facets, {}};
    for (const auto& hit : outcome.hits) out.hits.emplace_back(hit.id, hit.score, hit.fields);
    return out;
}

inline std::vector<FieldWrite> writes_of(const Fields& fields) {
    std::vector<FieldWrite> out;
    for (const auto& [name, value] : fields) out.push_back({Path::single(name), Value(value)});
    return out;
}

inline DatasetUid make_dataset(SimWorld& world, std::size_t node, const std::string& name) {
    sync::DatasetSpec spec;
    spec.name = name;
    spec.title = name;
    spec.licence = "CC0-1.0";
    spec.schema.types["year"] = "number";
    return world.put_entry(
        node, sync::create_dataset(*world[node].reader(), world.directory, world.author_of(node),
                                   spec, world.now_at(world[node])));
}

inline void write_rows(SimWorld& world, std::size_t node, const DatasetUid& uid, const Rows& rows) {
    world.act(node, [&](sync::Engine& engine, Millis now) {
        storage::AuthorRequest request;
        request.dataset = uid;
        request.now = now;
        for (const auto& [id, fields] : rows) {
            storage::Edit edit;
            edit.key = {"germplasm", id};
            edit.writes = writes_of(fields);
            request.edits.push_back(std::move(edit));
        }
        const auto result = world[node].store->author(request);
        SANGAM_ASSERT(result.has_value());
        engine.data_changed(uid, now);
    });
}

/// Who answers what follows from the datasets that have a part.
inline Page merged_page(const std::vector<Rows>& datasets, sync::SearchQuery query) {
    SimWorld world{{}};
    const auto one = world.add_node("one");
    for (std::size_t i = 0; i < datasets.size(); ++i)
        if (!datasets[i].empty())
            write_rows(world, one, make_dataset(world, one, "d" + std::to_string(i)), datasets[i]);
    query.local_only = true;
    const auto outcome = world.search(one, query);
    SANGAM_ASSERT(outcome.has_value());
    return page_of(*outcome);
}

}  // namespace sangam::testing::search_model
