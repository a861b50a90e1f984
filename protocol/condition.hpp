// SPDX-License-Identifier: Apache-2.0
// The condition language of grants, subscriptions, exports and searches (COMMANDS, "Conditions"):
//
//   or   := and {OR and}       and := not {AND not}       not := [NOT] (pred | '(' or ')')
//   pred := path (= | <> | < | <= | > | >=) literal | path [NOT] IN (literal, ...)
//         | path [NOT] LIKE 'a%_' | path IS [NOT] NULL | path [NOT] BETWEEN literal AND literal
//
// A literal is 'text' ('' for a quote inside) or a number. Keywords in any case. A path is dotted
// names, "quoted" where a name has other characters or is a keyword; an unquoted upper-case name of
// MCPD 2.1 stands for its field. What a condition says of a record is storage's
// (storage/condition_evaluation.hpp); here it is only read and written. Its canonical text goes
// into grants and subscriptions, so the grammar is wire format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/path.hpp"

namespace sangam {

// Bounds of the language, the same on every node.
inline constexpr std::size_t max_condition_bytes = 4 * 1024;
inline constexpr std::size_t max_condition_terms = 64;  ///< comparisons and other predicates
inline constexpr std::size_t max_condition_depth = 16;  ///< parentheses and NOTs within each other

/// What a field is compared with, in its own spelling: a code or a date may be written either way.
struct ConditionLiteral {
    std::string text;  ///< without quotes; of a number: as written
    bool is_number = false;
    friend bool operator==(const ConditionLiteral&, const ConditionLiteral&) = default;
};

/// One test of one field.
struct ConditionPredicate {
    enum class Operator : std::uint8_t {
        equal,
        not_equal,
        less,
        less_or_equal,
        greater,
        greater_or_equal,
        in,       ///< one operand or more
        like,     ///< one text operand: % any characters, _ one character
        is_null,  ///< no operand
        between,  ///< two operands, both inclusive
    };
    Path path;
    Operator op = Operator::equal;
    bool is_negated = false;  ///< NOT IN, NOT LIKE, IS NOT NULL, NOT BETWEEN
    std::vector<ConditionLiteral> operands;
    friend bool operator==(const ConditionPredicate&, const ConditionPredicate&) = default;
};

/// A node of the tree. Children of an `all` are never `all` themselves, of an `any` never `any`.
struct ConditionNode {
    enum class Kind : std::uint8_t {
        predicate,  ///< `predicate`, no children
        all,        ///< AND of two children or more
        any,        ///< OR of two children or more
        negation,   ///< NOT of one child
    };
    Kind kind = Kind::predicate;
    ConditionPredicate predicate;
    std::vector<ConditionNode> children;
    friend bool operator==(const ConditionNode&, const ConditionNode&) = default;
};

/// A condition that was read. Immutable; any thread.
class Condition {
public:
    /// Refuses with code "bad_condition": where (column, counted in characters from 1), and what
    /// was expected there. Never more than the bounds above.
    static Result<Condition> parse(std::string_view text);
    /// The canonical text: parse(text()) gives an equal condition with the same text.
    [[nodiscard]] std::string text() const;
    /// The fields that it reads, ascending, each once.
    [[nodiscard]] std::vector<Path> paths() const;
    [[nodiscard]] const ConditionNode& root() const { return root_; }
    friend bool operator==(const Condition&, const Condition&) = default;

private:
    explicit Condition(ConditionNode root) : root_(std::move(root)) {}
    ConditionNode root_;
};

/// The answer for a condition, facet or sort on a field that the asker may not see in a dataset,
/// and in the same words for one that no record there has: the words must not tell which.
[[nodiscard]] std::string no_such_field(const Path& path);

}  // namespace sangam
