// SPDX-License-Identifier: Apache-2.0
#include "node/service/change_kind.hpp"

#include "sync/past_conflicts.hpp"

namespace sangam::node {

std::string_view change_kind(const Change& change) {
    const auto* life = change.find(life_path());
    if (!life) return sync::resolution_of(change) ? "resolve" : "put";
    const auto* value = life->write.value ? life->write.value->get_if<Value::Map>() : nullptr;
    const auto state = value ? value->find("state") : Value::Map::const_iterator{};
    if (value && state != value->end() && state->second.is_text())
        return state->second.text() == "deleted" ? "delete" : "restore";
    return "put";
}

}  // namespace sangam::node
