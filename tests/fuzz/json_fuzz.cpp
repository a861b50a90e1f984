// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON: what is accepted prints canonically, and that text is a fixed point.
#include <cstdint>
#include <string>

#include "node/ingest/json.hpp"

using namespace sangam;
using namespace sangam::node::ingest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = from_json(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!value) return 0;
    const std::string text = to_json(*value);
    const auto again = from_json(text);
    // A double that prints without a fraction and beyond 64 bits does not read back as an integer.
    if (!again) {
        SANGAM_ASSERT(again.error().message.find("64 bits") != std::string::npos);
        return 0;
    }
    SANGAM_ASSERT(to_json(*again) == text);
    return 0;
}
