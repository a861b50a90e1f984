// SPDX-License-Identifier: Apache-2.0
// What people write in a simulated federation: fields of every merge strategy, drawn from the seed,
// within the rules of their dataset.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "protocol/control.hpp"
#include "protocol/crypto.hpp"
#include "storage/types.hpp"
#include "sync/change_rules.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::testing {

/// pedigree, crop, score, local and secret are `latest`.
inline Schema simulated_schema() {
    Schema out;
    out.strategies = {{"remarks", "keep_all"}, {"traits", "union"},  {"stock", "sum"},
                      {"height", "max"},       {"tested", "min"},    {"collected", "precision"},
                      {"grade", "owner_wins"}, {"genus", "identity"}};
    out.groups["place"] = {"latitude", "longitude"};
    out.types = {{"score", "number"}};
    return out;
}

/// Who writes where.
struct Writer {
    Lane lane;
    bool is_owner = false;
};

/// Draws from the fields of this federation: those that conditions read, an open one, a hideable
/// one, and three more. A record with all of them at once would only make runs slow.
class EditDrawer {
public:
    explicit EditDrawer(SeededRandom& random) : random_(random) {
        std::vector<std::string> more{"pedigree", "local",     "traits", "stock", "height",
                                      "tested",   "collected", "grade",  "genus", "latitude"};
        for (int i = 0; i < 3; ++i) {
            const auto it = more.begin() + static_cast<std::ptrdiff_t>(below(more.size()));
            fields_.push_back(*it);
            more.erase(it);
        }
    }

    /// One or two fields, or a group.
    std::vector<FieldWrite> fields(const Writer& writer) {
        const std::string& first = any_field();
        if (first == "latitude") return place();
        std::vector<FieldWrite> out{write_of(first, writer)};
        const std::string& second = any_field();
        if (second != first && second != "latitude") out.push_back(write_of(second, writer));
        return out;
    }
    /// A group is written whole.
    std::vector<FieldWrite> place() {
        return {{Path::single("latitude"), fresh()}, {Path::single("longitude"), fresh()}};
    }
    /// Some for a grant to hide, ascending.
    std::vector<Path> hidden() {
        std::vector<Path> out;
        for (const std::string& field : fields_)
            if (below(4) == 0) out.push_back(Path::single(field));
        std::sort(out.begin(), out.end());
        return out;
    }

private:
    std::uint64_t below(std::uint64_t bound) { return random_.draw_u64() % bound; }
    Value fresh() { return Value("v" + std::to_string(++values_)); }
    Value number(std::uint64_t bound) { return Value(static_cast<std::int64_t>(below(bound))); }
    const std::string& any_field() { return fields_[below(fields_.size())]; }

    FieldWrite write_of(const std::string& field, const Writer& writer) {
        static const std::vector<const char*> crops{"rice", "wheat", "millet"};
        static const std::vector<const char*> dates{"2001----", "200107--", "20010715", "1999----"};
        Path path = Path::single(field);
        if (field == "stock") return {sync::counter_path(path, writer.lane), number(1000)};
        if (field == "grade" || field == "genus") {  // only the owner writes it, others propose
            if (!writer.is_owner) path = sync::proposal_path(path, writer.lane.node);
            return {std::move(path), fresh()};
        }
        if (field == "traits") path = path.child("t" + std::to_string(below(3)));
        if (below(8) == 0) return {std::move(path), std::nullopt};
        if (field == "crop") return {std::move(path), Value(crops[below(crops.size())])};
        if (field == "collected") return {std::move(path), Value(dates[below(dates.size())])};
        if (field == "score" || field == "height" || field == "tested" || field == "traits")
            return {std::move(path), number(100)};
        return {std::move(path), fresh()};
    }

    SeededRandom& random_;
    std::vector<std::string> fields_{"crop", "score", "remarks", "secret"};
    std::uint64_t values_ = 0;
};

}  // namespace sangam::testing
