// SPDX-License-Identifier: Apache-2.0
// The text index of one dataset: what it is given and checked for. An interface of its own, so that
// another engine can stand behind it; FTS5 is the first. Which records' visible fields hold the
// terms of a query is a part of Tables::select(), since conditions and hidden fields go into it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/path.hpp"
#include "storage/types.hpp"

namespace sangam::storage {

/// The text of one field of a merged record.
struct IndexedField {
    Path path;
    std::string text;
    friend bool operator==(const IndexedField&, const IndexedField&) = default;
};

class TextIndex {
public:
    virtual ~TextIndex() = default;
    /// For a record without an entry; `fields` is not empty.
    virtual void add(RecordNumber, const std::vector<IndexedField>& fields) = 0;
    /// No error when there is no entry.
    virtual void remove(RecordNumber) = 0;
    /// What was put for the record; nullopt when nothing was.
    [[nodiscard]] virtual std::optional<std::vector<IndexedField>> stored(RecordNumber) const = 0;
    /// How many records have an entry.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Compares the index with the texts it was given; the damage found, or nothing.
    [[nodiscard]] virtual std::optional<std::string> check() const = 0;
};

}  // namespace sangam::storage
