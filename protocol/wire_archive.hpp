// SPDX-License-Identifier: Apache-2.0
// Bounded cereal archives over bytes in memory (docs/protocol.md "Bodies"): little-endian integers,
// u32 counts. Whatever a body says, reading it allocates no more than its own bytes justify, and a
// body that is accepted is the only encoding of its message. For message.cpp and its tests alone.
#pragma once

#include <bit>
#include <cereal/cereal.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/commit.hpp"
#include "protocol/ids.hpp"

namespace sangam::wire {

static_assert(std::endian::native == std::endian::little, "integers are copied as they are");

/// What one body may hold. Bytes and texts are bounded by the frame, elements by these.
struct Limits {
    std::uint32_t elements_each = 131'072;    ///< of one list
    std::uint32_t elements_in_all = 262'144;  ///< of all lists together
    unsigned depth = 16;                      ///< of objects in each other
};

/// Which numbers an enumeration has: specialise with `first` and `last` for one whose values are
/// without a gap; everything else is refused on reading.
template <class Enum>
struct EnumRange;

/// Enumerations that only name a kind of number: every value is valid.
struct AnyNumber {
    static constexpr std::uint64_t first = 0;
    static constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
};
template <>
struct EnumRange<Epoch> : AnyNumber {};
template <>
struct EnumRange<Sequence> : AnyNumber {};
template <>
struct EnumRange<Position> : AnyNumber {};

/// The least number of bytes that one T takes on the wire: what a count is checked against.
template <class T>
inline constexpr std::size_t least_bytes = 1;
template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
inline constexpr std::size_t least_bytes<T> = sizeof(T);
template <class Tag, std::size_t N>
inline constexpr std::size_t least_bytes<FixedBytes<Tag, N>> = N;
template <class T>
inline constexpr std::size_t least_bytes<std::vector<T>> = 4;
template <>
inline constexpr std::size_t least_bytes<std::string> = 4;
template <>
inline constexpr std::size_t least_bytes<Lane> = 40;
template <>
inline constexpr std::size_t least_bytes<Head> = 80;

/// Reads; every failure is a cereal::Exception. Does not own the input.
class Reader : public cereal::InputArchive<Reader, cereal::AllowEmptyClassElision> {
public:
    explicit Reader(ByteView in, Limits limits = {})
        : InputArchive(this), left_(in), limits_(limits) {}

    /// The next `count` bytes.
    ByteView take(std::size_t count) {
        if (count > left_.size()) throw cereal::Exception("it ends early");
        const ByteView out = left_.first(count);
        left_ = left_.subspan(count);
        return out;
    }
    /// A count of bytes, and those bytes.
    ByteView take_counted() { return take(take_number<std::uint32_t>()); }
    /// A count of elements of at least that many bytes each.
    std::uint32_t take_count(std::size_t least) {
        const auto count = take_number<std::uint32_t>();
        if (count > limits_.elements_each || count > left_.size() / least)
            throw cereal::Exception("a list is longer than its bytes or too long");
        if (count > limits_.elements_in_all - elements_)
            throw cereal::Exception("there are too many elements in all");
        elements_ += count;
        return count;
    }
    template <class Number>
    Number take_number() {
        Number out;
        std::memcpy(&out, take(sizeof out).data(), sizeof out);
        return out;
    }
    void enter() {
        if (++depth_ > limits_.depth) throw cereal::Exception("it is nested too deep");
    }
    void leave() { --depth_; }
    /// Refuses bytes after the end.
    void finish() const {
        if (!left_.empty()) throw cereal::Exception("bytes follow its end");
    }

private:
    ByteView left_;
    Limits limits_;
    std::uint32_t elements_ = 0;
    unsigned depth_ = 0;
};

/// Appends to the bytes given.
class Writer : public cereal::OutputArchive<Writer, cereal::AllowEmptyClassElision> {
public:
    explicit Writer(Bytes& out) : OutputArchive(this), out_(out) {}

    void put(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    void put_counted(ByteView bytes) {
        put_count(bytes.size());
        put(bytes);
    }
    void put_count(std::size_t count) {
        SANGAM_ASSERT(count <= std::numeric_limits<std::uint32_t>::max());
        put_number(static_cast<std::uint32_t>(count));
    }
    template <class Number>
    void put_number(Number number) {
        std::uint8_t bytes[sizeof number];
        std::memcpy(bytes, &number, sizeof number);
        put(bytes);
    }

private:
    Bytes& out_;
};

// cereal finds the functions below by argument-dependent look-up on the archive.

template <class T>
    requires std::is_arithmetic_v<T>
void save(Writer& archive, const T& value) {
    if constexpr (std::is_same_v<T, bool>)
        archive.put_number<std::uint8_t>(value ? 1 : 0);
    else
        archive.put_number(value);
}
template <class T>
    requires std::is_arithmetic_v<T>
void load(Reader& archive, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        const auto byte = archive.take_number<std::uint8_t>();
        if (byte > 1) throw cereal::Exception("a truth value is neither 0 nor 1");
        value = byte == 1;
    } else {
        value = archive.take_number<T>();
        if constexpr (std::is_floating_point_v<T>)
            if (!std::isfinite(value)) throw cereal::Exception("a number is not finite");
    }
}

template <class E>
    requires std::is_enum_v<E>
void save(Writer& archive, const E& value) {
    archive.put_number(static_cast<std::underlying_type_t<E>>(value));
}
template <class E>
    requires std::is_enum_v<E>
void load(Reader& archive, E& value) {
    const auto number = archive.take_number<std::underlying_type_t<E>>();
    if (number < EnumRange<E>::first || number > EnumRange<E>::last)
        throw cereal::Exception("a number stands for nothing that is known");
    value = static_cast<E>(number);
}

template <class Tag, std::size_t N>
void save(Writer& archive, const FixedBytes<Tag, N>& value) {
    archive.put(value.bytes);
}
template <class Tag, std::size_t N>
void load(Reader& archive, FixedBytes<Tag, N>& value) {
    std::memcpy(value.bytes.data(), archive.take(N).data(), N);
}

inline void save(Writer& archive, const std::string& value) {
    archive.put_counted(as_bytes(value));
}
inline void load(Reader& archive, std::string& value) {
    const auto text = as_text(archive.take_counted());
    if (!is_utf8(text)) throw cereal::Exception("a text is not valid UTF-8");
    value = text;
}

inline void save(Writer& archive, const Bytes& value) { archive.put_counted(value); }
inline void load(Reader& archive, Bytes& value) {
    const auto bytes = archive.take_counted();
    value.assign(bytes.begin(), bytes.end());
}

template <class T>
    requires(!std::is_same_v<T, std::uint8_t>)
void save(Writer& archive, const std::vector<T>& value) {
    archive.put_count(value.size());
    for (const auto& element : value) archive(element);
}
template <class T>
    requires(!std::is_same_v<T, std::uint8_t>)
void load(Reader& archive, std::vector<T>& value) {
    const auto count = archive.take_count(least_bytes<T>);
    value.clear();
    // Not all at once: an element may be far larger in memory than the least it takes on the wire.
    for (std::uint32_t i = 0; i < count; ++i) archive(value.emplace_back());
}

template <class Key, class T>
void save(Writer& archive, const std::map<Key, T>& value) {
    archive.put_count(value.size());
    for (const auto& [key, element] : value) archive(key, element);
}
template <class Key, class T>
void load(Reader& archive, std::map<Key, T>& value) {
    const auto count = archive.take_count(least_bytes<Key> + least_bytes<T>);
    value.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
        Key key;
        T element;
        archive(key, element);
        if (!value.empty() && !(value.rbegin()->first < key))
            throw cereal::Exception("map keys are out of order or stand twice");
        value.emplace_hint(value.end(), std::move(key), std::move(element));
    }
}

template <class Archive>
void serialize(Archive& archive, Lane& lane) {
    archive(lane.node, lane.epoch);
}
template <class Archive>
void serialize(Archive& archive, Head& head) {
    archive(head.lane, head.sequence, head.header_hash);
}

template <class T>
    requires std::is_class_v<T>
void prologue(Reader& archive, const T&) {
    archive.enter();
}
template <class T>
    requires std::is_class_v<T>
void epilogue(Reader& archive, const T&) {
    archive.leave();
}

}  // namespace sangam::wire

// cereal has its own way with enumerations, which knows no ranges: ours goes first.
template <class E>
    requires std::is_enum_v<E>
struct cereal::specialize<sangam::wire::Reader, E, cereal::specialization::non_member_load_save>
    : std::true_type {};
template <class E>
    requires std::is_enum_v<E>
struct cereal::specialize<sangam::wire::Writer, E, cereal::specialization::non_member_load_save>
    : std::true_type {};

CEREAL_SETUP_ARCHIVE_TRAITS(sangam::wire::Reader, sangam::wire::Writer)
