// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/condition_sql.hpp"

#include <span>

#include "protocol/partial_date.hpp"

namespace sangam::storage::sqlite {
namespace {

using Operator = ConditionPredicate::Operator;

constexpr std::string_view unknown = "NULL";

/// The same choice of texts in SQLite's GLOB, which tells capitals from small letters.
std::string glob_of(std::string_view like) {
    std::string out;
    for (const char c : like) {
        if (c == '%')
            out += '*';
        else if (c == '_')
            out += '?';
        else if (c == '*' || c == '?' || c == '[')
            out += std::string("[") + c + "]";
        else
            out += c;
    }
    return out;
}

std::string_view sign_of(Operator op) {
    switch (op) {
        case Operator::equal:
            return " = ";
        case Operator::not_equal:
            return " <> ";
        case Operator::less:
            return " < ";
        case Operator::less_or_equal:
            return " <= ";
        case Operator::greater:
            return " > ";
        default:
            return " >= ";
    }
}

class Compiler {
public:
    Compiler(const SqlSetting& setting, std::vector<Parameter>& parameters)
        : setting_(setting), parameters_(parameters) {}

    std::string node(const ConditionNode& node) {
        switch (node.kind) {
            case ConditionNode::Kind::predicate:
                return predicate(node.predicate);
            case ConditionNode::Kind::negation:
                return "(NOT " + this->node(node.children[0]) + ")";
            case ConditionNode::Kind::all:
            case ConditionNode::Kind::any:
                break;
        }
        const bool is_all = node.kind == ConditionNode::Kind::all;
        std::string out = "(";
        for (const ConditionNode& child : node.children) {
            if (out.size() > 1) out += is_all ? " AND " : " OR ";
            out += this->node(child);
        }
        return out + ")";
    }

private:
    std::string parameter(Parameter value) {
        parameters_.push_back(std::move(value));
        return "?" + std::to_string(parameters_.size());
    }

    /// A literal as the type has it: one parameter, or two for a date's ends.
    struct Operand {
        bool is_known = false;
        std::string first;
        std::string last;
    };

    Operand operand(const ConditionLiteral& literal, FieldType type) {
        if (type == FieldType::number) {
            const auto number = number_view(literal.text);
            return number ? Operand{true, parameter(*number), {}} : Operand{};
        }
        if (type == FieldType::date) {
            const auto date = PartialDate::parse(literal.text);
            if (!date) return {};
            return {true, parameter(std::int64_t{date->first}),
                    parameter(std::int64_t{date->last})};
        }
        if (type == FieldType::text && literal.is_number) return {};
        return {true, parameter(literal.text), {}};
    }

    /// `text` is SQL that gives a text.
    static std::string comparison(const std::string& text, FieldType type, Operator op,
                                  const Operand& with) {
        if (!with.is_known) return std::string(unknown);
        if (type == FieldType::number)
            return "(number_view(" + text + ")" + std::string(sign_of(op)) + with.first + ")";
        if (type != FieldType::date)
            return "(" + text + std::string(sign_of(op)) + with.first + ")";
        const std::string first = "date_first(" + text + ")";
        if (op == Operator::equal || op == Operator::not_equal)
            return std::string(op == Operator::equal ? "(" : "(NOT ") + "(" + first +
                   " >= " + with.first + " AND date_last(" + text + ") <= " + with.last + "))";
        const bool meets_end = op == Operator::less_or_equal || op == Operator::greater;
        return "(" + first + std::string(sign_of(op)) + (meets_end ? with.last : with.first) + ")";
    }

    static std::string in_list(const std::vector<Operand>& operands, FieldType type,
                               const std::string& text) {
        std::string out = (type == FieldType::number ? "(number_view(" + text + ")" : "(" + text);
        for (const Operand& one : operands) {
            out += &one == operands.data() ? " IN (" : ", ";
            out += one.is_known ? one.first : std::string(unknown);
        }
        return out + "))";
    }

    /// Halved again and again: SQLite takes expressions that are 1,000 deep at most.
    static std::string within_any(std::span<const Operand> operands, const std::string& text) {
        if (operands.size() == 1)
            return comparison(text, FieldType::date, Operator::equal, operands[0]);
        const auto half = operands.size() / 2;
        return "(" + within_any(operands.first(half), text) + " OR " +
               within_any(operands.subspan(half), text) + ")";
    }

    static std::string test(const ConditionPredicate& predicate, FieldType type,
                            const std::vector<Operand>& operands, const std::string& text) {
        std::string out;
        switch (predicate.op) {
            case Operator::in:
                out = type == FieldType::date ? within_any(operands, text)
                                              : in_list(operands, type, text);
                break;
            case Operator::like:
                out = "(" + text + " GLOB " + operands[0].first + ")";
                break;
            case Operator::between:
                out = "(" + comparison(text, type, Operator::greater_or_equal, operands[0]) +
                      " AND " + comparison(text, type, Operator::less_or_equal, operands[1]) + ")";
                break;
            default:
                out = comparison(text, type, predicate.op, operands[0]);
        }
        return predicate.is_negated ? "(NOT " + out + ")" : out;
    }

    std::string predicate(const ConditionPredicate& predicate) {
        const bool asks_absence = predicate.op == Operator::is_null;
        const std::string missing = !asks_absence          ? std::string(unknown)
                                    : predicate.is_negated ? "0"
                                                           : "1";
        const auto number = setting_.number_of(predicate.path);
        const std::string visible = setting_.visible_where(predicate.path);
        if (!number || visible == "0") return missing;
        const std::string arguments = "(" + setting_.fields + ", " + std::to_string(*number) + ")";
        std::string of_one;      // on one text
        std::string of_several;  // on the array a.value, of one sibling
        if (asks_absence) {
            of_one = predicate.is_negated ? "1" : "0";
            of_several = std::string("(json_array_length(a.value) ") +
                         (predicate.is_negated ? "<>" : "=") + " 0)";
        } else {
            const FieldType type = setting_.types(predicate.path);
            std::vector<Operand> operands;
            for (const ConditionLiteral& literal : predicate.operands)
                operands.push_back(predicate.op == Operator::like
                                       ? Operand{true, parameter(glob_of(literal.text)), {}}
                                       : operand(literal, type));
            of_one = test(predicate, type, operands, "flat_text" + arguments);
            of_several =
                "(SELECT CASE WHEN max(t) = 1 THEN 1 WHEN count(*) = 0 OR count(t) < count(*) THEN "
                "NULL ELSE 0 END FROM (SELECT " +
                test(predicate, type, operands, "e.value") + " AS t FROM json_each(a.value) AS e))";
        }
        const std::string consensus =
            "(SELECT CASE WHEN count(s) = count(*) AND min(s) = max(s) THEN min(s) END FROM "
            "(SELECT " +
            of_several + " AS s FROM json_each(flat_json" + arguments + ") AS a))";
        std::string out = "CASE flat_kind" + arguments + " WHEN 1 THEN " + of_one +
                          " WHEN 2 THEN " + consensus + " ELSE " + missing + " END";
        if (!visible.empty())
            out = "CASE WHEN " + visible + " THEN " + out + " ELSE " + missing + " END";
        return "(" + out + ")";
    }

    const SqlSetting& setting_;
    std::vector<Parameter>& parameters_;
};

}  // namespace

std::string condition_sql(const Condition& condition, const SqlSetting& setting,
                          std::vector<Parameter>& parameters) {
    return Compiler(setting, parameters).node(condition.root());
}

}  // namespace sangam::storage::sqlite
