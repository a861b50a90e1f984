// SPDX-License-Identifier: Apache-2.0
// A part of a commit is read from any bytes, or refused; what is read has just these bytes as its
// encoding. What verifies is whole again after a second reading.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "protocol/commit.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sangam::ByteView input(data, size);
    const auto part = sangam::CommitPart::decode(input);
    if (!part) return 0;
    SANGAM_ASSERT(std::ranges::equal(part->encode(), input));
    const auto verified = sangam::VerifiedPart::verify(
        *part, [](const sangam::NodeId&, const sangam::PublicKey&) { return true; });
    if (!verified) return 0;
    SANGAM_ASSERT(verified->part() == *part);
    SANGAM_ASSERT(verified->change_hashes().size() == part->changes.size());
    return 0;
}
