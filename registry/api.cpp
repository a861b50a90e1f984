// SPDX-License-Identifier: Apache-2.0
#include "registry/api.hpp"

#include <charconv>

#include "protocol/cbor.hpp"
#include "registry/tiles.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t api_format = 1;
constexpr const char* cbor_type = "application/cbor";
constexpr const char* octets_type = "application/octet-stream";
constexpr const char* note_type = "text/plain; charset=utf-8";
/// What is named by its hash or place in an append-only log never changes.
constexpr const char* for_ever = "public, max-age=31536000, immutable";
constexpr const char* not_at_all = "no-store";
/// tlog-tiles.md: a checkpoint is cached for a few seconds at most.
constexpr const char* briefly = "public, max-age=2";

/// Path and query of a request line.
struct Target {
    std::string_view path;
    std::string_view query;

    explicit Target(std::string_view target) {
        const auto mark = target.find('?');
        path = target.substr(0, mark);
        if (mark != std::string_view::npos) query = target.substr(mark + 1);
    }
    /// The value of the parameter, as written; no parameter of ours needs percent-encoding.
    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const {
        std::string_view rest = query;
        while (!rest.empty()) {
            const auto end = rest.find('&');
            const std::string_view pair = rest.substr(0, end);
            if (const auto equals = pair.find('=');
                equals != std::string_view::npos && pair.substr(0, equals) == name)
                return pair.substr(equals + 1);
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
        }
        return std::nullopt;
    }
};

unsigned status_of(const Error& error) {
    if (error.code == "too_often" || error.code == "too_many") return 429;
    switch (error.kind) {
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::refused:
            return 403;
        default:
            return 400;
    }
}

HttpResponse error_response(unsigned status, const Error& error) {
    Value::Map inner;
    inner["code"] = error.code;
    inner["message"] = error.message;
    inner["subject"] = error.subject;
    inner["fix"] = error.fix;
    inner["kind"] = static_cast<std::int64_t>(error.kind);
    Value::Map outer;
    outer["error"] = std::move(inner);
    return {status, cbor_type, not_at_all, Value(std::move(outer)).to_cbor()};
}

HttpResponse error_response(const Error& error) { return error_response(status_of(error), error); }

HttpResponse not_found(std::string_view path) {
    return error_response({ErrorKind::not_found, "not_found", "the registry has nothing here",
                           std::string(path.substr(0, 200)), ""});
}

HttpResponse ok(const char* type, const char* cache, Bytes body) {
    return {200, type, cache, std::move(body)};
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

HttpResponse get_directory(const Service& service, const Target& target) {
    std::uint64_t from = 0;
    const std::string_view text = target.parameter("from").value_or("");
    const auto [end, errc] = std::from_chars(text.data(), text.data() + text.size(), from);
    if (errc != std::errc{} || end != text.data() + text.size())
        return error_response({ErrorKind::usage, "bad_parameter",
                               "the directory is asked for from a number of entries on",
                               std::string(text.substr(0, 100)), "GET /api/v1/directory?from=0"});
    const auto update = service.update_from(from, max_directory_reply_bytes);
    if (!update) return error_response(update.error());
    return ok(cbor_type, briefly, encode_update(*update));
}

HttpResponse get_enrolment(const Service& service, const Target& target) {
    const auto node = NodeId::from_hex(target.parameter("node").value_or(""));
    if (!node)
        return error_response({ErrorKind::usage, "bad_parameter",
                               "an enrolment is asked for by a node id of 64 hexadecimal digits",
                               "", "GET /api/v1/enrolment?node=…"});
    return ok(cbor_type, not_at_all, service.enrolment(*node).encode());
}

HttpResponse answer_get(const Service& service, const Target& target) {
    if (target.path == "/checkpoint")
        return ok(note_type, briefly, bytes_of(service.checkpoint().note));
    if (target.path == "/root") return ok(cbor_type, briefly, service.roots().encode());
    if (target.path.starts_with("/tile/")) {
        const auto address = TileAddress::parse(target.path.substr(1));
        if (!address) return not_found(target.path);
        auto tile = encode_tile(service.log(), *address);
        return tile ? ok(octets_type, for_ever, std::move(*tile)) : not_found(target.path);
    }
    if (target.path.starts_with("/documents/")) {
        const auto hash = Hash::from_hex(target.path.substr(11));
        const Bytes* document = hash ? service.document(*hash) : nullptr;
        return document != nullptr ? ok(cbor_type, for_ever, *document) : not_found(target.path);
    }
    if (target.path == "/api/v1/directory") return get_directory(service, target);
    if (target.path == "/api/v1/enrolment") return get_enrolment(service, target);
    return not_found(target.path);
}

/// A request that was done, or why not, as an answer.
HttpAnswer answer(Result<Done<EnrolmentReply>> done) {
    if (!done) return {error_response(done.error()), {}};
    return {ok(cbor_type, not_at_all, done->value.encode()), std::move(done->effects)};
}

HttpAnswer answer_post(Service& service, const Target& target, ByteView body, Millis now) {
    if (target.path == "/api/v1/enrol") {
        const auto request = EnrolRequest::decode(body);
        return request ? answer(service.enrol(*request, now))
                       : HttpAnswer{error_response(request.error()), {}};
    }
    if (target.path == "/api/v1/admit") {
        const auto request = AdmitRequest::decode(body);
        return request ? answer(service.admit(*request, now))
                       : HttpAnswer{error_response(request.error()), {}};
    }
    if (target.path == "/api/v1/revoke") {
        const auto request = RevokeRequest::decode(body);
        return request ? answer(service.revoke_by_node(*request, now))
                       : HttpAnswer{error_response(request.error()), {}};
    }
    if (target.path == "/api/v1/document") {
        const auto document = SignedDocument::decode(body);
        if (!document) return {error_response(document.error()), {}};
        auto effects = service.publish(*document, now);
        if (!effects) return {error_response(effects.error()), {}};
        return {ok(cbor_type, not_at_all, {}), std::move(*effects)};
    }
    return {not_found(target.path), {}};
}

}  // namespace

HttpAnswer handle(Service& service, const HttpRequest& request, Millis now) {
    const Target target(request.target);
    if (request.method == "GET" || request.method == "HEAD")
        return {answer_get(service, target), {}};
    if (request.method != "POST")
        return {error_response(
                    405, {ErrorKind::usage, "bad_method", "the registry takes GET, HEAD and POST",
                          request.method.substr(0, 20), ""}),
                {}};
    if (request.body.size() > max_request_body_bytes)
        return {error_response(413, {ErrorKind::refused, "too_large",
                                     "a request to the registry is at most " +
                                         std::to_string(max_request_body_bytes) + " bytes",
                                     std::to_string(request.body.size()),
                                     "send what a node sends: an enrolment, or what is new of "
                                     "itself"}),
                {}};
    return answer_post(service, target, request.body, now);
}

Bytes encode_update(const messages::DirectoryUpdate& update) {
    cbor::Writer out;
    out.array(5);
    out.unsigned_int(api_format);
    out.unsigned_int(update.from_size);
    out.array(update.entries.size());
    for (const Bytes& entry : update.entries) out.bytes(entry);
    out.bytes(update.checkpoint);
    out.array(update.documents.size());
    for (const Bytes& document : update.documents) out.bytes(document);
    return out.take();
}

Result<messages::DirectoryUpdate> decode_update(ByteView bytes) {
    cbor::Reader in(bytes);
    messages::DirectoryUpdate out;
    const auto read_list = [&](std::vector<Bytes>& list) {
        const std::size_t count = in.array();
        for (std::size_t i = 0; i < count && !in.failed(); ++i) {
            const ByteView item = in.bytes();
            list.emplace_back(item.begin(), item.end());
        }
    };
    const std::size_t parts = in.array();
    if (in.unsigned_int() != api_format || parts != 5) in.set_failed("not an update of format 1");
    out.from_size = in.unsigned_int();
    read_list(out.entries);
    const ByteView checkpoint = in.bytes();
    out.checkpoint.assign(checkpoint.begin(), checkpoint.end());
    read_list(out.documents);
    if (auto done = in.finish(); !done)
        return fail("bad_reply",
                    "the registry's directory does not decode: " + done.error().message, {},
                    "check that the address is a registry's");
    return out;
}

}  // namespace sangam::registry
