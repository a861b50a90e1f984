// SPDX-License-Identifier: Apache-2.0
#include "protocol/cbor.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

namespace sangam::cbor {

namespace {

constexpr std::uint8_t initial_false = 0xf4;
constexpr std::uint8_t initial_true = 0xf5;
constexpr std::uint8_t initial_null = 0xf6;
constexpr std::uint8_t initial_half = 0xf9;
constexpr std::uint8_t initial_single = 0xfa;
constexpr std::uint8_t initial_double = 0xfb;

/// Deep enough for every object of docs/protocol.md around a value of max_value_depth.
constexpr int max_skip_depth = max_value_depth + 8;

/// Canonical order of text keys: that of their encodings, in which the length comes first.
bool key_before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// The half-precision bits of `value`, if it has that value exactly. Finite only.
std::optional<std::uint16_t> to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude == 0) return sign;
    const int exponent = static_cast<int>(magnitude >> 23) - 127;
    const std::uint32_t mantissa = magnitude & 0x7fffff;
    if (exponent > 15) return std::nullopt;
    if (exponent >= -14) {  // a normal half: 10 bits of mantissa
        if ((mantissa & 0x1fff) != 0) return std::nullopt;
        return static_cast<std::uint16_t>(sign | ((exponent + 15) << 10) | (mantissa >> 13));
    }
    // A subnormal half counts in units of 2^-24. A subnormal float is far below that.
    if (exponent < -24) return std::nullopt;
    const std::uint32_t whole = mantissa | 0x800000;  // 24 bits, unit 2^(exponent - 23)
    const int shift = -1 - exponent;                  // to unit 2^-24: 14..23
    if ((whole & ((1u << shift) - 1)) != 0) return std::nullopt;
    return static_cast<std::uint16_t>(sign | (whole >> shift));
}

/// The value of half-precision bits; infinity and NaN come out as such.
double from_half(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 0x1f;
    const int mantissa = bits & 0x3ff;
    double value = 0;
    if (exponent == 0)
        value = std::ldexp(mantissa, -24);
    else if (exponent != 31)
        value = std::ldexp(mantissa + 1024, exponent - 25);
    else
        value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
    return (bits & 0x8000) != 0 ? -value : value;
}

/// True when `value` has a float of the same value. Out-of-range conversions are undefined, so
/// the range is asked first.
bool fits_single(double value) {
    return std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max()) &&
           static_cast<double>(static_cast<float>(value)) == value;
}

void append_big_endian(Bytes& out, std::uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

// --- Writer ---------------------------------------------------------------------------------

void Writer::head(std::uint8_t major, std::uint64_t argument) {
    const auto top = static_cast<std::uint8_t>(major << 5);
    if (argument < 24) {
        out_.push_back(static_cast<std::uint8_t>(top | argument));
    } else if (argument <= 0xff) {
        out_.push_back(top | 24);
        out_.push_back(static_cast<std::uint8_t>(argument));
    } else if (argument <= 0xffff) {
        out_.push_back(top | 25);
        append_big_endian(out_, argument, 2);
    } else if (argument <= 0xffffffff) {
        out_.push_back(top | 26);
        append_big_endian(out_, argument, 4);
    } else {
        out_.push_back(top | 27);
        append_big_endian(out_, argument, 8);
    }
}

void Writer::integer(std::int64_t value) {
    if (value >= 0)
        head(0, static_cast<std::uint64_t>(value));
    else
        head(1, ~static_cast<std::uint64_t>(value));  // -1 - value in two's complement
}

void Writer::bytes(ByteView value) {
    head(2, value.size());
    raw(value);
}

void Writer::text(std::string_view value) {
    head(3, value.size());
    raw(as_bytes(value));
}

void Writer::boolean(bool value) { out_.push_back(value ? initial_true : initial_false); }

void Writer::null() { out_.push_back(initial_null); }

void Writer::floating(double value) {
    SANGAM_ASSERT(std::isfinite(value));
    if (!fits_single(value)) {
        out_.push_back(initial_double);
        append_big_endian(out_, std::bit_cast<std::uint64_t>(value), 8);
        return;
    }
    const auto single = static_cast<float>(value);
    if (const auto half = to_half(single)) {
        out_.push_back(initial_half);
        append_big_endian(out_, *half, 2);
    } else {
        out_.push_back(initial_single);
        append_big_endian(out_, std::bit_cast<std::uint32_t>(single), 4);
    }
}

void Writer::value(const Value& value) {
    struct Visitor {
        Writer& writer;
        void operator()(std::nullptr_t) const { writer.null(); }
        void operator()(bool b) const { writer.boolean(b); }
        void operator()(std::int64_t i) const { writer.integer(i); }
        void operator()(double d) const { writer.floating(d); }
        void operator()(const std::string& s) const { writer.text(s); }
        void operator()(const Value::Array& array) const {
            writer.array(array.size());
            for (const auto& element : array) writer.value(element);
        }
        void operator()(const Value::Map& map) const {
            std::vector<const Value::Map::value_type*> entries;
            entries.reserve(map.size());
            for (const auto& entry : map) entries.push_back(&entry);
            std::ranges::sort(entries, [](const auto* a, const auto* b) {
                return key_before(a->first, b->first);
            });
            writer.map(entries.size());
            for (const auto* entry : entries) {
                writer.text(entry->first);
                writer.value(entry->second);
            }
        }
    };
    std::visit(Visitor{*this}, value.variant());
}

void Writer::path(const Path& path) {
    array(path.names.size());
    for (const auto& name : path.names) text(name);
}

void Writer::version_vector(const VersionVector& vector) {
    array(vector.entries().size());
    for (const auto& [lane, sequence] : vector.entries()) {
        array(3);
        bytes(lane.node.bytes);
        unsigned_int(sangam::raw(lane.epoch));
        unsigned_int(sangam::raw(sequence));
    }
}

void Writer::raw(ByteView encoded) { out_.insert(out_.end(), encoded.begin(), encoded.end()); }

// --- Reader ---------------------------------------------------------------------------------

void Reader::set_failed(std::string reason) {
    if (failed_) return;
    failed_ = true;
    reason_ = std::move(reason);
    failed_at_ = offset_;
}

Result<void> Reader::finish() {
    if (!failed_ && !at_end()) set_failed("trailing bytes");
    if (failed_)
        return fail("bad_cbor", "not the encoding that is expected here: " + reason_,
                    "byte " + std::to_string(failed_at_));
    return {};
}

int Reader::peek_major() const {
    if (failed_ || at_end()) return -1;
    return in_[offset_] >> 5;
}

std::uint64_t Reader::argument(std::uint8_t major) {
    if (failed_) return 0;
    if (at_end()) {
        set_failed("the input ends early");
        return 0;
    }
    const std::uint8_t initial = in_[offset_];
    if (initial >> 5 != major) {
        set_failed("expected major type " + std::to_string(major) + ", found " +
                   std::to_string(initial >> 5));
        return 0;
    }
    const std::uint8_t info = initial & 31;
    if (info < 24) {
        ++offset_;
        return info;
    }
    if (info > 27) {
        set_failed("an indefinite length or reserved head");
        return 0;
    }
    const std::size_t count = std::size_t{1} << (info - 24);
    if (in_.size() - offset_ - 1 < count) {
        set_failed("the input ends early");
        return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 1; i <= count; ++i) value = value << 8 | in_[offset_ + i];
    const bool shortest = info == 24 ? value >= 24 : value >> (count * 4) != 0;
    if (!shortest) {
        set_failed("a head that is longer than needed");
        return 0;
    }
    offset_ += 1 + count;
    return value;
}

std::uint64_t Reader::unsigned_int() { return argument(0); }

std::int64_t Reader::integer() {
    const int major = peek_major();
    const std::size_t start = offset_;
    const std::uint64_t value = argument(major == 1 ? 1 : 0);
    if (failed_) return 0;
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        offset_ = start;
        set_failed("an integer beyond 64 bits with sign");
        return 0;
    }
    return major == 1 ? -1 - static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

ByteView Reader::bytes() {
    const std::uint64_t count = argument(2);
    if (failed_) return {};
    if (count > in_.size() - offset_) {
        set_failed("a byte string longer than the input");
        return {};
    }
    const ByteView out = in_.subspan(offset_, count);
    offset_ += count;
    return out;
}

std::string_view Reader::text() {
    const std::uint64_t count = argument(3);
    if (failed_) return {};
    if (count > in_.size() - offset_) {
        set_failed("a text longer than the input");
        return {};
    }
    const auto out = as_text(in_.subspan(offset_, count));
    if (!is_utf8(out)) {
        set_failed("a text that is not valid UTF-8");
        return {};
    }
    offset_ += count;
    return out;
}

std::size_t Reader::array() {
    const std::uint64_t count = argument(4);
    if (failed_) return 0;
    if (count > in_.size() - offset_) {  // an item has at least one byte
        set_failed("an array longer than the input");
        return 0;
    }
    return count;
}

std::size_t Reader::map() {
    const std::uint64_t count = argument(5);
    if (failed_) return 0;
    if (count > (in_.size() - offset_) / 2) {  // an entry has at least two bytes
        set_failed("a map longer than the input");
        return 0;
    }
    return count;
}

bool Reader::boolean() {
    if (failed_) return false;
    if (at_end()) {
        set_failed("the input ends early");
        return false;
    }
    const std::uint8_t initial = in_[offset_];
    if (initial != initial_false && initial != initial_true) {
        set_failed("expected true or false");
        return false;
    }
    ++offset_;
    return initial == initial_true;
}

void Reader::null() {
    if (failed_) return;
    if (at_end()) return set_failed("the input ends early");
    if (in_[offset_] != initial_null) return set_failed("expected null");
    ++offset_;
}

double Reader::floating() {
    if (failed_) return 0;
    if (at_end()) {
        set_failed("the input ends early");
        return 0;
    }
    const std::uint8_t initial = in_[offset_];
    const std::size_t count = initial == initial_half     ? 2
                              : initial == initial_single ? 4
                              : initial == initial_double ? 8
                                                          : 0;
    if (count == 0) {
        set_failed("expected a floating-point number");
        return 0;
    }
    if (in_.size() - offset_ - 1 < count) {
        set_failed("the input ends early");
        return 0;
    }
    std::uint64_t bits = 0;
    for (std::size_t i = 1; i <= count; ++i) bits = bits << 8 | in_[offset_ + i];
    double value = 0;
    bool shortest = true;
    if (count == 2) {
        value = from_half(static_cast<std::uint16_t>(bits));
    } else if (count == 4) {
        const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        value = static_cast<double>(single);
        shortest = !std::isfinite(single) || !to_half(single);
    } else {
        value = std::bit_cast<double>(bits);
        shortest = !std::isfinite(value) || !fits_single(value);
    }
    if (!std::isfinite(value)) {
        set_failed("a number that is not finite");
        return 0;
    }
    if (!shortest) {
        set_failed("a floating-point number in more bytes than it needs");
        return 0;
    }
    offset_ += 1 + count;
    return value;
}

Value Reader::value() { return value_at(max_value_depth); }

Value Reader::value_at(int depth) {
    switch (peek_major()) {
        case 0:
        case 1:
            return integer();
        case 3:
            return text();
        case 4: {
            if (depth == 0) {
                set_failed("a value nested too deep");
                return {};
            }
            const std::size_t count = array();
            Value::Array out;
            for (std::size_t i = 0; i < count && !failed_; ++i) out.push_back(value_at(depth - 1));
            return out;
        }
        case 5: {
            if (depth == 0) {
                set_failed("a value nested too deep");
                return {};
            }
            const std::size_t count = map();
            Value::Map out;
            std::string_view previous;
            for (std::size_t i = 0; i < count && !failed_; ++i) {
                const std::string_view key = text();
                if (failed_) break;
                if (i > 0 && !key_before(previous, key)) {
                    set_failed("map keys out of order or twice");
                    break;
                }
                previous = key;
                out.emplace(key, value_at(depth - 1));
            }
            return out;
        }
        case 7: {
            const std::uint8_t initial = in_[offset_];
            if (initial == initial_null) {
                ++offset_;
                return nullptr;
            }
            if (initial == initial_false || initial == initial_true) return boolean();
            return floating();
        }
        case -1:
            if (!failed_) set_failed("the input ends early");
            return {};
        default:
            set_failed("a byte string or tag where a value stands");
            return {};
    }
}

Path Reader::path() {
    Path out;
    const std::size_t count = array();
    if (failed_) return out;
    if (count == 0 || count > max_path_names) {
        set_failed("a path with no names or too many");
        return out;
    }
    out.names.reserve(count);
    for (std::size_t i = 0; i < count && !failed_; ++i) {
        const std::string_view name = text();
        if (name.size() > max_name_bytes) set_failed("a path name that is too long");
        out.names.emplace_back(name);
    }
    return out;
}

VersionVector Reader::version_vector() {
    VersionVector out;
    const std::size_t count = array();
    if (count > max_vector_lanes) set_failed("a version vector with too many lanes");
    Lane previous;
    for (std::size_t i = 0; i < count && !failed_; ++i) {
        if (array() != 3) {
            set_failed("a version vector's entry has three parts");
            break;
        }
        const Lane lane{fixed<NodeId>(), Epoch{unsigned_int()}};
        const Sequence sequence{unsigned_int()};
        if (failed_) break;
        if (raw(sequence) == 0 || (i > 0 && !(previous < lane))) {
            set_failed("a version vector's entries out of order, twice or zero");
            break;
        }
        out.add({lane, sequence});
        previous = lane;
    }
    return out;
}

ByteView Reader::item() {
    const std::size_t start = offset_;
    skip(max_skip_depth);
    if (failed_) return {};
    return in_.subspan(start, offset_ - start);
}

void Reader::skip(int depth) {
    const int major = peek_major();
    if ((major == 4 || major == 5) && depth == 0) return set_failed("an item nested too deep");
    switch (major) {
        case 0:
        case 1:
            argument(static_cast<std::uint8_t>(major));
            return;
        case 2:
            bytes();
            return;
        case 3:
            text();
            return;
        case 4: {
            const std::size_t count = array();
            for (std::size_t i = 0; i < count && !failed_; ++i) skip(depth - 1);
            return;
        }
        case 5: {
            const std::size_t count = map();
            ByteView previous;
            for (std::size_t i = 0; i < count && !failed_; ++i) {
                const std::size_t start = offset_;
                skip(depth - 1);
                if (failed_) return;
                const ByteView key = in_.subspan(start, offset_ - start);
                if (i > 0 && !std::ranges::lexicographical_compare(previous, key))
                    return set_failed("map keys out of order or twice");
                previous = key;
                skip(depth - 1);
            }
            return;
        }
        case 7: {
            const std::uint8_t initial = in_[offset_];
            if (initial == initial_null || initial == initial_false || initial == initial_true)
                ++offset_;
            else
                floating();
            return;
        }
        case -1:
            if (!failed_) set_failed("the input ends early");
            return;
        default:
            return set_failed("a tag, which no object here has");
    }
}

}  // namespace sangam::cbor
