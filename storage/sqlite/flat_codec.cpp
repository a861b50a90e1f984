// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/flat_codec.hpp"

namespace sangam::storage::sqlite {
namespace {

void put_varint(Bytes& out, std::uint64_t number) {
    while (number >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(number | 0x80));
        number >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(number));
}

void put_text(Bytes& out, std::string_view text) {
    const auto bytes = as_bytes(text);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_texts(Bytes& out, const std::vector<std::string>& texts) {
    put_varint(out, texts.size());
    for (const std::string& text : texts) {
        put_varint(out, text.size());
        put_text(out, text);
    }
}

/// Reads forward; after the first thing that does not fit nothing more is read.
class Cursor {
public:
    explicit Cursor(ByteView bytes) : rest_(bytes) {}
    [[nodiscard]] bool is_good() const { return is_good_; }
    [[nodiscard]] bool is_at_end() const { return rest_.empty() || !is_good_; }

    std::uint64_t varint() {
        std::uint64_t out = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) break;
            const std::uint8_t byte = rest_.front();
            rest_ = rest_.subspan(1);
            out |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80) == 0) return out;
        }
        is_good_ = false;
        return 0;
    }
    ByteView bytes(std::uint64_t size) {
        if (size > rest_.size()) {
            is_good_ = false;
            return {};
        }
        const auto out = rest_.first(size);
        rest_ = rest_.subspan(size);
        return out;
    }
    std::vector<std::string> texts() {
        std::vector<std::string> out;
        for (auto n = varint(); n > 0 && is_good_; --n) out.emplace_back(as_text(bytes(varint())));
        return out;
    }

private:
    ByteView rest_;
    bool is_good_ = true;
};

FlatValue value_of(ByteView value) {
    if (value.empty() || value[0] > 1) return {};
    if (value[0] == 0) return {FlatKind::one_text, value.subspan(1), {}};
    return {FlatKind::several, {}, value.subspan(1)};
}

void append_json(std::string& out, const std::vector<std::string>& texts) {
    constexpr char digits[] = "0123456789abcdef";
    out += '[';
    for (const std::string& text : texts) {
        if (&text != texts.data()) out += ',';
        out += '"';
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                out += '\\';
                out += c;
            } else if (byte < 0x20) {
                out += "\\u00";
                out += digits[byte >> 4];
                out += digits[byte & 15];
            } else {
                out += c;
            }
        }
        out += '"';
    }
    out += ']';
}

}  // namespace

Bytes encode_flat(const std::vector<std::pair<FieldNumber, const FlatField*>>& fields) {
    Bytes out;
    Bytes value;
    for (const auto& [number, field] : fields) {
        value.clear();
        if (field->shown.size() == 1 && field->siblings.empty()) {
            value.push_back(0);
            put_text(value, field->shown.front());
        } else {
            value.push_back(1);
            put_texts(value, field->shown);
            put_varint(value, field->siblings.size());
            for (const auto& texts : field->siblings) put_texts(value, texts);
        }
        put_varint(out, number);
        put_varint(out, value.size());
        out.insert(out.end(), value.begin(), value.end());
    }
    return out;
}

FlatValue find_flat(ByteView record, FieldNumber field) {
    Cursor cursor(record);
    while (!cursor.is_at_end()) {
        const auto number = cursor.varint();
        const auto value = cursor.bytes(cursor.varint());
        if (!cursor.is_good() || number > field) break;
        if (number == field) return value_of(value);
    }
    return {};
}

bool has_another_field(ByteView record, const std::set<FieldNumber>& known) {
    Cursor cursor(record);
    while (!cursor.is_at_end()) {
        const auto number = cursor.varint();
        cursor.bytes(cursor.varint());
        if (!cursor.is_good()) break;
        if (!known.contains(number)) return true;
    }
    return false;
}

std::optional<FlatField> decode_flat_value(const FlatValue& value) {
    FlatField out;
    if (value.kind == FlatKind::missing) return std::nullopt;
    if (value.kind == FlatKind::one_text) {
        out.shown.emplace_back(as_text(value.text));
        return out;
    }
    Cursor cursor(value.body);
    out.shown = cursor.texts();
    for (auto n = cursor.varint(); n > 0 && cursor.is_good(); --n)
        out.siblings.push_back(cursor.texts());
    if (!cursor.is_good() || !cursor.is_at_end()) return std::nullopt;
    return out;
}

std::optional<std::string> alternatives_json(const FlatValue& value) {
    const auto field = decode_flat_value(value);
    if (!field) return std::nullopt;
    std::string out = "[";
    if (field->siblings.empty()) append_json(out, field->shown);
    for (const auto& texts : field->siblings) {
        if (out.size() > 1) out += ',';
        append_json(out, texts);
    }
    return out + "]";
}

std::optional<std::vector<std::pair<FieldNumber, FlatField>>> decode_flat(ByteView record) {
    std::vector<std::pair<FieldNumber, FlatField>> out;
    Cursor cursor(record);
    while (!cursor.is_at_end()) {
        const auto number = cursor.varint();
        const auto bytes = cursor.bytes(cursor.varint());
        auto field = decode_flat_value(value_of(bytes));
        if (!cursor.is_good() || !field || (!out.empty() && out.back().first >= number))
            return std::nullopt;
        out.emplace_back(number, std::move(*field));
    }
    if (!cursor.is_good()) return std::nullopt;
    return out;
}

}  // namespace sangam::storage::sqlite
