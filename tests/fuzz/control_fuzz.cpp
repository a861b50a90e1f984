// SPDX-License-Identifier: Apache-2.0
// A signed control entry is read from any bytes, or refused; what is read has just these bytes as
// its encoding, and is valid by the rules that an author is held to.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "protocol/control.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sangam::ByteView input(data, size);
    const auto control = sangam::SignedControl::decode(input);
    if (!control) return 0;
    SANGAM_ASSERT(std::ranges::equal(control->encode(), input));
    SANGAM_ASSERT(control->entry.validate().has_value());
    SANGAM_ASSERT(!control->entry.dataset_uid().is_zero());
    static_cast<void>(control->has_valid_signature());
    return 0;
}
