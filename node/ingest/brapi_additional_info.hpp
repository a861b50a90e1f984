// SPDX-License-Identifier: Apache-2.0
// The additionalInfo of a BrAPI entity: what the entity has no place for. Two fields of a record
// never take one key of it.
#pragma once

#include <string>

#include "protocol/path.hpp"
#include "protocol/value.hpp"

namespace sangam::node::ingest {

class AdditionalInfo {
public:
    /// Below the objects that the path's names say, from its `from`th on; under the path's text
    /// where no import would read such objects.
    void put_below(const Path& path, std::size_t from, Value value);
    /// Under this key as it is, or in double quotes (as a path text has a name) where that is
    /// taken.
    void put(std::string key, Value value);
    [[nodiscard]] const Value::Map& object() const { return object_; }

private:
    Value::Map object_;
};

}  // namespace sangam::node::ingest
