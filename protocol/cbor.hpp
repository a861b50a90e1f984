// SPDX-License-Identifier: Apache-2.0
// Deterministic CBOR (RFC 8949 section 4.2.1), the one encoding of all that is hashed or signed:
// shortest integers and floats, definite lengths, map keys in bytewise order of their encoding.
// A reader that refuses everything else, so that equal objects have equal bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"
#include "protocol/path.hpp"
#include "protocol/value.hpp"
#include "protocol/version_vector.hpp"

namespace sangam::cbor {

/// Appends items to a byte string. The caller announces arrays and maps with their count and then
/// writes that many items; map keys must come in canonical order.
class Writer {
public:
    void unsigned_int(std::uint64_t value) { head(0, value); }
    void integer(std::int64_t value);
    void bytes(ByteView value);
    void text(std::string_view value);
    void array(std::size_t count) { head(4, count); }
    void map(std::size_t count) { head(5, count); }
    void boolean(bool value);
    void null();
    /// Shortest of half, single and double precision that keeps the value. Finite only.
    void floating(double value);
    void value(const Value& value);
    void path(const Path& path);
    /// Array of [node bytes, epoch, sequence], ordered by lane.
    void version_vector(const VersionVector& vector);
    /// Bytes that are one or more complete items already.
    void raw(ByteView encoded);
    /// Forgets what was written and keeps the memory, for writers that are used again and again.
    void clear() { out_.clear(); }

    [[nodiscard]] const Bytes& data() const { return out_; }
    [[nodiscard]] Bytes take() { return std::move(out_); }

private:
    void head(std::uint8_t major, std::uint64_t argument);
    Bytes out_;
};

/// Reads items in order. The first failure sticks: later reads return zero values, and error() or
/// finish() reports it, so that a decoder reads straight through and checks once. Counts are
/// checked against the bytes left before anything is allocated.
class Reader {
public:
    explicit Reader(ByteView in) : in_(in) {}

    std::uint64_t unsigned_int();
    std::int64_t integer();
    ByteView bytes();  ///< a view into the input
    std::string_view text();
    std::size_t array();  ///< the count; at most the bytes left
    std::size_t map();
    bool boolean();
    double floating();
    void null();
    Value value();
    Path path();
    VersionVector version_vector();
    /// The bytes of the next complete item, skipped over and checked to be canonical.
    ByteView item();
    /// The major type (0..7) of the next item, or -1 at the end or after a failure.
    [[nodiscard]] int peek_major() const;
    /// Exactly N bytes into a FixedBytes.
    template <class Fixed>
    Fixed fixed() {
        const ByteView b = bytes();
        if (failed()) return {};
        auto result = Fixed::from_bytes(b);
        if (!result) {
            set_failed(result.error().message);
            return {};
        }
        return *result;
    }

    /// Marks the input as bad for a reason of the caller's (a wrong count, an unknown number).
    void set_failed(std::string reason);
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return offset_ == in_.size(); }
    [[nodiscard]] std::size_t offset() const { return offset_; }
    /// The failure, or "trailing bytes" when input is left over, or nothing. The message names the
    /// byte offset.
    [[nodiscard]] Result<void> finish();

private:
    std::uint64_t argument(std::uint8_t major);
    Value value_at(int depth);
    void skip(int depth);
    ByteView in_;
    std::size_t offset_ = 0;
    bool failed_ = false;
    std::string reason_;
    std::size_t failed_at_ = 0;
};

}  // namespace sangam::cbor
