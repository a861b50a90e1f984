// SPDX-License-Identifier: Apache-2.0
// Every message of the peer protocol `sangam/1`, as one variant, and its frame
// (docs/protocol.md "Frames" and "Messages"). Wire numbers are never reused.
#pragma once

#include <cstdint>
#include <variant>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"
#include "protocol/messages/control_messages.hpp"
#include "protocol/messages/directory_messages.hpp"
#include "protocol/messages/search_messages.hpp"
#include "protocol/messages/session_messages.hpp"
#include "protocol/messages/subscription_messages.hpp"
#include "protocol/messages/writer_messages.hpp"

namespace sangam::messages {

using Message = std::variant<Hello, Abort, Ping, Pong, DirectoryOffer, DirectoryRequest,
                             DirectoryUpdate, ControlUpdate, DatasetSummary, WriterHeads,
                             WriterCommits, Subscribe, SubscribeReply, Delivery, DeliveryAck,
                             Unsubscribe, SearchRequest, SearchPart, SearchDone>;

/// A frame: u32 length of the body, u16 type, u16 flags (zero in version 1), then the body;
/// integers are little-endian.
inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::size_t max_frame_body_bytes = 8 * 1024 * 1024;  ///< wire format

struct FrameHeader {
    std::uint32_t body_bytes = 0;
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
};

/// Checks the length bound and the flags before a byte of the body is read. `bytes` has exactly
/// frame_header_bytes.
[[nodiscard]] Result<FrameHeader> decode_frame_header(ByteView bytes);
/// The message in a body. Refuses unknown types, trailing bytes, counts beyond the bytes left.
[[nodiscard]] Result<Message> decode_body(std::uint16_t type, ByteView body);
/// Header and body. Asserts that the body is within max_frame_body_bytes: the sender bounds its
/// messages by construction.
[[nodiscard]] Bytes encode_frame(const Message& message);
/// "hello", "delivery", ... for logs and metrics.
[[nodiscard]] std::string_view type_name(const Message& message);
[[nodiscard]] std::uint16_t type_number(const Message& message);

}  // namespace sangam::messages
