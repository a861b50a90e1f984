// SPDX-License-Identifier: Apache-2.0
#include "protocol/value.hpp"

#include "protocol/cbor.hpp"

namespace sangam {

Bytes Value::to_cbor() const {
    cbor::Writer writer;
    writer.value(*this);
    return writer.take();
}

Result<Value> Value::from_cbor(ByteView bytes) {
    cbor::Reader reader(bytes);
    Value out = reader.value();
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    return out;
}

}  // namespace sangam
