// SPDX-License-Identifier: Apache-2.0
// A stream of frames is read from any bytes, as a connection reads it; each message that is read
// has just the bytes of its frame as its encoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "protocol/messages/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace messages = sangam::messages;
    sangam::ByteView left(data, size);
    while (left.size() >= messages::frame_header_bytes) {
        const auto header = messages::decode_frame_header(left.first(messages::frame_header_bytes));
        if (!header) break;
        const std::size_t whole = messages::frame_header_bytes + header->body_bytes;
        if (left.size() < whole) break;
        const auto frame = left.first(whole);
        const auto message =
            messages::decode_body(header->type, frame.subspan(messages::frame_header_bytes));
        if (!message) break;
        SANGAM_ASSERT(std::ranges::equal(messages::encode_frame(*message), frame));
        SANGAM_ASSERT(messages::type_number(*message) == header->type);
        left = left.subspan(whole);
    }
    return 0;
}
