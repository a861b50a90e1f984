// SPDX-License-Identifier: Apache-2.0
// The registry's HTTP interface as a function of request and service; the node module serves it.
// All answers are signed or public, so plain HTTP does.
//
//   GET  /checkpoint                     the signed note
//   GET  /tile/…, /tile/entries/…        C2SP tlog-tiles
//   GET  /root                           all root documents, CBOR
//   GET  /documents/<hex>                a node's signed document
//   GET  /api/v1/directory?from=N        what follows N entries, one chunk (encode_update)
//   GET  /api/v1/enrolment?node=<hex>    EnrolmentReply
//   POST /api/v1/enrol                   EnrolRequest   -> EnrolmentReply
//   POST /api/v1/admit                   AdmitRequest   -> EnrolmentReply
//   POST /api/v1/revoke                  RevokeRequest  -> EnrolmentReply
//   POST /api/v1/document                SignedDocument -> empty
// Errors: a CBOR map {"error":{"code","message","subject","fix","kind"}} with a 4xx status.
#pragma once

#include <string>

#include "registry/service.hpp"

namespace sangam::registry {

/// Larger request bodies are refused before they are read; the node passes it to its HTTP parser.
inline constexpr std::size_t max_request_body_bytes = 64 * 1024;
/// A reply to /api/v1/directory stays about this small.
inline constexpr std::size_t max_directory_reply_bytes = 2 * 1024 * 1024;

struct HttpRequest {
    std::string method;  ///< "GET", "HEAD" or "POST"
    std::string target;  ///< path and query, as in the request line
    Bytes body;
};
struct HttpResponse {
    unsigned status = 200;
    std::string content_type;
    std::string cache_control;
    Bytes body;
};
struct HttpAnswer {
    HttpResponse response;
    Effects effects;  ///< to be made durable before the response is sent
};

[[nodiscard]] HttpAnswer handle(Service& service, const HttpRequest& request, Millis now);

/// A chunk of the directory in deterministic CBOR.
[[nodiscard]] Bytes encode_update(const messages::DirectoryUpdate& update);
[[nodiscard]] Result<messages::DirectoryUpdate> decode_update(ByteView bytes);

}  // namespace sangam::registry
