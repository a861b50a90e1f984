// SPDX-License-Identifier: Apache-2.0
// What an export did, and what of it an import would not read back as it was: nothing is left out,
// and nothing changes on its way, without being said (docs/decisions/0144).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/path.hpp"

namespace sangam::node::ingest {

/// What is said of fields or of records; each at most once in a report, with the first of them.
enum class ExportNotice {
    // Fields that are not in the file.
    counter,     ///< an import takes no values for a counter
    field_name,  ///< no header can bear the name
    // Records that are not in the file.
    no_passport_id,    ///< without INSTCODE, ACCENUMB or GENUS
    same_passport_id,  ///< another record has these three
    nul,               ///< a NUL, which no file has
    too_large,         ///< for a row or an entity
    not_brapi,         ///< a name or a value that no entity can have
    // In the file, but an import stores it otherwise.
    other_id,      ///< under INSTCODE:ACCENUMB:GENUS
    other_field,   ///< in another field
    not_text,      ///< numbers, flags, objects and arrays, as text
    separator,     ///< an element of a list that holds `;`, as several
    empty_text,    ///< as no value
    mixed_field,   ///< as one value, since other records have a plain value there
    name_from_id,  ///< the name that BrAPI requires
};

class ExportNotices {
public:
    void add_field(ExportNotice notice, const Path& field);
    void add_record(ExportNotice notice, const RecordKey& key);
    /// A sentence for each, those that say what is left out first.
    [[nodiscard]] std::vector<std::string> texts() const;

private:
    struct Subjects {
        std::uint64_t records = 0;
        std::set<std::string> first_records;
        std::set<Path> fields;
    };
    std::map<ExportNotice, Subjects> subjects_;
};

struct ExportReport {
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;  ///< records that no import could read
    std::vector<std::string> notices;
};

}  // namespace sangam::node::ingest
