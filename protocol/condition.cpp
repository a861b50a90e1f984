// SPDX-License-Identifier: Apache-2.0
#include "protocol/condition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "protocol/bytes.hpp"
#include "protocol/mcpd.hpp"

namespace sangam {
namespace {

using Kind = ConditionNode::Kind;
using Operator = ConditionPredicate::Operator;

constexpr std::array<std::string_view, 8> keywords = {"AND",  "BETWEEN", "IN",   "IS",
                                                      "LIKE", "NOT",     "NULL", "OR"};

std::string upper(std::string_view word) {
    std::string out(word);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

bool is_keyword(std::string_view word) {
    return std::ranges::find(keywords, upper(word)) != keywords.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// As Path::text() leaves a name unquoted.
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

struct Spelling {
    std::string_view text;
    Operator op;
};
// Longer ones first, so that `<=` is not read as `<`.
constexpr std::array<Spelling, 6> comparisons = {{{"<>", Operator::not_equal},
                                                  {"<=", Operator::less_or_equal},
                                                  {">=", Operator::greater_or_equal},
                                                  {"=", Operator::equal},
                                                  {"<", Operator::less},
                                                  {">", Operator::greater}}};

/// Recursive descent over the bytes. The first error ends it: every step returns at once when
/// `error_` is set.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<ConditionNode> run() {
        ConditionNode root = parse_or();
        if (!error_) {
            skip_space();
            if (at_ < text_.size()) expected("AND, OR or the end");
        }
        if (error_) return std::unexpected(*error_);
        return root;
    }

private:
    void fail_at(std::size_t at, const std::string& message, std::string fix = {}) {
        if (error_) return;
        std::size_t column = 1;
        for (const char c : text_.substr(0, at))
            column += (static_cast<unsigned char>(c) & 0xc0) == 0x80 ? 0 : 1;
        error_ =
            Error{ErrorKind::usage, "bad_condition",
                  "the condition is wrong at column " + std::to_string(column) + ": " + message,
                  std::string(text_), std::move(fix)};
    }

    void expected(std::string_view what, std::string fix = {}) {
        const std::string found = at_ < text_.size()
                                      ? "here stands `" + std::string(next_piece()) + "`"
                                      : std::string("here it ends");
        fail_at(at_, std::string(what) + " is expected, " + found, std::move(fix));
    }

    /// What stands at the place of an error, short and whole in its characters.
    [[nodiscard]] std::string_view next_piece() const {
        std::size_t end = at_;
        while (end < text_.size() && end - at_ < 24 && is_name_character(text_[end])) ++end;
        if (end == at_) ++end;
        while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0) == 0x80) ++end;
        return text_.substr(at_, end - at_);
    }

    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r'))
            ++at_;
    }

    /// The unquoted word here, if one stands here; empty otherwise. Does not move.
    [[nodiscard]] std::string_view word_here() {
        skip_space();
        std::size_t end = at_;
        while (end < text_.size() && is_name_character(text_[end])) ++end;
        return text_.substr(at_, end - at_);
    }

    /// Takes the keyword when it stands here and no dot makes it a part of a path.
    bool take_keyword(std::string_view keyword) {
        const std::string_view word = word_here();
        if (word.empty() || upper(word) != keyword) return false;
        const std::size_t end = at_ + word.size();
        if (end < text_.size() && text_[end] == '.') return false;
        at_ = end;
        return true;
    }

    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    ConditionNode joined(Kind kind, std::vector<ConditionNode> children) {
        if (children.size() == 1) return std::move(children.front());
        ConditionNode out;
        out.kind = kind;
        for (ConditionNode& child : children) {
            if (child.kind == kind)
                std::ranges::move(child.children, std::back_inserter(out.children));
            else
                out.children.push_back(std::move(child));
        }
        return out;
    }

    ConditionNode parse_or() {
        std::vector<ConditionNode> children;
        do children.push_back(parse_and());
        while (!error_ && take_keyword("OR"));
        return joined(Kind::any, std::move(children));
    }

    ConditionNode parse_and() {
        std::vector<ConditionNode> children;
        do children.push_back(parse_not());
        while (!error_ && take_keyword("AND"));
        return joined(Kind::all, std::move(children));
    }

    /// Counts a level of nesting; false when there are too many.
    bool enter() {
        if (depth_ == max_condition_depth) {
            fail_at(at_, "parentheses and NOTs stand more than 16 deep", "write it flatter");
            return false;
        }
        ++depth_;
        return true;
    }

    ConditionNode parse_not() {
        skip_space();
        const bool is_negated = take_keyword("NOT");
        if (is_negated && !enter()) return {};
        ConditionNode inner;
        skip_space();
        if (at_ < text_.size() && text_[at_] == '(') {
            if (!enter()) return {};
            ++at_;
            inner = parse_or();
            if (!error_ && !take(')')) expected("AND, OR or `)`");
            --depth_;
        } else {
            inner.predicate = parse_predicate();
        }
        if (!is_negated) return inner;
        --depth_;
        ConditionNode out;
        out.kind = Kind::negation;
        out.children.push_back(std::move(inner));
        return out;
    }

    ConditionPredicate parse_predicate() {
        ConditionPredicate out;
        if (++terms_ > max_condition_terms) {
            fail_at(at_, "a condition has at most 64 terms", "use IN (...) for a choice of values");
            return out;
        }
        out.path = parse_path();
        if (error_) return out;
        if (take_keyword("IS")) {
            out.op = Operator::is_null;
            out.is_negated = take_keyword("NOT");
            if (!take_keyword("NULL")) expected(out.is_negated ? "NULL" : "NULL or NOT NULL");
            return out;
        }
        skip_space();
        for (const Spelling& spelling : comparisons) {
            if (!text_.substr(at_).starts_with(spelling.text)) continue;
            at_ += spelling.text.size();
            out.op = spelling.op;
            out.operands.push_back(parse_literal());
            return out;
        }
        if (text_.substr(at_).starts_with("!=")) {
            expected("a comparison", "write <> for \"differs from\"");
            return out;
        }
        out.is_negated = take_keyword("NOT");
        if (take_keyword("IN")) {
            out.op = Operator::in;
            parse_list(out);
        } else if (take_keyword("LIKE")) {
            out.op = Operator::like;
            skip_space();
            const std::size_t place = at_;
            out.operands.push_back(parse_literal());
            if (!error_ && out.operands.back().is_number)
                fail_at(place, "LIKE takes a text", "put it in single quotes");
        } else if (take_keyword("BETWEEN")) {
            out.op = Operator::between;
            out.operands.push_back(parse_literal());
            if (!error_ && !take_keyword("AND")) expected("AND");
            if (!error_) out.operands.push_back(parse_literal());
        } else {
            expected(out.is_negated ? "IN, LIKE or BETWEEN"
                                    : "=, <>, <, <=, >, >=, IN, LIKE, BETWEEN, IS or NOT");
        }
        return out;
    }

    void parse_list(ConditionPredicate& out) {
        if (!take('(')) return expected("`(`");
        do out.operands.push_back(parse_literal());
        while (!error_ && take(','));
        if (!error_ && !take(')')) expected("`,` or `)`");
    }

    ConditionLiteral parse_literal() {
        skip_space();
        if (at_ < text_.size() && text_[at_] == '\'') return parse_text();
        if (at_ < text_.size() && (text_[at_] == '-' || is_digit(text_[at_])))
            return parse_number();
        const bool is_double = at_ < text_.size() && text_[at_] == '"';
        expected("a number or a text in single quotes",
                 is_double ? "texts stand in single quotes, \"...\" is a field"
                           : "write 'text' or a number");
        return {};
    }

    ConditionLiteral parse_text() {
        ConditionLiteral out;
        const std::size_t begin = at_++;
        while (at_ < text_.size()) {
            if (text_[at_] == '\'') {
                if (at_ + 1 >= text_.size() || text_[at_ + 1] != '\'') {
                    ++at_;
                    return out;
                }
                ++at_;
            }
            out.text += text_[at_++];
        }
        fail_at(begin, "this quote is never closed", "'' stands for a quote inside a text");
        return out;
    }

    ConditionLiteral parse_number() {
        const std::size_t begin = at_;
        const auto digits = [&] {
            const std::size_t first = at_;
            while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
            return at_ > first;
        };
        if (text_[at_] == '-') ++at_;
        bool is_good = digits();
        if (is_good && at_ < text_.size() && text_[at_] == '.') {
            ++at_;
            is_good = digits();
        }
        if (is_good && at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            ++at_;
            if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
            is_good = digits();
        }
        is_good = is_good && (at_ == text_.size() || !is_name_character(text_[at_]));
        const std::string_view number = text_.substr(begin, at_ - begin);
        double value = 0;
        if (is_good) {
            const auto [end, error] =
                std::from_chars(number.data(), number.data() + number.size(), value);
            is_good = error == std::errc() && std::isfinite(value);
        }
        if (!is_good)
            fail_at(begin, "this is no number that can be compared",
                    "put text and dates in single quotes: '2001----'");
        return {std::string(number), true};
    }

    Path parse_path() {
        skip_space();
        const std::size_t begin = at_;
        Path out;
        bool is_quoted = false;
        do {
            if (at_ < text_.size() && text_[at_] == '"') {
                is_quoted = true;
                out.names.push_back(parse_quoted_name());
            } else {
                const std::size_t first = at_;
                while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
                if (at_ == first) {
                    if (out.names.empty())
                        expected("a field", at_ < text_.size() && text_[at_] == '\''
                                                ? "the field stands on the left"
                                                : "");
                    else
                        expected("a name after the dot");
                    return out;
                }
                out.names.emplace_back(text_.substr(first, at_ - first));
            }
            if (error_) return out;
        } while (at_ < text_.size() && text_[at_] == '.' && ++at_);
        check_path(out, begin, is_quoted);
        return out;
    }

    void check_path(Path& path, std::size_t begin, bool is_quoted) {
        if (path.names.size() > max_path_names)
            return fail_at(begin, "a field path has at most 32 names");
        if (path.is_reserved())
            return fail_at(begin, "names that begin with _ are Sangam's own",
                           "a condition reads the record's own fields");
        if (is_quoted || path.names.size() != 1) return;
        const std::string& name = path.names.front();
        if (is_keyword(name))
            return fail_at(begin, "a field is expected, here stands the keyword " + name,
                           "a field of that name stands in double quotes");
        if (const McpdColumn* column = find_mcpd_column(name)) path = column->path;
    }

    std::string parse_quoted_name() {
        std::string out;
        const std::size_t begin = at_++;
        while (at_ < text_.size()) {
            if (text_[at_] == '"') {
                if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
                    ++at_;
                    return out;
                }
                ++at_;
            }
            out += text_[at_++];
        }
        fail_at(begin, "this quote is never closed", "\"\" stands for a quote inside a name");
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t terms_ = 0;
    std::size_t depth_ = 0;
    std::optional<Error> error_;
};

void write_literal(std::string& out, const ConditionLiteral& literal) {
    if (literal.is_number) {
        out += literal.text;
        return;
    }
    out += '\'';
    for (const char c : literal.text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    out += '\'';
}

void write_path(std::string& out, const Path& path) {
    std::string text = path.text();
    // Unquoted it would be read as a keyword or as another field.
    if (path.names.size() == 1 && (is_keyword(text) || find_mcpd_column(text)))
        text = '"' + text + '"';
    out += text;
}

void write_predicate(std::string& out, const ConditionPredicate& predicate) {
    write_path(out, predicate.path);
    const auto negated = [&](std::string_view keyword) {
        out += predicate.is_negated ? " NOT " : " ";
        out += keyword;
        out += ' ';
    };
    switch (predicate.op) {
        case Operator::in:
            negated("IN");
            for (const ConditionLiteral& literal : predicate.operands) {
                out += &literal == predicate.operands.data() ? "(" : ", ";
                write_literal(out, literal);
            }
            out += ')';
            return;
        case Operator::like:
            negated("LIKE");
            write_literal(out, predicate.operands[0]);
            return;
        case Operator::is_null:
            out += predicate.is_negated ? " IS NOT NULL" : " IS NULL";
            return;
        case Operator::between:
            negated("BETWEEN");
            write_literal(out, predicate.operands[0]);
            out += " AND ";
            write_literal(out, predicate.operands[1]);
            return;
        default:
            break;
    }
    for (const Spelling& spelling : comparisons) {
        if (spelling.op != predicate.op) continue;
        out += ' ';
        out += spelling.text;
        out += ' ';
    }
    write_literal(out, predicate.operands[0]);
}

void write_node(std::string& out, const ConditionNode& node) {
    const auto write_within = [&](const ConditionNode& child, bool needs_parentheses) {
        if (needs_parentheses) out += '(';
        write_node(out, child);
        if (needs_parentheses) out += ')';
    };
    switch (node.kind) {
        case Kind::predicate:
            write_predicate(out, node.predicate);
            return;
        case Kind::negation:
            out += "NOT ";
            write_within(node.children[0], node.children[0].kind != Kind::predicate);
            return;
        case Kind::all:
        case Kind::any:
            for (const ConditionNode& child : node.children) {
                if (&child != node.children.data())
                    out += node.kind == Kind::all ? " AND " : " OR ";
                write_within(child, node.kind == Kind::all && child.kind == Kind::any);
            }
            return;
    }
}

void collect_paths(const ConditionNode& node, std::vector<Path>& out) {
    if (node.kind == Kind::predicate) out.push_back(node.predicate.path);
    for (const ConditionNode& child : node.children) collect_paths(child, out);
}

}  // namespace

Result<Condition> Condition::parse(std::string_view text) {
    if (text.size() > max_condition_bytes)
        return fail("bad_condition", "a condition has at most 4096 bytes",
                    std::to_string(text.size()) + " bytes", "split it into several grants or steps",
                    ErrorKind::usage);
    if (!is_utf8(text))
        return fail("bad_condition", "the condition is not valid UTF-8", {}, {}, ErrorKind::usage);
    auto root = Parser(text).run();
    if (!root) return std::unexpected(std::move(root.error()));
    Condition out(std::move(*root));
    // Spaces and MCPD names can make the canonical text longer, and it must be readable anywhere.
    if (const std::size_t size = out.text().size(); size > max_condition_bytes)
        return fail("bad_condition",
                    "a condition has at most 4096 bytes, with its field names written out",
                    std::to_string(size) + " bytes", "split it into several grants or steps",
                    ErrorKind::usage);
    return out;
}

std::string Condition::text() const {
    std::string out;
    write_node(out, root_);
    return out;
}

std::vector<Path> Condition::paths() const {
    std::vector<Path> out;
    collect_paths(root_, out);
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

std::string no_such_field(const Path& path) {
    return "there is no field " + path.text() + " here, or it is not shared with you";
}

}  // namespace sangam
