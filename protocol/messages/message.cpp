// SPDX-License-Identifier: Apache-2.0
#include "protocol/messages/message.hpp"

#include "protocol/condition.hpp"
#include "protocol/wire_archive.hpp"

namespace sangam::wire {

template <>
struct EnumRange<messages::AbortCode> {
    static constexpr std::uint64_t first = 1;
    static constexpr std::uint64_t last = 10;
};
template <>
struct EnumRange<messages::SubscribeReply::State> {
    static constexpr std::uint64_t first = 1;
    static constexpr std::uint64_t last = 3;
};
template <>
struct EnumRange<messages::WithdrawReason> {
    static constexpr std::uint64_t first = 1;
    static constexpr std::uint64_t last = 4;
};
template <>
struct EnumRange<messages::SearchPart::Source> {
    static constexpr std::uint64_t first = 1;
    static constexpr std::uint64_t last = 4;
};

}  // namespace sangam::wire

namespace sangam::messages {

namespace {

/// A type of message: its number on the wire, never used for another, and its name in logs.
struct MessageKind {
    std::uint16_t number = 0;
    std::string_view name;
};

template <class M>
constexpr MessageKind kind_of{};
template <>
constexpr MessageKind kind_of<Hello>{1, "hello"};
template <>
constexpr MessageKind kind_of<Abort>{2, "abort"};
template <>
constexpr MessageKind kind_of<Ping>{3, "ping"};
template <>
constexpr MessageKind kind_of<Pong>{4, "pong"};
template <>
constexpr MessageKind kind_of<DirectoryOffer>{16, "directory_offer"};
template <>
constexpr MessageKind kind_of<DirectoryRequest>{17, "directory_request"};
template <>
constexpr MessageKind kind_of<DirectoryUpdate>{18, "directory_update"};
template <>
constexpr MessageKind kind_of<ControlUpdate>{32, "control_update"};
template <>
constexpr MessageKind kind_of<DatasetSummary>{33, "dataset_summary"};
template <>
constexpr MessageKind kind_of<WriterHeads>{48, "writer_heads"};
template <>
constexpr MessageKind kind_of<WriterCommits>{49, "writer_commits"};
template <>
constexpr MessageKind kind_of<Subscribe>{64, "subscribe"};
template <>
constexpr MessageKind kind_of<SubscribeReply>{65, "subscribe_reply"};
template <>
constexpr MessageKind kind_of<Delivery>{66, "delivery"};
template <>
constexpr MessageKind kind_of<DeliveryAck>{67, "delivery_ack"};
template <>
constexpr MessageKind kind_of<Unsubscribe>{68, "unsubscribe"};
template <>
constexpr MessageKind kind_of<SearchRequest>{80, "search_request"};
template <>
constexpr MessageKind kind_of<SearchPart>{81, "search_part"};
template <>
constexpr MessageKind kind_of<SearchDone>{82, "search_done"};

template <class M>
MessageKind kind_in(const M&) {
    static_assert(kind_of<M>.number != 0, "every message has a number");
    return kind_of<M>;
}

std::unexpected<Error> bad_message(std::string what, std::string_view name) {
    return fail("bad_message", "a message breaks the rules: " + std::move(what), std::string(name));
}

// What a message may say beyond what its form shows.
template <class M>
Result<void> check_bounds(const M&) {
    return {};
}
Result<void> check_bounds(const Subscribe& subscribe) {
    if (subscribe.where.size() > max_condition_bytes)
        return bad_message("a condition longer than 4 KiB", kind_of<Subscribe>.name);
    return {};
}
Result<void> check_bounds(const SearchRequest& request) {
    if (request.where.size() > max_condition_bytes || request.query.size() > max_query_bytes)
        return bad_message("a query or condition longer than 4 KiB", kind_of<SearchRequest>.name);
    if (request.limit > max_search_limit || request.facets.size() > max_search_facets)
        return bad_message("more hits or facets are asked for than is allowed",
                           kind_of<SearchRequest>.name);
    return {};
}

template <class M>
Result<Message> decode_as(ByteView body) {
    M message;
    try {
        wire::Reader reader(body);
        reader(message);
        reader.finish();
    } catch (const cereal::Exception& e) {
        return bad_message(e.what(), kind_of<M>.name);
    }
    if (auto ok = check_bounds(message); !ok) return std::unexpected(std::move(ok.error()));
    return message;
}

/// Looks through the alternatives of the variant for the type with that number.
template <std::size_t Index = 0>
Result<Message> decode_alternative(std::uint16_t type, ByteView body) {
    if constexpr (Index == std::variant_size_v<Message>) {
        return bad_message("its type is unknown", "type " + std::to_string(type));
    } else {
        using M = std::variant_alternative_t<Index, Message>;
        if (kind_of<M>.number == type) return decode_as<M>(body);
        return decode_alternative<Index + 1>(type, body);
    }
}

template <class Number>
void put_little_endian(Bytes& out, std::size_t at, Number number) {
    for (std::size_t i = 0; i < sizeof number; ++i)
        out[at + i] = static_cast<std::uint8_t>(number >> (8 * i));
}

}  // namespace

Result<FrameHeader> decode_frame_header(ByteView bytes) {
    SANGAM_ASSERT(bytes.size() == frame_header_bytes);
    const auto number = [&](std::size_t at, std::size_t count) {
        std::uint32_t out = 0;
        for (std::size_t i = 0; i < count; ++i) out |= std::uint32_t{bytes[at + i]} << (8 * i);
        return out;
    };
    const FrameHeader out{number(0, 4), static_cast<std::uint16_t>(number(4, 2)),
                          static_cast<std::uint16_t>(number(6, 2))};
    if (out.body_bytes > max_frame_body_bytes)
        return fail("bad_frame", "a frame is larger than 8 MiB",
                    std::to_string(out.body_bytes) + " bytes");
    if (out.flags != 0)
        return fail("bad_frame", "a frame has flags that version 1 does not know",
                    "flags " + std::to_string(out.flags));
    return out;
}

Result<Message> decode_body(std::uint16_t type, ByteView body) {
    return decode_alternative(type, body);
}

Bytes encode_frame(const Message& message) {
    Bytes out(frame_header_bytes);
    std::visit(
        [&](const auto& m) {
            wire::Writer writer(out);
            writer(m);
        },
        message);
    const std::size_t body_bytes = out.size() - frame_header_bytes;
    SANGAM_ASSERT(body_bytes <= max_frame_body_bytes);
    put_little_endian(out, 0, static_cast<std::uint32_t>(body_bytes));
    put_little_endian(out, 4, type_number(message));
    return out;  // flags stay zero
}

std::string_view type_name(const Message& message) {
    return std::visit([](const auto& m) { return kind_in(m); }, message).name;
}

std::uint16_t type_number(const Message& message) {
    return std::visit([](const auto& m) { return kind_in(m); }, message).number;
}

}  // namespace sangam::messages
