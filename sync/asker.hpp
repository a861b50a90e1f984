// SPDX-License-Identifier: Apache-2.0
// Who asks. Every read has one as a parameter, from the lowest interface up (SEMANTICS section 5).
#pragma once

#include <string>

#include "protocol/ids.hpp"

namespace sangam::sync {

struct Asker {
    enum class Kind : std::uint8_t {
        home,         ///< people of the node's own institution, and its admin
        institution,  ///< another member, or its people for whom its node vouches
        everyone,     ///< nobody we know: the audience `public`
    };
    Kind kind = Kind::everyone;
    InstitutionId institution;  ///< for home and institution
    std::string person;         ///< for logs; a pseudonym when it came from another node

    static Asker home(const InstitutionId& id) { return {Kind::home, id, {}}; }
    static Asker member(const InstitutionId& id) { return {Kind::institution, id, {}}; }
    static Asker everyone() { return {}; }
};

}  // namespace sangam::sync
