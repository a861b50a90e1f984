// SPDX-License-Identifier: Apache-2.0
#include "registry/service_state.hpp"

#include "protocol/cbor.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t service_state_format = 1;

void write_time(cbor::Writer& out, Millis time) {
    out.unsigned_int(static_cast<std::uint64_t>(time.count()));
}

Millis read_time(cbor::Reader& in) {
    const auto time = in.unsigned_int();
    if (time >> 62 != 0) in.set_failed("time out of range");
    return Millis(static_cast<std::int64_t>(time));
}

/// Reads an array of [key, fields…] with strictly ascending keys into a map.
template <class Key, class Value, class ReadKey, class ReadValue>
void read_map(cbor::Reader& in, std::map<Key, Value>& out, std::size_t parts, ReadKey read_key,
              ReadValue read) {
    const std::size_t count = in.array();
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
        if (in.array() != parts) in.set_failed("wrong number of parts");
        const Key key = read_key();
        if (!out.empty() && !(out.rbegin()->first < key)) in.set_failed("keys not in order");
        Value value = read();
        if (!in.failed()) out.emplace(key, std::move(value));
    }
}

}  // namespace

Bytes ServiceState::encode() const {
    cbor::Writer out;
    out.array(4);
    out.unsigned_int(service_state_format);
    out.array(invitations.size());
    for (const auto& [token, i] : invitations) {
        out.array(9);
        out.bytes(token.view());
        out.text(i.handle);
        out.text(i.name);
        out.text(i.wiews);
        out.text(i.ror);
        write_time(out, i.expires);
        out.boolean(i.auto_approve);
        out.boolean(i.further_node);
        out.bytes(i.used_by ? i.used_by->view() : ByteView{});
    }
    out.array(pending.size());
    for (const auto& [node, p] : pending) {
        out.array(5);
        out.bytes(node.view());
        out.bytes(p.token.view());
        out.bytes(p.document.encode());
        write_time(out, p.since);
        out.boolean(p.approved);
    }
    out.array(expected.size());
    for (const auto& [key, e] : expected) {
        out.array(5);
        out.bytes(key.node.view());
        out.bytes(key.institution.view());
        out.bytes(e.by.signer.view());
        out.bytes(e.by.signature.view());
        write_time(out, e.since);
    }
    return out.take();
}

Result<ServiceState> ServiceState::decode(ByteView bytes) {
    const auto bad = [](std::string why) {
        return fail("bad_state", "the registry's state does not decode: " + std::move(why), {},
                    "restore service.cbor from the newest backup");
    };
    cbor::Reader in(bytes);
    ServiceState out;
    const std::size_t parts = in.array();
    if (const auto number = in.unsigned_int(); !in.failed() && number != service_state_format)
        return bad("it has format " + std::to_string(number));
    if (parts != 4) in.set_failed("wrong number of parts");
    read_map(
        in, out.invitations, 9, [&] { return in.fixed<Hash>(); },
        [&] {
            OpenInvitation i;
            i.handle = in.text();
            i.name = in.text();
            i.wiews = in.text();
            i.ror = in.text();
            i.expires = read_time(in);
            i.auto_approve = in.boolean();
            i.further_node = in.boolean();
            const ByteView used_by = in.bytes();
            if (!used_by.empty()) {
                const auto node = NodeId::from_bytes(used_by);
                if (node)
                    i.used_by = *node;
                else
                    in.set_failed("not a node id");
            }
            return i;
        });
    read_map(
        in, out.pending, 5, [&] { return in.fixed<NodeId>(); },
        [&] {
            PendingEnrolment p;
            p.token = in.fixed<Hash>();
            auto document = SignedDocument::decode(in.bytes());
            if (document)
                p.document = std::move(*document);
            else
                in.set_failed(document.error().message);
            p.since = read_time(in);
            p.approved = in.boolean();
            return p;
        });
    read_map(
        in, out.expected, 5,
        [&] {
            ExpectedKey key;
            key.node = in.fixed<NodeId>();
            key.institution = in.fixed<InstitutionId>();
            return key;
        },
        [&] {
            ExpectedNode e;
            e.by.signer = in.fixed<NodeId>();
            e.by.signature = in.fixed<Signature>();
            e.since = read_time(in);
            return e;
        });
    if (auto done = in.finish(); !done) return bad(done.error().message);
    return out;
}

}  // namespace sangam::registry
