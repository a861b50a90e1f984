// SPDX-License-Identifier: Apache-2.0
// A change is read from any bytes, or refused; what is read has just these bytes as its encoding,
// and hiding its fields keeps its hash.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "protocol/change.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sangam::ByteView input(data, size);
    const auto change = sangam::Change::decode(input);
    if (!change) return 0;
    SANGAM_ASSERT(std::ranges::equal(change->encode(), input));
    const sangam::Dot dot{{}, sangam::Sequence{1}};
    const auto hidden = change->redacted([](const sangam::Path&) { return false; });
    SANGAM_ASSERT(hidden.hash({}, dot) == change->hash({}, dot));
    const auto again = sangam::Change::decode(hidden.encode());
    SANGAM_ASSERT(again && *again == hidden);
    return 0;
}
