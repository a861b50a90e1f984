// SPDX-License-Identifier: Apache-2.0
#include "node/service/tokens.hpp"

#include <boost/json/array.hpp>

#include "node/service/verbs.hpp"
#include "protocol/cbor.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

constexpr const char* document_kind = "token";
constexpr std::uint64_t tokens_format = 1;
/// In front of the secret, so that a token that leaked is recognised for what it is.
constexpr std::string_view prefix = "sangam-token:";
constexpr std::size_t max_name_bytes_of_token = 100;
/// What is forgotten about stops working by itself.
constexpr std::chrono::seconds default_validity = std::chrono::days(90);
constexpr std::chrono::seconds max_validity = std::chrono::days(100 * 365);

}  // namespace

Bytes Token::encode() const {
    cbor::Writer out;
    out.array(5);
    out.unsigned_int(tokens_format);
    out.text(to_text(role));
    out.bytes(hash.view());
    out.integer(created.count());
    out.integer(expires.count());
    return out.take();
}

Result<Token> Token::decode(const std::string& name, ByteView bytes) {
    cbor::Reader in(bytes);
    Token out;
    out.name = name;
    if (in.array() != 5 || in.unsigned_int() != tokens_format)
        in.set_failed("unknown token format");
    const auto role = role_from_text(in.text());
    if (!role) in.set_failed("unknown role");
    out.hash = in.fixed<Hash>();
    out.created = Millis(in.integer());
    out.expires = Millis(in.integer());
    if (auto end = in.finish(); !end) return std::unexpected(end.error());
    out.role = *role;
    return out;
}

std::optional<Token> find_token(const storage::Reader& reader, std::string_view secret,
                                Millis now) {
    const auto hash = sha256(as_bytes(secret));
    for (const auto& [name, bytes] : reader.documents(document_kind)) {
        auto token = Token::decode(name, bytes);
        if (!token || token->hash != hash) continue;
        if (token->expires.count() != 0 && token->expires <= now) return std::nullopt;
        return std::move(*token);
    }
    return std::nullopt;
}

Result<Reply> add_token(Call& call) {
    const auto body = call.body({"name", "role", "valid_s"});
    if (!body) return std::unexpected(body.error());
    Token token;
    auto name = required_text(*body, "name");
    if (!name) return std::unexpected(name.error());
    if (name->size() > max_name_bytes_of_token)
        return fail("bad_name", "a token's name has at most 100 bytes", *name,
                    "give --name a shorter one, such as who uses it", ErrorKind::usage);
    token.name = std::move(*name);
    const auto role_text = required_text(*body, "role");
    if (!role_text) return std::unexpected(role_text.error());
    const auto role = role_from_text(*role_text);
    if (!role)
        return fail("unknown_role", "there is no such role", *role_text,
                    "the roles are admin, curator and researcher", ErrorKind::usage);
    token.role = *role;
    token.created = call.now;
    std::chrono::seconds valid = default_validity;
    if (const auto* seconds = body->if_contains("valid_s")) {
        if (!seconds->is_int64() || seconds->get_int64() <= 0 ||
            seconds->get_int64() > max_validity.count())
            return fail("bad_validity",
                        "`valid_s` must be a number of seconds from 1 to " +
                            std::to_string(max_validity.count()),
                        {}, {}, ErrorKind::usage);
        valid = std::chrono::seconds(seconds->get_int64());
    }
    token.expires = call.now + valid;
    if (call.reader()->document(document_kind, token.name))
        return fail("name_taken", "there is a token of this name", token.name,
                    "revoke it first, or take another name", ErrorKind::refused);
    const auto secret = std::string(prefix) + call.context.random->draw<Hash>().hex();
    token.hash = sha256(as_bytes(secret));
    call.context.store->put_document(document_kind, token.name, token.encode());
    json::object document;
    document["token"] = secret;
    document["name"] = token.name;
    document["role"] = to_text(token.role);
    document["expires"] = time_or_null(token.expires);
    return Reply(std::move(document));
}

Result<Reply> list_tokens(Call& call) {
    json::array tokens;
    for (const auto& [name, bytes] : call.reader()->documents(document_kind)) {
        const auto token = Token::decode(name, bytes);
        json::object entry;
        entry["name"] = name;
        if (token) {
            const bool has_expired = token->expires.count() != 0 && token->expires <= call.now;
            entry["role"] = to_text(token->role);
            entry["created"] = time_or_null(token->created);
            entry["expires"] = time_or_null(token->expires);
            entry["state"] = has_expired ? "expired" : "valid";
        } else {
            entry["state"] = "unreadable: " + token.error().message;
        }
        tokens.push_back(std::move(entry));
    }
    json::object document;
    document["tokens"] = std::move(tokens);
    return Reply(std::move(document));
}

Result<Reply> revoke_token(Call& call) {
    const auto& name = call.arguments[0];
    if (!call.reader()->document(document_kind, name))
        return fail("no_such_token", "there is no token of this name", name,
                    "sangam token list shows them", ErrorKind::not_found);
    call.context.store->remove_document(document_kind, name);
    json::object document;
    document["revoked"] = name;
    return Reply(std::move(document));
}

}  // namespace sangam::node
