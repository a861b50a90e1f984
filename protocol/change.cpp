// SPDX-License-Identifier: Apache-2.0
#include "protocol/change.hpp"

#include "protocol/cbor.hpp"
#include "protocol/crypto.hpp"
#include "protocol/tags.hpp"

namespace sangam {

namespace {

constexpr std::uint64_t change_format =
    1;  ///< of what is hashed; the forms below are its encodings
constexpr std::uint64_t form_whole = 1;
constexpr std::uint64_t form_partial = 2;
constexpr std::uint64_t kind_put = 0;
constexpr std::uint64_t kind_removed = 1;

/// Scratch for the input of one hash: a change has a dozen, and none needs memory of its own.
cbor::Writer& this_threads_scratch() {
    thread_local cbor::Writer writer;
    writer.clear();
    return writer;
}

std::string describe(const RecordKey& key) { return key.collection + "/" + key.id; }

std::unexpected<Error> bad_change(std::string what, const RecordKey& key, std::string fix = {}) {
    return fail("bad_change", std::move(what), describe(key), std::move(fix));
}

Result<void> check_key(const RecordKey& key) {
    if (key.collection.empty() || key.id.empty())
        return bad_change("a record has an empty collection or id", key);
    if (key.collection.size() > max_name_bytes || key.id.size() > max_name_bytes)
        return fail("bad_change", "a record's collection or id is longer than " +
                                      std::to_string(max_name_bytes) + " bytes");
    if (!is_utf8(key.collection) || !is_utf8(key.id))
        return fail("bad_change", "a record's collection or id is not valid UTF-8");
    return {};
}

Result<void> check_path(const Path& path, const RecordKey& key) {
    if (path.names.empty()) return bad_change("a field path has no name", key);
    if (path.names.size() > max_path_names)
        return bad_change("a field path has more than " + std::to_string(max_path_names) + " names",
                          key);
    for (const auto& name : path.names) {
        if (name.size() > max_name_bytes)
            return bad_change("a name in a field path is longer than " +
                                  std::to_string(max_name_bytes) + " bytes",
                              key);
        if (!is_utf8(name)) return bad_change("a field path is not valid UTF-8", key);
    }
    return {};
}

/// Neighbours in path order: whatever lies between a path and one below it lies below it too, so
/// that looking at neighbours finds every pair.
Result<void> check_neighbours(const Path& before, const Path& after, const RecordKey& key) {
    if (before == after) return bad_change("a change writes field " + after.text() + " twice", key);
    if (after < before) return bad_change("a change's fields are out of order", key);
    if (after.is_at_or_below(before))
        return bad_change(
            "a change writes field " + before.text() + " and " + after.text() + " below it", key);
    return {};
}

std::size_t max_encoded_bytes(const Change& change) {
    return max_change_bytes +
           (change.is_whole() ? 0 : max_bytes_added_per_leaf * change.leaf_count());
}

void set_salts(Change& change) {
    const auto stream = salt_stream(*change.secret, change.fields.size() + 1);
    change.blind = stream.front();
    for (std::size_t i = 0; i < change.fields.size(); ++i) change.fields[i].salt = stream[i + 1];
}

/// [path, 0, value] or [path, 1], in an array that begins with the salt where there is one.
void write_field(cbor::Writer& writer, const FieldWrite& write, const Salt* salt) {
    writer.array((write.value ? 3u : 2u) + (salt != nullptr ? 1u : 0u));
    if (salt != nullptr) writer.bytes(salt->bytes);
    writer.path(write.path);
    writer.unsigned_int(write.value ? kind_put : kind_removed);
    if (write.value) writer.value(*write.value);
}

void write_change(cbor::Writer& writer, const Change& change) {
    writer.array(change.is_whole() ? 6 : 7);
    writer.unsigned_int(change.is_whole() ? form_whole : form_partial);
    writer.text(change.key.collection);
    writer.text(change.key.id);
    writer.version_vector(change.context);
    writer.bytes(change.is_whole() ? change.secret->view() : change.blind.view());
    writer.array(change.fields.size());
    for (const auto& field : change.fields)
        write_field(writer, field.write, change.is_whole() ? nullptr : &field.salt);
    if (change.is_whole()) return;
    writer.array(change.hidden_leaves.size());
    for (const auto& leaf : change.hidden_leaves) writer.bytes(leaf.bytes);
}

void read_field(cbor::Reader& reader, bool is_whole, OpenField& out) {
    const std::size_t parts = reader.array();
    if (!is_whole) out.salt = reader.fixed<Salt>();
    out.write.path = reader.path();
    const std::uint64_t kind = reader.unsigned_int();
    if (reader.failed()) return;
    if (kind > kind_removed) return reader.set_failed("a field is neither put nor removed");
    if (parts != (kind == kind_put ? 3u : 2u) + (is_whole ? 0u : 1u))
        return reader.set_failed("a field with a wrong number of parts");
    if (kind == kind_removed) return;
    const std::size_t start = reader.offset();
    out.write.value = reader.value();
    if (reader.offset() - start > max_value_bytes) reader.set_failed("a value beyond 1 MiB");
}

void append_big_endian(cbor::Writer& writer, std::uint64_t value) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    writer.raw(bytes);
}

/// All leaves of the change, open and hidden, ascending; valid until the next call in this thread.
const std::vector<Hash>& sorted_leaves(const Change& change) {
    thread_local std::vector<Hash> leaves;
    leaves.assign(change.hidden_leaves.begin(), change.hidden_leaves.end());
    for (const auto& field : change.fields) leaves.push_back(Change::leaf(field));
    std::ranges::sort(leaves);
    return leaves;
}

}  // namespace

Result<Change> Change::make(RecordKey key, VersionVector context, std::vector<FieldWrite> writes,
                            const ChangeSecret& secret) {
    if (auto ok = check_key(key); !ok) return std::unexpected(std::move(ok.error()));
    if (context.entries().size() > max_vector_lanes)
        return bad_change("a change's context names too many lanes", key);
    if (writes.empty()) return bad_change("a change writes no field", key);
    if (writes.size() > max_change_fields)
        return bad_change(
            "a change writes more than " + std::to_string(max_change_fields) + " fields", key,
            "write them in several edits");
    std::ranges::sort(writes, {}, &FieldWrite::path);
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto& write = writes[i];
        if (auto ok = check_path(write.path, key); !ok)
            return std::unexpected(std::move(ok.error()));
        if (i > 0)
            if (auto ok = check_neighbours(writes[i - 1].path, write.path, key); !ok)
                return std::unexpected(std::move(ok.error()));
        if (!write.value) continue;
        if (auto ok = write.value->validate(); !ok)
            return bad_change("field " + write.path.text() + ": " + ok.error().message, key);
        auto& scratch = this_threads_scratch();
        scratch.value(*write.value);
        if (scratch.data().size() > max_value_bytes)
            return bad_change(
                "field " + write.path.text() + ": a value is larger than 1 MiB, with its encoding",
                key, "keep what is larger elsewhere, and put its address here");
    }
    Change out;
    out.key = std::move(key);
    out.context = std::move(context);
    out.secret = secret;
    out.fields.reserve(writes.size());
    for (auto& write : writes) out.fields.push_back({std::move(write), {}});
    set_salts(out);
    if (out.encoded_size() > max_change_bytes)
        return bad_change("a change is larger than 4 MiB", out.key, "write it in several edits");
    return out;
}

const OpenField* Change::find(const Path& path) const {
    const auto it = std::ranges::lower_bound(
        fields, path, {}, [](const OpenField& f) -> const Path& { return f.write.path; });
    return it != fields.end() && it->write.path == path ? &*it : nullptr;
}

Hash Change::leaf(const OpenField& field) {
    auto& scratch = this_threads_scratch();
    scratch.raw(as_bytes(tags::leaf));
    scratch.raw(field.salt.bytes);
    write_field(scratch, field.write, nullptr);
    return sha256(scratch.data());
}

Hash Change::hash(const DatasetUid& dataset, const Dot& dot) const {
    return hash_over(dataset, dot, sorted_leaves(*this));
}

Result<Hash> Change::checked_hash(const DatasetUid& dataset, const Dot& dot) const {
    const auto& leaves = sorted_leaves(*this);
    if (std::ranges::adjacent_find(leaves) != leaves.end())
        return bad_change("two leaves of a change are equal", key);
    return hash_over(dataset, dot, leaves);
}

Hash Change::hash_over(const DatasetUid& dataset, const Dot& dot,
                       const std::vector<Hash>& leaves) const {
    auto& scratch = this_threads_scratch();
    scratch.raw(as_bytes(tags::change));
    scratch.raw(dataset.bytes);
    scratch.raw(dot.lane.node.bytes);
    append_big_endian(scratch, raw(dot.lane.epoch));
    append_big_endian(scratch, raw(dot.sequence));
    scratch.raw(blind.bytes);
    scratch.array(5);
    scratch.unsigned_int(change_format);
    scratch.text(key.collection);
    scratch.text(key.id);
    scratch.version_vector(context);
    scratch.unsigned_int(leaves.size());
    for (const auto& leaf : leaves) scratch.raw(leaf.bytes);
    return sha256(scratch.data());
}

Bytes Change::encode() const {
    cbor::Writer writer;
    write_change(writer, *this);
    return writer.take();
}

std::size_t Change::encoded_size() const {
    auto& scratch = this_threads_scratch();
    write_change(scratch, *this);
    return scratch.data().size();
}

Result<Change> Change::decode(ByteView bytes) {
    cbor::Reader reader(bytes);
    Change out;
    const std::size_t parts = reader.array();
    const std::uint64_t form = reader.unsigned_int();
    if (!reader.failed() && !(form == form_whole && parts == 6) &&
        !(form == form_partial && parts == 7))
        reader.set_failed("an unknown form of a change");
    const bool is_whole = form == form_whole;
    out.key.collection = reader.text();
    out.key.id = reader.text();
    out.context = reader.version_vector();
    if (is_whole)
        out.secret = reader.fixed<ChangeSecret>();
    else
        out.blind = reader.fixed<Salt>();
    const std::size_t open = reader.array();
    if (open > max_change_fields) reader.set_failed("a change with too many fields");
    if (!reader.failed()) out.fields.resize(open);
    for (std::size_t i = 0; i < open && !reader.failed(); ++i)
        read_field(reader, is_whole, out.fields[i]);
    if (!is_whole) {
        const std::size_t hidden = reader.array();
        if (open + hidden > max_change_fields) reader.set_failed("a change with too many fields");
        for (std::size_t i = 0; i < hidden && !reader.failed(); ++i) {
            out.hidden_leaves.push_back(reader.fixed<Hash>());
            if (i > 0 && out.hidden_leaves[i - 1] >= out.hidden_leaves[i])
                reader.set_failed("hidden leaves out of order or twice");
        }
    }
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    if (auto ok = check_key(out.key); !ok) return std::unexpected(std::move(ok.error()));
    if (out.leaf_count() == 0) return bad_change("a change writes no field", out.key);
    if (bytes.size() > max_encoded_bytes(out))
        return bad_change("a change is larger than 4 MiB", out.key, "write it in several edits");
    for (std::size_t i = 1; i < out.fields.size(); ++i)
        if (auto ok =
                check_neighbours(out.fields[i - 1].write.path, out.fields[i].write.path, out.key);
            !ok)
            return std::unexpected(std::move(ok.error()));
    if (is_whole) set_salts(out);
    return out;
}

}  // namespace sangam
