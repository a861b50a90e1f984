// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON: what is accepted prints canonically, and that text is a fixed point.
#include <cstdint>
#include <string>

#include "node/ingest/json.hpp"

using namespace sangam;
using namespace sangam::node::ingest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (const auto long_numbers : {LongNumbers::refuse, LongNumbers::as_text}) {
        const auto value = from_json(input, long_numbers);
        if (!value) continue;
        const std::string text = to_json(*value);
        const auto again = from_json(text);
        SANGAM_ASSERT(again.has_value());
        SANGAM_ASSERT(to_json(*again) == text);
    }
    return 0;
}
