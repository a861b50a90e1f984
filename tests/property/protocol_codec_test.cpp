// SPDX-License-Identifier: Apache-2.0
// Codecs: what is written reads back as it was, and what is read from any bytes has just these
// bytes as its encoding.
#include <doctest/doctest.h>

#include "protocol/cbor.hpp"
#include "protocol/messages/message.hpp"
#include "protocol_generators.hpp"

using namespace sangam;

namespace {

/// A few random edits of the bytes: bent, taken out, put in.
Bytes mangled(Bytes bytes) {
    const auto edits = *rc::gen::inRange(1, 4);
    for (int i = 0; i < edits && !bytes.empty(); ++i) {
        const auto at =
            static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, bytes.size()));
        const auto byte = *rc::gen::arbitrary<std::uint8_t>();
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                bytes[static_cast<std::size_t>(at)] ^= byte;
                break;
            case 1:
                bytes.erase(bytes.begin() + at);
                break;
            default:
                bytes.insert(bytes.begin() + at, byte);
        }
    }
    return bytes;
}

}  // namespace

TEST_CASE("codec: every value reads back, and no other bytes read as it") {
    CHECK(rc::check([] {
        const auto value = *generators::value();
        const Bytes encoded = value.to_cbor();
        const auto decoded = Value::from_cbor(encoded);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->to_cbor() == encoded);
        RC_ASSERT(*decoded == value);
        const Bytes other = mangled(encoded);
        const auto from_other = Value::from_cbor(other);
        if (from_other) RC_ASSERT(from_other->to_cbor() == other);
    }));
}

TEST_CASE("codec: any bytes are one value's only encoding, or refused") {
    CHECK(rc::check([](const std::vector<std::uint8_t>& bytes) {
        const auto value = Value::from_cbor(bytes);
        if (value) RC_ASSERT(value->to_cbor() == bytes);
        cbor::Reader reader(bytes);
        reader.item();
        if (value) RC_ASSERT(reader.finish().has_value());
    }));
}

TEST_CASE("codec: paths read back from their text, and keep their order in it name by name") {
    CHECK(rc::check([] {
        const auto a = *generators::path();
        const auto parsed = Path::parse(a.text());
        RC_ASSERT(parsed.has_value());
        RC_ASSERT(*parsed == a);
        const auto b = *generators::path();
        // A path and those below it stand together in path order: what make() and decode() rely on.
        if (b.is_at_or_below(a) && a != b) RC_ASSERT(a < b);
    }));
}

TEST_CASE(
    "codec: hexadecimal and base64 read back, and every text is one byte string's or refused") {
    CHECK(rc::check([](const std::vector<std::uint8_t>& bytes, const std::string& text) {
        RC_ASSERT(from_hex(to_hex(bytes)).value() == bytes);
        RC_ASSERT(from_base64(to_base64(bytes)).value() == bytes);
        const auto decoded = from_base64(text);
        if (decoded) RC_ASSERT(to_base64(*decoded) == text);
    }));
}

TEST_CASE("codec: changes read back in both forms, and mangled ones are canonical or refused") {
    CHECK(rc::check([] {
        const auto whole = generators::change("r1", *generators::version_vector());
        RC_ASSERT(Change::decode(whole.encode()).value() == whole);
        const auto partial = generators::hidden_at_random(whole);
        const Bytes encoded = partial.encode();
        RC_ASSERT(Change::decode(encoded).value() == partial);
        const Bytes other = mangled(encoded);
        const auto from_other = Change::decode(other);
        if (from_other) RC_ASSERT(from_other->encode() == other);
    }));
}

TEST_CASE("codec: messages read back, and mangled ones are canonical or refused") {
    CHECK(rc::check([] {
        messages::Delivery delivery;
        delivery.subscription =
            generators::fixed<SubscriptionId>(*rc::gen::arbitrary<std::uint64_t>());
        delivery.number = *rc::gen::arbitrary<std::uint64_t>();
        delivery.to = Position{*rc::gen::arbitrary<std::uint64_t>()};
        delivery.parts = *rc::gen::arbitrary<std::vector<Bytes>>();
        const auto ids = *rc::gen::container<std::vector<std::string>>(generators::text());
        for (const auto& id : ids)
            delivery.withdrawals.push_back(
                {"germplasm", id,
                 *rc::gen::element(messages::WithdrawReason::deleted,
                                   messages::WithdrawReason::grant_ended)});
        delivery.copy_complete = *rc::gen::arbitrary<bool>();
        const messages::Message message = delivery;
        const Bytes frame = messages::encode_frame(message);
        const auto type = messages::type_number(message);
        const Bytes body(frame.begin() + messages::frame_header_bytes, frame.end());
        RC_ASSERT(messages::decode_body(type, body).value() == message);
        const Bytes other = mangled(body);
        const auto from_other = messages::decode_body(type, other);
        if (from_other) {
            const Bytes again = messages::encode_frame(*from_other);
            RC_ASSERT(
                std::ranges::equal(ByteView(again).subspan(messages::frame_header_bytes), other));
        }
    }));
}
