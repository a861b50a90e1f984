// SPDX-License-Identifier: Apache-2.0
// What an import source last said of one record, as kept with the record (storage::ImportState):
// enough to tell which cells differ now, and which elements of a set to remove. The values
// themselves stay in the signed changes.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"
#include "protocol/path.hpp"

namespace sangam::node::ingest {

/// The first 16 bytes of a SHA-256 hash.
using Digest16 = std::array<std::uint8_t, 16>;
[[nodiscard]] Digest16 digest16(ByteView bytes);

/// One cell that was not empty: its text, or 8 bytes of its SHA-256 hash where that is shorter.
/// Eight bytes, because a clash makes one corrected cell look unchanged with probability 2^-64, and
/// whoever builds one misleads only their own import.
class StatedCell {
public:
    using Digest8 = std::array<std::uint8_t, 8>;
    StatedCell() = default;
    /// `keeps_text`: also when it is long (cells of a set).
    StatedCell(std::string_view text, bool keeps_text);
    explicit StatedCell(Digest8 digest) : v_(digest) {}

    [[nodiscard]] bool says(std::string_view text) const;
    /// The text where it was kept, else nothing.
    [[nodiscard]] std::string_view text() const;
    [[nodiscard]] const std::variant<std::string, Digest8>& variant() const { return v_; }
    friend bool operator==(const StatedCell&, const StatedCell&) = default;

private:
    std::variant<std::string, Digest8> v_;
};

/// The cells of one record, by field path.
struct StatedCells {
    /// Of the row as a whole (RowMapper::row_digest), for a look that decodes nothing else.
    Digest16 row{};
    std::map<Path, StatedCell> cells;

    /// CBOR array: format 1, row digest, then field and cell in turn by field path; a field is the
    /// index of its MCPD column or else a path, a cell is text or the 8 bytes.
    [[nodiscard]] Bytes encode() const;
    [[nodiscard]] static Result<StatedCells> decode(ByteView bytes);
    /// The row digest alone; all zero when `bytes` are not of this format.
    [[nodiscard]] static Digest16 peek_row(ByteView bytes);
    friend bool operator==(const StatedCells&, const StatedCells&) = default;
};

}  // namespace sangam::node::ingest
