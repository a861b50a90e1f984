// SPDX-License-Identifier: Apache-2.0
#include "protocol/ids.hpp"

namespace sangam {

std::string Lane::text() const {
    std::array<std::uint8_t, 8> big_endian{};
    for (std::size_t i = 0; i < 8; ++i)
        big_endian[i] = static_cast<std::uint8_t>(raw(epoch) >> (56 - 8 * i));
    return node.hex() + "/" + to_hex(big_endian);
}

}  // namespace sangam
