// SPDX-License-Identifier: Apache-2.0
// Whether a dataset has anything in a field; for rules and grants that name fields.
#pragma once

#include <set>
#include <string>

#include "storage/store.hpp"

namespace sangam::node {

/// Whether a record of the dataset has a live write at or below the path, or one above it of an
/// object that holds something there. Reads until it finds one;
/// an admin's change of rules is worth a pass over the records. For the owner's own people: it
/// tells of all fields.
[[nodiscard]] bool has_data(const storage::Reader& reader, const DatasetUid& dataset,
                            const Path& path);

/// All fields in which the dataset has something, as path texts, with those inside objects and
/// lists of objects. For the owner's own people, as above.
[[nodiscard]] std::set<std::string> fields_with_data(const storage::Reader& reader,
                                                     const DatasetUid& dataset);

}  // namespace sangam::node
