// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/import_state.hpp"

#include <algorithm>

#include "node/ingest/mcpd.hpp"
#include "protocol/cbor.hpp"
#include "protocol/crypto.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::uint64_t import_state_format = 1;
constexpr std::size_t longest_kept_text = 8;  // as long as the hash that would stand for it

StatedCell::Digest8 digest8(std::string_view text) {
    const Hash hash = sha256(as_bytes(text));
    StatedCell::Digest8 out{};
    std::copy_n(hash.bytes.begin(), out.size(), out.begin());
    return out;
}

}  // namespace

Digest16 digest16(ByteView bytes) {
    const Hash hash = sha256(bytes);
    Digest16 out{};
    std::copy_n(hash.bytes.begin(), out.size(), out.begin());
    return out;
}

StatedCell::StatedCell(std::string_view text, bool keeps_text) {
    if (keeps_text || text.size() <= longest_kept_text)
        v_ = std::string(text);
    else
        v_ = digest8(text);
}

bool StatedCell::says(std::string_view text) const {
    if (const auto* kept = std::get_if<std::string>(&v_)) return *kept == text;
    return std::get<Digest8>(v_) == digest8(text);
}

std::string_view StatedCell::text() const {
    const auto* kept = std::get_if<std::string>(&v_);
    return kept ? std::string_view(*kept) : std::string_view();
}

Bytes StatedCells::encode() const {
    cbor::Writer out;
    out.array(2 + 2 * cells.size());
    out.unsigned_int(import_state_format);
    out.bytes(row);
    for (const auto& [field, cell] : cells) {
        if (const McpdColumn* column = find_mcpd_field(field))
            out.unsigned_int(static_cast<std::uint64_t>(column - mcpd_columns().data()));
        else
            out.path(field);
        if (const auto* text = std::get_if<std::string>(&cell.variant()))
            out.text(*text);
        else
            out.bytes(std::get<StatedCell::Digest8>(cell.variant()));
    }
    return out.take();
}

Result<StatedCells> StatedCells::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    const std::size_t count = in.array();
    if (!in.failed() && (count < 2 || count % 2 != 0)) in.set_failed("a wrong count of items");
    if (in.unsigned_int() != import_state_format)
        in.set_failed("an unknown format of import states");
    StatedCells out;
    const ByteView row = in.bytes();
    if (row.size() == out.row.size())
        std::copy(row.begin(), row.end(), out.row.begin());
    else
        in.set_failed("a row digest of a wrong length");
    for (std::size_t i = 2; i < count && !in.failed(); i += 2) {
        Path field;
        if (in.peek_major() == 0) {
            const std::uint64_t index = in.unsigned_int();
            if (index >= mcpd_columns().size()) {
                in.set_failed("an unknown MCPD column");
                break;
            }
            field = mcpd_columns()[index].path;
        } else {
            field = in.path();
        }
        StatedCell cell;
        if (in.peek_major() == 3) {
            cell = StatedCell(in.text(), true);
        } else {
            StatedCell::Digest8 digest{};
            const ByteView read = in.bytes();
            if (read.size() == digest.size())
                std::copy(read.begin(), read.end(), digest.begin());
            else
                in.set_failed("a cell digest of a wrong length");
            cell = StatedCell(digest);
        }
        if (!in.failed() && !out.cells.emplace(std::move(field), std::move(cell)).second)
            in.set_failed("a field twice");
    }
    if (auto end = in.finish(); !end) return std::unexpected(end.error());
    return out;
}

Digest16 StatedCells::peek_row(ByteView bytes) {
    cbor::Reader in(bytes);
    in.array();
    Digest16 out{};
    if (in.unsigned_int() != import_state_format) return out;
    const ByteView row = in.bytes();
    if (!in.failed() && row.size() == out.size()) std::copy(row.begin(), row.end(), out.begin());
    return out;
}

}  // namespace sangam::node::ingest
