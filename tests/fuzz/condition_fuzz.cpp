// SPDX-License-Identifier: Apache-2.0
// A condition is read from any bytes, or refused; what is read is within the bounds, and its
// canonical text reads back as the same condition.
#include <cstddef>
#include <cstdint>

#include "protocol/bytes.hpp"
#include "protocol/condition.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto condition = sangam::Condition::parse(sangam::as_text({data, size}));
    if (!condition) {
        SANGAM_ASSERT(condition.error().code == "bad_condition");
        return 0;
    }
    SANGAM_ASSERT(size <= sangam::max_condition_bytes);
    const auto again = sangam::Condition::parse(condition->text());
    SANGAM_ASSERT(again && *again == *condition && again->text() == condition->text());
    SANGAM_ASSERT(!condition->paths().empty());
    return 0;
}
