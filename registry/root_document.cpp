// SPDX-License-Identifier: Apache-2.0
#include "registry/root_document.hpp"

#include <algorithm>
#include <optional>

#include "protocol/cbor.hpp"
#include "registry/entry.hpp"
#include "registry/impl/fields.hpp"
#include "registry/impl/plain_text.hpp"
#include "registry/impl/tags.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t root_document_format = 1;
constexpr std::size_t max_origin_bytes = 200;
constexpr std::uint64_t min_expiry_s = 3;  // a third of it is fresh, in whole seconds
constexpr std::uint64_t max_expiry_s = 10ull * 365 * 24 * 3600;

std::unexpected<Error> bad_root_document(std::string why) {
    return fail("bad_root", "a root document " + std::move(why), {},
                "ask the registry's operator for a new invitation");
}

Result<void> check_root_document(const RootDocument& d) {
    if (d.version == 0) return bad_root_document("has version 0");
    if (!impl::is_plain_line(d.name, 1, max_name_bytes))
        return bad_root_document("has no proper name");
    if (!is_key_name(d.origin) || d.origin.size() > max_origin_bytes)
        return bad_root_document("has an origin that cannot name a key");
    if (d.root_keys.empty() || d.root_keys.size() > max_root_keys)
        return bad_root_document("names " + std::to_string(d.root_keys.size()) + " root keys");
    if (std::ranges::adjacent_find(d.root_keys, std::greater_equal<>{}) != d.root_keys.end())
        return bad_root_document("names its root keys out of order or twice");
    if (d.threshold == 0 || d.threshold > d.root_keys.size())
        return bad_root_document("asks for " + std::to_string(d.threshold) + " of " +
                                 std::to_string(d.root_keys.size()) + " signatures");
    for (const PublicKey& key : d.root_keys)
        if (!is_valid_public_key(key)) return bad_root_document("names a root key of small order");
    if (!is_valid_public_key(d.log_key) || !is_valid_public_key(d.freshness_key))
        return bad_root_document("names a log or freshness key of small order");
    if (d.log_key == d.freshness_key)
        return bad_root_document("uses one key as log key and freshness key");
    if (d.expiry_s < min_expiry_s || d.expiry_s > max_expiry_s)
        return bad_root_document("has an expiry of " + std::to_string(d.expiry_s) + " s");
    return {};
}

Result<void> check_threshold(const SignedRoot& root, const RootDocument& authority) {
    const std::size_t valid = root.count_valid(authority);
    if (valid < authority.threshold)
        return fail("wrong_threshold",
                    "version " + std::to_string(root.document.version) +
                        " of the root document is signed by " + std::to_string(valid) +
                        " of the root keys of version " + std::to_string(authority.version) +
                        ", which asks for " + std::to_string(authority.threshold),
                    authority.origin, "do not trust it; ask the registry's operator",
                    ErrorKind::refused);
    return {};
}

}  // namespace

Bytes RootDocument::encode() const {
    cbor::Writer out;
    out.array(2);
    out.unsigned_int(root_document_format);
    out.map(9);
    out.unsigned_int(1);
    out.unsigned_int(version);
    out.unsigned_int(2);
    out.text(name);
    out.unsigned_int(3);
    out.text(origin);
    out.unsigned_int(4);
    out.array(root_keys.size());
    for (const PublicKey& key : root_keys) out.bytes(key.view());
    out.unsigned_int(5);
    out.unsigned_int(threshold);
    out.unsigned_int(6);
    out.bytes(log_key.view());
    out.unsigned_int(7);
    out.bytes(freshness_key.view());
    out.unsigned_int(8);
    out.unsigned_int(expiry_s);
    out.unsigned_int(9);
    out.unsigned_int(static_cast<std::uint64_t>(issued.count()));
    return out.take();
}

Result<RootDocument> RootDocument::decode(ByteView bytes) {
    if (bytes.size() > max_root_document_bytes) return bad_root_document("is too long");
    cbor::Reader in(bytes);
    RootDocument d;
    if (in.array() != 2) in.set_failed("not [format, fields]");
    if (const auto number = in.unsigned_int(); !in.failed() && number != root_document_format)
        return impl::needs_upgrade("root document format " + std::to_string(number));
    impl::Seen seen;
    const auto unknown = impl::read_fields(in, impl::Unknown::refuse, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                d.version = in.unsigned_int();
                break;
            case 2:
                d.name = in.text();
                break;
            case 3:
                d.origin = in.text();
                break;
            case 4: {
                const std::size_t count = in.array();
                for (std::size_t i = 0; i < count && !in.failed(); ++i)
                    d.root_keys.push_back(in.fixed<PublicKey>());
                break;
            }
            case 5: {
                const auto threshold = in.unsigned_int();
                if (threshold > max_root_keys) in.set_failed("threshold out of range");
                d.threshold = static_cast<std::uint32_t>(threshold);
                break;
            }
            case 6:
                d.log_key = in.fixed<PublicKey>();
                break;
            case 7:
                d.freshness_key = in.fixed<PublicKey>();
                break;
            case 8:
                d.expiry_s = in.unsigned_int();
                break;
            case 9: {
                const auto issued = in.unsigned_int();
                if (issued >> 48 != 0) in.set_failed("time out of range");
                d.issued = Millis(static_cast<std::int64_t>(issued));
                break;
            }
            default:
                return false;
        }
        seen.add(key);
        return true;
    });
    if (auto done = in.finish(); !done)
        return bad_root_document("does not decode: " + done.error().message);
    if (unknown != 0) return impl::needs_upgrade("root document field " + std::to_string(unknown));
    if (!seen.has_first(9)) return bad_root_document("lacks a field");
    if (auto ok = check_root_document(d); !ok) return std::unexpected(ok.error());
    return d;
}

CheckpointKeys RootDocument::keys() const {
    return checkpoint_keys(origin, log_key, freshness_key);
}

SignedRoot SignedRoot::make(const RootDocument& document) {
    return {document, document.encode(), {}};
}

void SignedRoot::sign(const SigningKey& key) {
    const By by{key.public_key(), key.sign(tag::root_signature, body)};
    const auto at = std::ranges::lower_bound(signatures, by.key, {}, &By::key);
    if (at != signatures.end() && at->key == by.key)
        *at = by;
    else
        signatures.insert(at, by);
}

std::size_t SignedRoot::count_valid(const RootDocument& authority) const {
    // Signatures are ascending by key, so no key counts twice.
    return static_cast<std::size_t>(std::ranges::count_if(signatures, [&](const By& by) {
        return std::ranges::binary_search(authority.root_keys, by.key) &&
               verify_signature(by.key, tag::root_signature, body, by.signature);
    }));
}

Hash SignedRoot::hash() const { return tagged_hash(tag::root_hash, {body}); }

Bytes SignedRoot::encode() const {
    cbor::Writer out;
    out.array(3);
    out.unsigned_int(root_document_format);
    out.bytes(body);
    out.array(signatures.size());
    for (const By& by : signatures) {
        out.array(2);
        out.bytes(by.key.view());
        out.bytes(by.signature.view());
    }
    return out.take();
}

Result<SignedRoot> SignedRoot::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    SignedRoot out;
    if (in.array() != 3) in.set_failed("not [format, body, signatures]");
    if (const auto number = in.unsigned_int(); !in.failed() && number != root_document_format)
        return impl::needs_upgrade("signed root format " + std::to_string(number));
    const ByteView body = in.bytes();
    out.body.assign(body.begin(), body.end());
    const std::size_t count = in.array();
    // Rotation is signed by the old and the new keys.
    if (count > 2 * max_root_keys) in.set_failed("too many signatures");
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
        if (in.array() != 2) in.set_failed("not [key, signature]");
        By by;
        by.key = in.fixed<PublicKey>();
        by.signature = in.fixed<Signature>();
        if (!out.signatures.empty() && out.signatures.back().key >= by.key)
            in.set_failed("signatures not in order of their keys");
        out.signatures.push_back(by);
    }
    if (auto done = in.finish(); !done)
        return bad_root_document("does not decode: " + done.error().message);
    auto document = RootDocument::decode(out.body);
    if (!document) return std::unexpected(document.error());
    out.document = std::move(*document);
    return out;
}

Result<RootChain> RootChain::start(const SignedRoot& first) {
    if (first.document.version != 1)
        return bad_root_document("that is the first has not version 1");
    if (auto ok = check_root_document(first.document); !ok) return std::unexpected(ok.error());
    if (auto ok = check_threshold(first, first.document); !ok) return std::unexpected(ok.error());
    RootChain out;
    out.roots_.push_back(first);
    out.registry_id_ = first.hash();
    return out;
}

Result<void> RootChain::append(const SignedRoot& next) {
    const RootDocument& held = current();
    if (next.document.version != held.version + 1)
        return bad_root_document("has version " + std::to_string(next.document.version) +
                                 " after version " + std::to_string(held.version));
    if (next.document.origin != held.origin)
        return bad_root_document("changes the origin of the log");
    if (auto ok = check_threshold(next, held); !ok) return ok;
    if (auto ok = check_threshold(next, next.document); !ok) return ok;
    roots_.push_back(next);
    return {};
}

Bytes RootChain::encode() const {
    cbor::Writer out;
    out.array(1 + roots_.size());
    out.unsigned_int(root_document_format);
    for (const SignedRoot& root : roots_) out.bytes(root.encode());
    return out.take();
}

Result<RootChain> RootChain::verify_own(ByteView chain) {
    if (chain.size() > max_root_chain_bytes) return bad_root_document("chain is too long");
    cbor::Reader in(chain);
    const std::size_t count = in.array();
    if (count < 2) in.set_failed("no root document in it");
    if (const auto number = in.unsigned_int(); !in.failed() && number != root_document_format)
        return impl::needs_upgrade("root chain format " + std::to_string(number));
    std::optional<RootChain> out;
    for (std::size_t i = 1; i < count && !in.failed(); ++i) {
        const ByteView bytes = in.bytes();
        if (in.failed()) break;
        auto root = SignedRoot::decode(bytes);
        if (!root) return std::unexpected(root.error());
        if (!out) {
            auto first = start(*root);
            if (!first) return std::unexpected(first.error());
            out = std::move(*first);
        } else if (auto ok = out->append(*root); !ok) {
            return std::unexpected(ok.error());
        }
    }
    if (auto done = in.finish(); !done)
        return bad_root_document("chain does not decode: " + done.error().message);
    return std::move(*out);
}

Result<RootChain> RootChain::verify(ByteView chain, const Hash& registry_id) {
    auto out = verify_own(chain);
    if (out && out->registry_id() != registry_id)
        return fail("wrong_registry", "this is another registry than the invitation names",
                    out->registry_id().hex(),
                    "expected " + registry_id.hex() + "; check the address", ErrorKind::refused);
    return out;
}

}  // namespace sangam::registry
