// SPDX-License-Identifier: Apache-2.0
#include "node/service/record_name.hpp"

#include "node/http/target.hpp"

namespace sangam::node {

Result<RecordName> parse_record_name(std::string_view text) {
    const auto bad = [&](std::string message) {
        return fail(
            "bad_record", std::move(message), std::string(text),
            "write institution/dataset/collection/id, with % and / of the id as %25 and %2F",
            ErrorKind::usage);
    };
    std::string_view parts[3];
    std::string_view rest = text;
    for (auto& part : parts) {
        const auto slash = rest.find('/');
        if (slash == std::string_view::npos) return bad("this is no RECORD: it has too few parts");
        part = rest.substr(0, slash);
        if (part.empty()) return bad("this is no RECORD: a part of it is empty");
        rest.remove_prefix(slash + 1);
    }
    if (rest.empty()) return bad("this is no RECORD: its id is empty");
    if (rest.find('/') != std::string_view::npos)
        return bad("this is no RECORD: it has too many parts");
    auto id = http::percent_decode(rest);
    if (!id) return bad("this is no RECORD: a % is not followed by two hexadecimal digits");
    if (!is_utf8(text) || !is_utf8(*id)) return bad("this is no RECORD: it is not UTF-8");
    return RecordName{std::string(parts[0]), std::string(parts[1]),
                      RecordKey{std::string(parts[2]), std::move(*id)}};
}

}  // namespace sangam::node
