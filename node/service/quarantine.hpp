// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/store.hpp"

namespace sangam::node {

/// Visits all that is set aside, by id. An item can hold a commit of megabytes, so few are in
/// memory at a time.
template <class Visit>
void for_each_set_aside(const storage::Reader& reader, const Visit& visit) {
    constexpr std::size_t items_in_page = 50;
    for (std::uint64_t after = 0;;) {
        const auto page = reader.quarantine(items_in_page, after);
        if (page.empty()) return;
        after = page.back().id;
        for (const auto& item : page) visit(item);
    }
}

}  // namespace sangam::node
