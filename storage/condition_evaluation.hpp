// SPDX-License-Identifier: Apache-2.0
// What a condition says of a record (COMMANDS "Conditions", SEMANTICS section 5): no, unknown or
// yes, and only *yes* lets a record through.
//
//  - A field that is missing, or does not read as what it is compared with, gives unknown; NOT
//    unknown is unknown; AND and OR as in SQL.
//  - On a list a predicate is the OR over its elements, NOT IN and <> too: some element differs.
//  - Where concurrent values stand, a predicate counts when all of them agree, else it is unknown:
//    no NOT around it lets a record through that one of the values would keep out.
//  - Text and codes compare by bytes of UTF-8, numbers as numbers. A number literal against text is
//    unknown; against a code or a date it is what it spells.
//  - A partial date is an interval: `=` is containment in the literal's interval, `<` and `>=`
//    compare the starts, `<=` and `>` compare the start with the literal's end, so that BETWEEN
//    '1990' AND '2001' takes in all of 2001.
//  - LIKE looks at the text as written, whatever the type.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/condition.hpp"
#include "storage/flat_record.hpp"

namespace sangam::storage {

/// Ordered: AND is the least, OR the greatest of its operands.
enum class Truth : std::uint8_t { no, unknown, yes };

[[nodiscard]] constexpr Truth negation(Truth truth) {
    return truth == Truth::yes ? Truth::no : truth == Truth::no ? Truth::yes : Truth::unknown;
}

/// Fields at or below a hidden path are missing. Pure; any thread.
[[nodiscard]] Truth evaluate(const Condition& condition, const FlatRecord& record,
                             const std::vector<Path>& hidden = {});
/// evaluate() is yes.
[[nodiscard]] bool lets_through(const Condition& condition, const FlatRecord& record,
                                const std::vector<Path>& hidden = {});

}  // namespace sangam::storage
