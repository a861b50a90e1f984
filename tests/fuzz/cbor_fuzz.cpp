// SPDX-License-Identifier: Apache-2.0
// A value is read from any bytes, or refused; what is read has just these bytes as its encoding,
// and skipping over it agrees that they are canonical.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "protocol/cbor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sangam::ByteView input(data, size);
    const auto value = sangam::Value::from_cbor(input);
    sangam::cbor::Reader reader(input);
    reader.item();
    const bool is_item = reader.finish().has_value();
    if (value) {
        SANGAM_ASSERT(std::ranges::equal(value->to_cbor(), input));
        SANGAM_ASSERT(value->validate().has_value());
        SANGAM_ASSERT(is_item);
    }
    sangam::cbor::Reader paths(input);
    const auto path = paths.path();
    if (paths.finish()) {
        sangam::cbor::Writer writer;
        writer.path(path);
        SANGAM_ASSERT(std::ranges::equal(writer.data(), input));
        const auto again = sangam::Path::parse(path.text());
        SANGAM_ASSERT(again && *again == path);
    }
    return 0;
}
