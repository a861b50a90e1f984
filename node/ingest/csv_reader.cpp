// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/csv_reader.hpp"

#include <array>
#include <cstring>

namespace sangam::node::ingest {

char detect_delimiter(std::string_view body) {
    constexpr std::string_view candidates = ",;\t|";
    std::array<std::size_t, 4> counts{};
    bool is_quoted = false;
    bool begins_cell = true;
    bool is_blank = true;  // blank lines before the header are no rows
    for (std::size_t at = 0; at < body.size(); ++at) {
        const char c = body[at];
        if (is_quoted) {
            if (c != '"') continue;
            if (at + 1 < body.size() && body[at + 1] == '"')
                ++at;  // one quote within the cell
            else
                is_quoted = false;
            continue;
        }
        if (c == '\n' || c == '\r') {
            if (!is_blank) break;
            continue;
        }
        is_blank = false;
        is_quoted = c == '"' && begins_cell;
        begins_cell = candidates.find(c) != std::string_view::npos;
        for (std::size_t i = 0; i < candidates.size(); ++i) counts[i] += c == candidates[i];
    }
    std::size_t best = 0;
    for (std::size_t i = 1; i < candidates.size(); ++i)
        if (counts[i] > counts[best]) best = i;
    return candidates[best];
}

CsvReader::CsvReader(std::string_view body, char delimiter) : body_(body), delimiter_(delimiter) {
    ends_cell_[static_cast<std::uint8_t>(delimiter)] = true;
    ends_cell_[static_cast<std::uint8_t>('\n')] = true;
    ends_cell_[static_cast<std::uint8_t>('\r')] = true;
}

void CsvReader::skip_line_end() {
    if (body_[at_] == '\r' && at_ + 1 < body_.size() && body_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
}

bool CsvReader::read_quoted(CsvRow& row) {
    const std::size_t cell_begin = at_;
    const std::size_t first_line = line_;
    const std::size_t unescaped_begin = unescaped_.size();
    std::size_t piece_begin = at_ + 1;
    std::size_t from = piece_begin;
    bool is_unescaped = false;
    for (;;) {
        const void* found = from < body_.size()
                                ? std::memchr(body_.data() + from, '"', body_.size() - from)
                                : nullptr;
        if (!found) {
            open_quote_line_ = first_line;
            at_ = body_.size();
            return false;
        }
        const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - body_.data());
        for (std::size_t i = from; i < quote; ++i)
            line_ += body_[i] == '\n' || (body_[i] == '\r' && body_[i + 1] != '\n');
        if (quote + 1 < body_.size() && body_[quote + 1] == '"') {
            unescaped_.append(body_, piece_begin, quote + 1 - piece_begin);
            is_unescaped = true;
            piece_begin = from = quote + 2;
            continue;
        }
        at_ = quote + 1;
        const bool is_closed =
            at_ == body_.size() || ends_cell_[static_cast<std::uint8_t>(body_[at_])];
        if (!is_closed) {
            while (at_ < body_.size() && !ends_cell_[static_cast<std::uint8_t>(body_[at_])]) ++at_;
            unescaped_.resize(unescaped_begin);
            cells_.push_back({cell_begin, at_ - cell_begin, false});
            row.has_stray_quote = true;
        } else if (is_unescaped) {
            unescaped_.append(body_, piece_begin, quote - piece_begin);
            cells_.push_back({unescaped_begin, unescaped_.size() - unescaped_begin, true});
        } else {
            cells_.push_back({piece_begin, quote - piece_begin, false});
        }
        return true;
    }
}

CsvReader::Step CsvReader::next(CsvRow& row) {
    while (at_ < body_.size() && (body_[at_] == '\n' || body_[at_] == '\r')) skip_line_end();
    row.line = line_;
    row.cells = {};
    row.has_stray_quote = false;
    if (at_ >= body_.size()) return Step::end;
    cells_.clear();
    unescaped_.clear();
    for (;;) {
        if (at_ < body_.size() && body_[at_] == '"') {
            if (!read_quoted(row)) return Step::open_quote;
        } else {
            const char* const begin = body_.data() + at_;
            const char* const end = body_.data() + body_.size();
            const char* p = begin;
            while (p != end && !ends_cell_[static_cast<std::uint8_t>(*p)]) ++p;
            cells_.push_back({at_, static_cast<std::size_t>(p - begin), false});
            at_ += static_cast<std::size_t>(p - begin);
        }
        if (at_ == body_.size()) break;
        if (body_[at_] != delimiter_) {
            skip_line_end();
            break;
        }
        ++at_;  // a delimiter at the very end is followed by one more, empty cell
    }
    views_.clear();
    for (const Cell& cell : cells_)
        views_.push_back((cell.is_unescaped ? std::string_view(unescaped_) : body_)
                             .substr(cell.begin, cell.size));
    row.cells = views_;
    return Step::row;
}

}  // namespace sangam::node::ingest
