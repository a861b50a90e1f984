// SPDX-License-Identifier: Apache-2.0
// The other side of api.hpp: requests for a node to send, and what the replies mean.
#pragma once

#include "registry/api.hpp"

namespace sangam::registry::client {

[[nodiscard]] HttpRequest get_roots();
[[nodiscard]] HttpRequest get_checkpoint();
[[nodiscard]] HttpRequest get_directory(std::uint64_t from_size);
[[nodiscard]] HttpRequest get_document(const Hash& hash);
[[nodiscard]] HttpRequest get_enrolment(const NodeId& node);
[[nodiscard]] HttpRequest get_tile(const std::string& tile_path);
[[nodiscard]] HttpRequest post_enrol(const EnrolRequest& request);
[[nodiscard]] HttpRequest post_admit(const AdmitRequest& request);
[[nodiscard]] HttpRequest post_revoke(const RevokeRequest& request);
[[nodiscard]] HttpRequest post_document(const SignedDocument& document);

/// Bodies larger than this are not read.
inline constexpr std::size_t max_reply_bytes = 8 * 1024 * 1024;

/// The body of a 200, or the error that the registry gave; "bad_reply" when it is neither (a
/// proxy's page, say).
[[nodiscard]] Result<Bytes> body_of(const HttpResponse& response);
[[nodiscard]] Result<messages::DirectoryUpdate> directory_update(const HttpResponse& response);
[[nodiscard]] Result<EnrolmentReply> enrolment(const HttpResponse& response);

}  // namespace sangam::registry::client
