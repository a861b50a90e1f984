// SPDX-License-Identifier: Apache-2.0
#include "registry/invitation.hpp"

#include <algorithm>

#include "protocol/cbor.hpp"
#include "protocol/crypto.hpp"
#include "registry/impl/fields.hpp"
#include "registry/impl/tags.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t invitation_format = 1;
constexpr std::size_t checksum_bytes = 4;  // against typing and mail, not against malice
constexpr std::size_t max_url_bytes = 500;

/// base64url of RFC 4648 section 5 without padding, by way of the standard alphabet.
std::string to_url_text(ByteView bytes) {
    std::string out = to_base64(bytes);
    while (out.ends_with('=')) out.pop_back();
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    return out;
}

Result<Bytes> from_url_text(std::string text) {
    if (text.find_first_of("+/=") != std::string::npos)
        return fail("bad_base64", "not base64url without padding");
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    while (text.size() % 4 != 0) text.push_back('=');
    return from_base64(text);
}

std::unexpected<Error> damaged() {
    return fail("bad_invitation", "the invitation is cut short or damaged", {},
                "copy all of it, from sangam-invite: to the end", ErrorKind::usage);
}

}  // namespace

std::string Invitation::text() const {
    cbor::Writer out;
    out.array(2);
    out.unsigned_int(invitation_format);
    out.map(token.is_zero() ? 3 : 4);
    out.unsigned_int(1);
    out.text(url);
    out.unsigned_int(2);
    out.bytes(registry_id.view());
    out.unsigned_int(3);
    out.text(handle);
    if (!token.is_zero()) {
        out.unsigned_int(4);
        out.bytes(token.view());
    }
    Bytes bytes = out.take();
    const Hash sum = tagged_hash(tag::invitation, {bytes});
    bytes.insert(bytes.end(), sum.bytes.begin(), sum.bytes.begin() + checksum_bytes);
    return std::string(invitation_prefix) + to_url_text(bytes);
}

Result<Invitation> Invitation::parse(std::string_view text) {
    std::string compact;
    for (const char c : text)
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') compact.push_back(c);
    if (!compact.starts_with(invitation_prefix))
        return fail("bad_invitation", "this is no invitation", compact.substr(0, 40),
                    "an invitation begins with sangam-invite:", ErrorKind::usage);
    if (compact.size() > max_invitation_text) return damaged();
    const auto bytes = from_url_text(compact.substr(invitation_prefix.size()));
    if (!bytes || bytes->size() <= checksum_bytes) return damaged();
    const ByteView content = ByteView(*bytes).first(bytes->size() - checksum_bytes);
    const Hash sum = tagged_hash(tag::invitation, {content});
    if (!std::ranges::equal(ByteView(*bytes).last(checksum_bytes),
                            sum.view().first(checksum_bytes)))
        return damaged();
    cbor::Reader in(content);
    Invitation out;
    if (in.array() != 2) in.set_failed("not [format, fields]");
    if (const auto number = in.unsigned_int(); !in.failed() && number != invitation_format)
        return impl::needs_upgrade("invitation format " + std::to_string(number));
    impl::Seen seen;
    const auto unknown = impl::read_fields(in, impl::Unknown::refuse, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                out.url = in.text();
                break;
            case 2:
                out.registry_id = in.fixed<Hash>();
                break;
            case 3:
                out.handle = in.text();
                break;
            case 4:
                out.token = in.fixed<InviteToken>();
                break;
            default:
                return false;
        }
        seen.add(key);
        return true;
    });
    if (!in.finish() || !seen.has_first(3)) return damaged();
    if (unknown != 0) return impl::needs_upgrade("invitation field " + std::to_string(unknown));
    auto url = check_registry_url(out.url);
    if (!url) return std::unexpected(url.error());
    out.url = std::move(*url);
    return out;
}

Hash token_hash(const InviteToken& token) { return tagged_hash(tag::token, {token.view()}); }

Result<std::string> check_registry_url(std::string_view url) {
    const auto bad = [&](std::string why) {
        return fail("bad_url", "the registry's address " + why, std::string(url.substr(0, 200)),
                    "write http://HOST:PORT or https://HOST", ErrorKind::usage);
    };
    if (url.size() > max_url_bytes) return bad("is too long");
    std::string_view rest = url;
    if (rest.starts_with("http://"))
        rest.remove_prefix(7);
    else if (rest.starts_with("https://"))
        rest.remove_prefix(8);
    else
        return bad("does not begin with http:// or https://");
    if (std::ranges::any_of(rest, [](char c) {
            return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
        }))
        return bad("holds a character that must be escaped");
    if (rest.find_first_of("?#@\"<>\\") != std::string_view::npos)
        return bad("has a user, a query or a fragment");
    std::string out(url);
    while (out.ends_with('/')) out.pop_back();
    const std::string_view host = rest.substr(0, rest.find('/'));
    if (host.empty() || host.starts_with(':')) return bad("names no host");
    return out;
}

}  // namespace sangam::registry
