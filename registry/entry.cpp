// SPDX-License-Identifier: Apache-2.0
#include "registry/entry.hpp"

#include "protocol/cbor.hpp"
#include "registry/impl/fields.hpp"
#include "registry/impl/plain_text.hpp"
#include "registry/impl/tags.hpp"
#include "registry/log.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t entry_format = 1;
constexpr std::size_t max_handle_bytes = 32;
constexpr std::size_t max_wiews_bytes = 16;
constexpr std::size_t max_ror_bytes = 100;

/// Numbers on disk; never reused. From impl::first_optional_key on a reader may skip a kind.
enum Kind : std::uint64_t {
    institution_admitted = 1,
    node_added = 2,
    document_updated = 3,
    node_revoked = 4,
    institution_revoked = 5,
};

struct KindOf {
    std::uint64_t operator()(const InstitutionAdmitted&) const { return institution_admitted; }
    std::uint64_t operator()(const NodeAdded&) const { return node_added; }
    std::uint64_t operator()(const DocumentUpdated&) const { return document_updated; }
    std::uint64_t operator()(const NodeRevoked&) const { return node_revoked; }
    std::uint64_t operator()(const InstitutionRevoked&) const { return institution_revoked; }
};

void write(cbor::Writer& out, const DocumentRef& document) {
    out.array(2);
    out.unsigned_int(document.version);
    out.bytes(document.hash.view());
}

void write(cbor::Writer& out, const Authority& by) {
    if (const auto* node = std::get_if<ByNode>(&by)) {
        out.array(2);
        out.bytes(node->signer.view());
        out.bytes(node->signature.view());
    } else {
        out.array(0);
    }
}

struct WriteBody {
    cbor::Writer& out;
    void operator()(const InstitutionAdmitted& b) const {
        out.map(6);
        out.unsigned_int(1);
        out.bytes(b.first_node.view());
        out.unsigned_int(2);
        out.text(b.handle);
        out.unsigned_int(3);
        out.text(b.name);
        out.unsigned_int(4);
        out.text(b.wiews);
        out.unsigned_int(5);
        out.text(b.ror);
        out.unsigned_int(6);
        write(out, b.document);
    }
    void operator()(const NodeAdded& b) const {
        out.map(4);
        out.unsigned_int(1);
        out.bytes(b.node.view());
        out.unsigned_int(2);
        out.bytes(b.institution.view());
        out.unsigned_int(3);
        write(out, b.document);
        out.unsigned_int(4);
        write(out, b.by);
    }
    void operator()(const DocumentUpdated& b) const {
        out.map(2);
        out.unsigned_int(1);
        out.bytes(b.node.view());
        out.unsigned_int(2);
        write(out, b.document);
    }
    void operator()(const NodeRevoked& b) const {
        out.map(3);
        out.unsigned_int(1);
        out.bytes(b.node.view());
        out.unsigned_int(2);
        out.text(b.reason);
        out.unsigned_int(3);
        write(out, b.by);
    }
    void operator()(const InstitutionRevoked& b) const {
        out.map(2);
        out.unsigned_int(1);
        out.bytes(b.institution.view());
        out.unsigned_int(2);
        out.text(b.reason);
    }
};

DocumentRef read_document(cbor::Reader& in) {
    DocumentRef out;
    if (in.array() != 2) in.set_failed("not [version, hash]");
    out.version = in.unsigned_int();
    out.hash = in.fixed<Hash>();
    if (out.version == 0) in.set_failed("document version 0");
    return out;
}

Authority read_authority(cbor::Reader& in) {
    const std::size_t count = in.array();
    if (count == 0) return ByOperator{};
    if (count != 2) in.set_failed("not [] or [signer, signature]");
    ByNode out;
    out.signer = in.fixed<NodeId>();
    out.signature = in.fixed<Signature>();
    return out;
}

std::string read_line(cbor::Reader& in, std::size_t min, std::size_t max) {
    std::string out(in.text());
    if (!in.failed() && !impl::is_plain_line(out, min, max))
        in.set_failed("text that is no plain line of the allowed length");
    return out;
}

/// Reads a body's fields; `on_key` as in read_fields. Returns the first unknown mandatory key.
template <class OnKey>
std::uint64_t read_body(cbor::Reader& in, unsigned required, OnKey on_key) {
    impl::Seen seen;
    const auto unknown = impl::read_fields(in, impl::Unknown::refuse, [&](std::uint64_t key) {
        if (!on_key(key)) return false;
        seen.add(key);
        return true;
    });
    if (!in.failed() && !seen.has_first(required)) in.set_failed("a field is missing");
    return unknown;
}

std::uint64_t read(cbor::Reader& in, InstitutionAdmitted& b) {
    return read_body(in, 6, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                b.first_node = in.fixed<NodeId>();
                return true;
            case 2:
                b.handle = read_line(in, 1, max_handle_bytes);
                return true;
            case 3:
                b.name = read_line(in, 1, max_name_bytes);
                return true;
            case 4:
                b.wiews = read_line(in, 0, max_wiews_bytes);
                return true;
            case 5:
                b.ror = read_line(in, 0, max_ror_bytes);
                return true;
            case 6:
                b.document = read_document(in);
                return true;
            default:
                return false;
        }
    });
}
std::uint64_t read(cbor::Reader& in, NodeAdded& b) {
    return read_body(in, 4, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                b.node = in.fixed<NodeId>();
                return true;
            case 2:
                b.institution = in.fixed<InstitutionId>();
                return true;
            case 3:
                b.document = read_document(in);
                return true;
            case 4:
                b.by = read_authority(in);
                return true;
            default:
                return false;
        }
    });
}
std::uint64_t read(cbor::Reader& in, DocumentUpdated& b) {
    return read_body(in, 2, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                b.node = in.fixed<NodeId>();
                return true;
            case 2:
                b.document = read_document(in);
                return true;
            default:
                return false;
        }
    });
}
std::uint64_t read(cbor::Reader& in, NodeRevoked& b) {
    return read_body(in, 3, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                b.node = in.fixed<NodeId>();
                return true;
            case 2:
                b.reason = read_line(in, 1, max_reason_bytes);
                return true;
            case 3:
                b.by = read_authority(in);
                return true;
            default:
                return false;
        }
    });
}
std::uint64_t read(cbor::Reader& in, InstitutionRevoked& b) {
    return read_body(in, 2, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                b.institution = in.fixed<InstitutionId>();
                return true;
            case 2:
                b.reason = read_line(in, 1, max_reason_bytes);
                return true;
            default:
                return false;
        }
    });
}

Bytes admission_text(const Hash& registry_id, const InstitutionId& institution,
                     const NodeId& node) {
    cbor::Writer out;
    out.array(3);
    out.bytes(registry_id.view());
    out.bytes(institution.view());
    out.bytes(node.view());
    return out.take();
}

Bytes revocation_text(const Hash& registry_id, const NodeId& node, std::string_view reason) {
    cbor::Writer out;
    out.array(3);
    out.bytes(registry_id.view());
    out.bytes(node.view());
    out.text(reason);
    return out.take();
}

}  // namespace

Bytes Entry::encode() const {
    cbor::Writer out;
    out.array(4);
    out.unsigned_int(entry_format);
    out.unsigned_int(std::visit(KindOf{}, body));
    out.unsigned_int(static_cast<std::uint64_t>(time.count()));
    std::visit(WriteBody{out}, body);
    return out.take();
}

Result<Entry> Entry::decode(ByteView bytes) {
    const auto bad = [](std::string why) {
        return fail("bad_entry", "a log entry does not decode: " + std::move(why));
    };
    if (bytes.size() > max_entry_bytes) return bad("it is too long");
    cbor::Reader in(bytes);
    Entry out;
    const std::size_t parts = in.array();
    const std::uint64_t number = in.unsigned_int();
    if (!in.failed() && number != entry_format)
        return impl::needs_upgrade("log entry format " + std::to_string(number));
    if (parts != 4) in.set_failed("not [format, kind, time, fields]");
    const std::uint64_t kind_number = in.unsigned_int();
    const std::uint64_t time = in.unsigned_int();
    if (time >> 48 != 0) in.set_failed("time out of range");
    out.time = Millis(static_cast<std::int64_t>(time));
    std::uint64_t unknown = 0;
    const auto take = [&](auto b) {
        unknown = read(in, b);
        out.body = std::move(b);
    };
    bool known = true;
    if (!in.failed()) {
        switch (kind_number) {
            case institution_admitted:
                take(InstitutionAdmitted{});
                break;
            case node_added:
                take(NodeAdded{});
                break;
            case document_updated:
                take(DocumentUpdated{});
                break;
            case node_revoked:
                take(NodeRevoked{});
                break;
            case institution_revoked:
                take(InstitutionRevoked{});
                break;
            default:
                known = false;
                in.item();
        }
    }
    // An unknown key comes before what it may have made look wrong; garbage comes before both.
    if (unknown != 0 || !known) {
        if (auto done = in.finish(); !done && unknown == 0) return bad(done.error().message);
        if (!known && kind_number >= impl::first_optional_key)
            return fail("optional_entry", "a log entry of a kind that may be ignored",
                        std::to_string(kind_number));
        return impl::needs_upgrade("log entry kind " + std::to_string(kind_number) +
                                   (unknown != 0 ? ", field " + std::to_string(unknown) : ""));
    }
    if (auto done = in.finish(); !done) return bad(done.error().message);
    return out;
}

std::string_view Entry::kind() const {
    switch (std::visit(KindOf{}, body)) {
        case institution_admitted:
            return "institution_admitted";
        case node_added:
            return "node_added";
        case document_updated:
            return "document_updated";
        case node_revoked:
            return "node_revoked";
        default:
            return "institution_revoked";
    }
}

Signature sign_admission(const Hash& registry_id, const InstitutionId& institution,
                         const NodeId& node, const SigningKey& signer) {
    return signer.sign(tag::admission, admission_text(registry_id, institution, node));
}

bool verify_admission(const Hash& registry_id, const InstitutionId& institution, const NodeId& node,
                      const PublicKey& signer, const Signature& signature) {
    return verify_signature(signer, tag::admission, admission_text(registry_id, institution, node),
                            signature);
}

Signature sign_revocation(const Hash& registry_id, const NodeId& node, std::string_view reason,
                          const SigningKey& signer) {
    return signer.sign(tag::revocation, revocation_text(registry_id, node, reason));
}

bool verify_revocation(const Hash& registry_id, const NodeId& node, std::string_view reason,
                       const PublicKey& signer, const Signature& signature) {
    return verify_signature(signer, tag::revocation, revocation_text(registry_id, node, reason),
                            signature);
}

}  // namespace sangam::registry
