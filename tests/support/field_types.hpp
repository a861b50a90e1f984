// SPDX-License-Identifier: Apache-2.0
// The types of fields in tests of conditions: by the first letter of the last name, so that a
// test's condition tells the type of what it asks.
#pragma once

#include "protocol/path.hpp"
#include "storage/projection.hpp"

namespace sangam::testing {

/// n number, d date, c code, else text.
inline storage::FieldType type_by_letter(const Path& field) {
    switch (field.names.back().front()) {
        case 'n':
            return storage::FieldType::number;
        case 'd':
            return storage::FieldType::date;
        case 'c':
            return storage::FieldType::code;
        default:
            return storage::FieldType::text;
    }
}

}  // namespace sangam::testing
