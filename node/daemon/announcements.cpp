// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/announcements.hpp"

#include "protocol/cbor.hpp"

namespace sangam::node {
namespace {

constexpr std::uint64_t announcements_format = 1;

/// Still news: of a current node, and newer than what the verified directory holds of it.
bool is_news(const registry::NodeDocument& document, const registry::Directory& directory) {
    const auto* node = directory.node(document.node);
    if (node == nullptr || node->revoked) return false;
    const auto* held = directory.document(document.node);
    return held == nullptr || document.version > held->version;
}

}  // namespace

bool Announcements::take(ByteView encoded, const registry::Directory& directory) {
    auto document = registry::SignedDocument::decode(encoded);
    if (!document) return false;
    const auto& said = document->document;
    if (said.registry_id != directory.registry_id() || !is_news(said, directory)) return false;
    const auto held = documents_.find(said.node);
    if (held != documents_.end() && held->second.document.version >= said.version) return false;
    if (!document->is_signed_by(directory.node(said.node)->key)) return false;
    const NodeId node = said.node;
    documents_.insert_or_assign(node, std::move(*document));
    return true;
}

bool Announcements::prune(const registry::Directory& directory) {
    return std::erase_if(documents_, [&](const auto& held) {
               return !is_news(held.second.document, directory);
           }) > 0;
}

const registry::SignedDocument* Announcements::of(const NodeId& node) const {
    const auto found = documents_.find(node);
    return found == documents_.end() ? nullptr : &found->second;
}

std::vector<Bytes> Announcements::documents() const {
    std::vector<Bytes> out;
    for (const auto& [node, document] : documents_) out.push_back(document.encode());
    return out;
}

Bytes Announcements::encode() const {
    cbor::Writer out;
    out.array(1 + documents_.size());
    out.unsigned_int(announcements_format);
    for (const auto& [node, document] : documents_) out.bytes(document.encode());
    return out.take();
}

Announcements Announcements::decode(ByteView bytes, const registry::Directory& directory) {
    Announcements out;
    cbor::Reader in(bytes);
    const auto count = in.array();
    if (in.unsigned_int() != announcements_format) return out;
    for (std::uint64_t i = 1; i < count && !in.failed(); ++i) out.take(in.bytes(), directory);
    if (!in.finish()) return {};
    return out;
}

}  // namespace sangam::node
