// SPDX-License-Identifier: Apache-2.0
#include "protocol/commit.hpp"

#include <algorithm>

#include "protocol/cbor.hpp"
#include "protocol/tags.hpp"

namespace sangam {

namespace {

constexpr std::uint64_t commit_format = 1;  ///< of headers, signed headers and parts

std::string describe(const CommitHeader& header) {
    return "commit " + std::to_string(raw(header.sequence)) + " of lane " + header.lane.text();
}

/// What must hold between the fields of every header, whoever made it.
Result<void> check_header(const CommitHeader& header) {
    const auto bad = [&](std::string what) {
        return fail("bad_commit", std::move(what), describe(header));
    };
    if (raw(header.sequence) == 0) return bad("commits are numbered from 1");
    if (header.previous.is_zero() != (raw(header.sequence) == 1))
        return bad("the first commit of a lane, and no other, has no previous one");
    if (header.heads.size() > max_commit_heads) return bad("a commit names too many heads");
    for (std::size_t i = 0; i < header.heads.size(); ++i) {
        const auto& head = header.heads[i];
        if (raw(head.sequence) == 0 || head.lane == header.lane)
            return bad("a commit names a head of its own lane, or one without a commit");
        if (i > 0 && header.heads[i - 1].lane >= head.lane)
            return bad("a commit's heads are out of order or named twice");
    }
    if (header.count == 0 || header.count > max_commit_changes)
        return bad("a commit has no changes or more than " + std::to_string(max_commit_changes));
    return {};
}

/// A change cannot have seen its own commit or a later one of its lane.
Result<void> check_context(const Change& change, const CommitHeader& header) {
    if (change.context.at(header.lane) >= header.sequence)
        return fail("bad_context", "a change claims to have seen its own commit or a later one",
                    change.key.collection + "/" + change.key.id);
    return {};
}

/// SEMANTICS section 1: a commit holds at most one change for a record.
Result<void> check_distinct_records(const std::vector<Change>& changes) {
    std::vector<const RecordKey*> keys;
    keys.reserve(changes.size());
    for (const auto& change : changes) keys.push_back(&change.key);
    std::ranges::sort(keys, [](const auto* a, const auto* b) { return *a < *b; });
    const auto twice =
        std::ranges::adjacent_find(keys, [](const auto* a, const auto* b) { return *a == *b; });
    if (twice != keys.end())
        return fail("bad_commit", "two changes of one commit are to the same record",
                    (*twice)->collection + "/" + (*twice)->id);
    return {};
}

/// The bound on a commit's changes; hiding and opening fields may add to each.
bool are_within_bounds(std::size_t bytes, std::size_t leaves, std::uint32_t count) {
    return count == 1 || bytes <= max_commit_bytes + max_bytes_added_per_leaf * leaves;
}

void write_signed(cbor::Writer& writer, const SignedHeader& signed_header) {
    writer.array(4);
    writer.unsigned_int(commit_format);
    writer.bytes(signed_header.header.encode());
    writer.bytes(signed_header.key.bytes);
    writer.bytes(signed_header.signature.bytes);
}

/// Refuses a count of parts or a format number that is not `parts` and `format`.
void read_start(cbor::Reader& reader, std::size_t parts) {
    const std::size_t found = reader.array();
    if (reader.unsigned_int() != commit_format) reader.set_failed("an unknown format number");
    if (found != parts) reader.set_failed("a wrong number of parts");
}

std::vector<Hash> leaf_hashes_of(const std::vector<Hash>& change_hashes) {
    std::vector<Hash> out;
    out.reserve(change_hashes.size());
    for (const auto& hash : change_hashes) out.push_back(merkle::leaf_hash(hash.bytes));
    return out;
}

}  // namespace

Bytes CommitHeader::encode() const {
    cbor::Writer writer;
    writer.array(12);
    writer.unsigned_int(commit_format);
    writer.bytes(dataset.bytes);
    writer.bytes(lane.node.bytes);
    writer.unsigned_int(raw(lane.epoch));
    writer.unsigned_int(raw(sequence));
    writer.bytes(previous.bytes);
    writer.array(heads.size());
    for (const auto& head : heads) {
        writer.array(4);
        writer.bytes(head.lane.node.bytes);
        writer.unsigned_int(raw(head.lane.epoch));
        writer.unsigned_int(raw(head.sequence));
        writer.bytes(head.header_hash.bytes);
    }
    writer.unsigned_int(manifest_number);
    writer.bytes(manifest_hash.bytes);
    writer.unsigned_int(hlc.value);
    writer.unsigned_int(count);
    writer.bytes(root.bytes);
    return writer.take();
}

Result<CommitHeader> CommitHeader::decode(ByteView bytes) {
    cbor::Reader reader(bytes);
    CommitHeader out;
    read_start(reader, 12);
    out.dataset = reader.fixed<DatasetUid>();
    out.lane.node = reader.fixed<NodeId>();
    out.lane.epoch = Epoch{reader.unsigned_int()};
    out.sequence = Sequence{reader.unsigned_int()};
    out.previous = reader.fixed<Hash>();
    const std::size_t heads = reader.array();
    if (heads > max_commit_heads) reader.set_failed("a commit names too many heads");
    for (std::size_t i = 0; i < heads && !reader.failed(); ++i) {
        if (reader.array() != 4) reader.set_failed("a head has four parts");
        Head head;
        head.lane.node = reader.fixed<NodeId>();
        head.lane.epoch = Epoch{reader.unsigned_int()};
        head.sequence = Sequence{reader.unsigned_int()};
        head.header_hash = reader.fixed<Hash>();
        out.heads.push_back(head);
    }
    out.manifest_number = reader.unsigned_int();
    out.manifest_hash = reader.fixed<Hash>();
    out.hlc = Hlc{reader.unsigned_int()};
    const std::uint64_t count = reader.unsigned_int();
    if (count > max_commit_changes) reader.set_failed("a commit with too many changes");
    out.count = static_cast<std::uint32_t>(count);
    out.root = reader.fixed<Hash>();
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    if (auto ok = check_header(out); !ok) return std::unexpected(std::move(ok.error()));
    return out;
}

Hash CommitHeader::hash() const { return tagged_hash(tags::commit, {encode()}); }

SignedHeader SignedHeader::sign(const CommitHeader& header, const SigningKey& key) {
    return {header, key.public_key(), key.sign(tags::commit_signature, header.encode())};
}

bool SignedHeader::has_valid_signature() const {
    return verify_signature(key, tags::commit_signature, header.encode(), signature);
}

Bytes SignedHeader::encode() const {
    cbor::Writer writer;
    write_signed(writer, *this);
    return writer.take();
}

Result<SignedHeader> SignedHeader::decode(ByteView bytes) {
    cbor::Reader reader(bytes);
    SignedHeader out;
    read_start(reader, 4);
    const ByteView header_bytes = reader.bytes();
    out.key = reader.fixed<PublicKey>();
    out.signature = reader.fixed<Signature>();
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    auto decoded = CommitHeader::decode(header_bytes);
    if (!decoded) return std::unexpected(std::move(decoded.error()));
    out.header = std::move(*decoded);
    return out;
}

Bytes CommitPart::encode() const {
    cbor::Writer writer;
    writer.array(5);
    writer.unsigned_int(commit_format);
    writer.bytes(signed_header.encode());
    writer.array(indices.size());
    for (const auto index : indices) writer.unsigned_int(index);
    writer.array(changes.size());
    for (const auto& change : changes) writer.bytes(change.encode());
    writer.array(proof.size());
    for (const auto& hash : proof) writer.bytes(hash.bytes);
    return writer.take();
}

Result<CommitPart> CommitPart::decode(ByteView bytes) {
    cbor::Reader reader(bytes);
    CommitPart out;
    read_start(reader, 5);
    const ByteView header_bytes = reader.bytes();
    if (reader.failed()) return std::unexpected(reader.finish().error());
    auto decoded_header = SignedHeader::decode(header_bytes);
    if (!decoded_header) return std::unexpected(std::move(decoded_header.error()));
    out.signed_header = std::move(*decoded_header);
    const auto& header = out.signed_header.header;

    const std::size_t chosen = reader.array();
    if (chosen == 0 || chosen > header.count)
        reader.set_failed("a part with no changes or more than its commit");
    for (std::size_t i = 0; i < chosen && !reader.failed(); ++i) {
        const std::uint64_t index = reader.unsigned_int();
        if (index >= header.count || (i > 0 && index <= out.indices.back()))
            reader.set_failed("places of changes out of order or range");
        out.indices.push_back(static_cast<std::uint32_t>(index));
    }
    if (reader.array() != chosen) reader.set_failed("a part with as many changes as places");
    std::size_t change_bytes = 0;
    std::size_t leaves = 0;
    if (!reader.failed()) out.changes.reserve(chosen);  // the header bounds it
    for (std::size_t i = 0; i < chosen && !reader.failed(); ++i) {
        const ByteView encoded = reader.bytes();
        if (reader.failed()) break;
        auto change = Change::decode(encoded);
        if (!change) return std::unexpected(std::move(change.error()));
        change_bytes += encoded.size();
        leaves += change->leaf_count();
        out.changes.push_back(std::move(*change));
    }
    const std::size_t hashes = reader.array();
    if (!reader.failed() && hashes != merkle::multiproof_size(header.count, out.indices))
        reader.set_failed("a proof with too few or too many hashes");
    for (std::size_t i = 0; i < hashes && !reader.failed(); ++i)
        out.proof.push_back(reader.fixed<Hash>());
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    if (!are_within_bounds(change_bytes, leaves, header.count))
        return fail("bad_commit", "a commit is larger than 512 KiB", describe(header));
    return out;
}

Result<VerifiedPart> VerifiedPart::verify(
    CommitPart part, const std::function<bool(const NodeId&, const PublicKey&)>& may_sign) {
    const auto& header = part.signed_header.header;
    if (auto ok = check_header(header); !ok) return std::unexpected(std::move(ok.error()));
    if (part.changes.size() != part.indices.size())
        return fail("bad_commit", "a part with as many changes as places", describe(header));
    if (!may_sign(header.lane.node, part.signed_header.key))
        return fail(
            "bad_key",
            "the key under a commit may not sign for its node: key " + part.signed_header.key.hex(),
            describe(header), "the directory must name that key for the node", ErrorKind::refused);
    if (!part.signed_header.has_valid_signature())
        return fail("bad_signature", "the signature under a commit is not by its key",
                    describe(header));
    if (auto ok = check_distinct_records(part.changes); !ok)
        return std::unexpected(std::move(ok.error()));
    VerifiedPart out;
    out.hashes_.reserve(part.changes.size());
    for (const auto& change : part.changes) {
        if (auto ok = check_context(change, header); !ok)
            return std::unexpected(std::move(ok.error()));
        const auto hash = change.checked_hash(header.dataset, header.dot());
        if (!hash) return std::unexpected(hash.error());
        out.hashes_.push_back(*hash);
    }
    const auto bad_proof = [&] {
        // With one change it is known which one fails; else all that one proof is for.
        return fail("bad_proof", "changes and proof do not give the root that the author signed",
                    part.changes.size() == 1
                        ? part.changes.front().key.collection + "/" + part.changes.front().key.id
                        : describe(header));
    };
    for (std::size_t i = 1; i < out.hashes_.size(); ++i)
        if (out.hashes_[i - 1] >= out.hashes_[i]) return bad_proof();
    const auto root = merkle::root_from_multiproof(header.count, part.indices,
                                                   leaf_hashes_of(out.hashes_), part.proof);
    if (!root || *root != header.root) return bad_proof();
    out.header_hash_ = header.hash();
    out.part_ = std::move(part);
    return out;
}

Result<VerifiedPart> build_commit(CommitHeader header, std::vector<Change> changes,
                                  const SigningKey& key) {
    header.count = static_cast<std::uint32_t>(std::min<std::size_t>(
        changes.size(), std::size_t{max_commit_changes} + 1));  // one more is refused as too many
    if (auto ok = check_header(header); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = check_distinct_records(changes); !ok)
        return std::unexpected(std::move(ok.error()));
    std::size_t bytes = 0;
    std::vector<std::pair<Hash, std::size_t>> order;
    order.reserve(changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto& change = changes[i];
        if (!change.is_whole())
            return fail("bad_commit", "a commit is made of whole changes",
                        change.key.collection + "/" + change.key.id);
        if (auto ok = check_context(change, header); !ok)
            return std::unexpected(std::move(ok.error()));
        bytes += change.encoded_size();
        order.emplace_back(change.hash(header.dataset, header.dot()), i);
    }
    if (!are_within_bounds(bytes, 0, header.count))
        return fail("bad_commit", "a commit is larger than 512 KiB", describe(header),
                    "divide the changes among several commits");
    std::ranges::sort(order);
    VerifiedPart out;
    for (const auto& [hash, from] : order) {
        out.hashes_.push_back(hash);
        out.part_.indices.push_back(static_cast<std::uint32_t>(out.part_.indices.size()));
        out.part_.changes.push_back(std::move(changes[from]));
    }
    header.root = merkle::root(leaf_hashes_of(out.hashes_));
    out.header_hash_ = header.hash();
    out.part_.signed_header = SignedHeader::sign(header, key);
    return out;
}

}  // namespace sangam
