// SPDX-License-Identifier: Apache-2.0
#include "storage/condition_evaluation.hpp"

#include <algorithm>
#include <compare>
#include <string_view>

#include "protocol/partial_date.hpp"
#include "storage/text_scoring.hpp"

namespace sangam::storage {
namespace {

using Operator = ConditionPredicate::Operator;

constexpr Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

Truth by_order(std::strong_ordering order, Operator op) {
    switch (op) {
        case Operator::equal:
            return truth_of(order == 0);
        case Operator::not_equal:
            return truth_of(order != 0);
        case Operator::less:
            return truth_of(order < 0);
        case Operator::less_or_equal:
            return truth_of(order <= 0);
        case Operator::greater:
            return truth_of(order > 0);
        default:
            return truth_of(order >= 0);
    }
}

Truth compare_dates(const PartialDate& date, const PartialDate& with, Operator op) {
    switch (op) {
        case Operator::equal:
            return truth_of(date.is_within(with));
        case Operator::not_equal:
            return truth_of(!date.is_within(with));
        case Operator::less:
            return truth_of(date.first < with.first);
        case Operator::less_or_equal:
            return truth_of(date.first <= with.last);
        case Operator::greater:
            return truth_of(date.first > with.last);
        default:
            return truth_of(date.first >= with.first);
    }
}

Truth compare(std::string_view text, FieldType type, Operator op, const ConditionLiteral& literal) {
    if (type == FieldType::number) {
        const auto x = number_view(text);
        const auto y = number_view(literal.text);
        if (!x || !y) return Truth::unknown;
        return by_order(*x < *y   ? std::strong_ordering::less
                        : *x > *y ? std::strong_ordering::greater
                                  : std::strong_ordering::equal,
                        op);
    }
    if (type == FieldType::date) {
        const auto date = PartialDate::parse(text);
        const auto with = PartialDate::parse(literal.text);
        return date && with ? compare_dates(*date, *with, op) : Truth::unknown;
    }
    if (type == FieldType::text && literal.is_number) return Truth::unknown;
    return by_order(text <=> std::string_view(literal.text), op);
}

/// The first character's length in bytes. `text` is valid UTF-8 and not empty.
std::size_t character_size(std::string_view text) {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
    return size;
}

/// Greedy with one place to come back to: linear in practice, at most the product of the lengths.
bool is_like(std::string_view text, std::string_view pattern) {
    std::size_t t = 0;
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;  // after the last % seen
    std::size_t resume = 0;                     // where the text goes on when that % takes more
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '%') {
            star = ++p;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == '_') {
            ++p;
            t += character_size(text.substr(t));
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star;
            resume += character_size(text.substr(resume));
            t = resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('%', p) == std::string_view::npos;
}

/// One text against a predicate that is not about absence.
Truth test_text(const ConditionPredicate& predicate, FieldType type, std::string_view text) {
    const auto& operands = predicate.operands;
    Truth out = Truth::no;
    switch (predicate.op) {
        case Operator::in:
            for (const ConditionLiteral& literal : operands)
                out = std::max(out, compare(text, type, Operator::equal, literal));
            break;
        case Operator::like:
            out = truth_of(is_like(text, operands[0].text));
            break;
        case Operator::between:
            out = std::min(compare(text, type, Operator::greater_or_equal, operands[0]),
                           compare(text, type, Operator::less_or_equal, operands[1]));
            break;
        default:
            out = compare(text, type, predicate.op, operands[0]);
    }
    return predicate.is_negated ? negation(out) : out;
}

Truth test_alternative(const ConditionPredicate& predicate, FieldType type,
                       const std::vector<std::string>& texts) {
    if (predicate.op == Operator::is_null) return truth_of(texts.empty() != predicate.is_negated);
    if (texts.empty()) return Truth::unknown;
    Truth out = Truth::no;
    for (const std::string& text : texts) out = std::max(out, test_text(predicate, type, text));
    return out;
}

Truth test(const ConditionPredicate& predicate, const FlatRecord& record,
           const std::vector<Path>& hidden) {
    const auto it = record.fields.find(predicate.path);
    if (it == record.fields.end() || is_hidden(predicate.path, hidden))
        return test_alternative(predicate, FieldType::text, {});
    const FlatField& field = it->second;
    if (field.siblings.empty()) return test_alternative(predicate, field.type, field.shown);
    const Truth first = test_alternative(predicate, field.type, field.siblings.front());
    const bool all_agree = std::ranges::all_of(field.siblings, [&](const auto& texts) {
        return test_alternative(predicate, field.type, texts) == first;
    });
    return all_agree ? first : Truth::unknown;
}

Truth evaluate_node(const ConditionNode& node, const FlatRecord& record,
                    const std::vector<Path>& hidden) {
    switch (node.kind) {
        case ConditionNode::Kind::predicate:
            return test(node.predicate, record, hidden);
        case ConditionNode::Kind::negation:
            return negation(evaluate_node(node.children[0], record, hidden));
        case ConditionNode::Kind::all: {
            Truth out = Truth::yes;
            for (const ConditionNode& child : node.children)
                out = std::min(out, evaluate_node(child, record, hidden));
            return out;
        }
        case ConditionNode::Kind::any:
            break;
    }
    Truth out = Truth::no;
    for (const ConditionNode& child : node.children)
        out = std::max(out, evaluate_node(child, record, hidden));
    return out;
}

}  // namespace

Truth evaluate(const Condition& condition, const FlatRecord& record,
               const std::vector<Path>& hidden) {
    return evaluate_node(condition.root(), record, hidden);
}

bool lets_through(const Condition& condition, const FlatRecord& record,
                  const std::vector<Path>& hidden) {
    return evaluate(condition, record, hidden) == Truth::yes;
}

}  // namespace sangam::storage
