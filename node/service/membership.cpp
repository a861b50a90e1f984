// SPDX-License-Identifier: Apache-2.0
// Joining a federation beside a running daemon.
#include "node/service/verbs.hpp"

namespace sangam::node {

Result<Reply> join_federation(Call& call) {
    const auto body = call.body({"invitation"});
    if (!body) return std::unexpected(body.error());
    const auto invitation = required_text(*body, "invitation");
    if (!invitation) return std::unexpected(invitation.error());
    const auto state = call.context.membership->join(*invitation);
    if (!state) return std::unexpected(state.error());
    boost::json::object document;
    document["state"] = *state;
    return Reply(std::move(document));
}

Result<Reply> admit_node_of_institution(Call& call) {
    const auto body = call.body({"node_id"});
    if (!body) return std::unexpected(body.error());
    const auto text = required_text(*body, "node_id");
    if (!text) return std::unexpected(text.error());
    const auto node = NodeId::from_hex(*text);
    if (!node)
        return fail("bad_node_id", "this is no node id", *text,
                    "copy what sangam node init printed there: 64 hexadecimal digits",
                    ErrorKind::usage);
    const auto invitation = call.context.membership->admit(*node);
    if (!invitation) return std::unexpected(invitation.error());
    boost::json::object document;
    document["admitted"] = node->hex();
    document["invitation"] = *invitation;
    return Reply(std::move(document));
}

}  // namespace sangam::node
