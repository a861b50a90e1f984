// SPDX-License-Identifier: Apache-2.0
#include "storage/stored_changes.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <variant>

#include "storage/text_tokens.hpp"

namespace sangam::storage {

namespace {

/// Commits remembered by a loader before it starts afresh; bounds a scan of millions of records.
constexpr std::size_t max_remembered_commits = 4096;
/// Datasets that a node works with at a time; a manifest is at most 512 KiB, most are under 4.
constexpr std::size_t max_remembered_manifests = 128;

/// The texts of a value, by the places that conditions and hidden fields know them by: those of an
/// array stand at its path, those of an object below it.
void append_texts(const Path& path, const Value& value, std::map<Path, std::string>& out) {
    if (const auto* text = value.get_if<std::string>()) {
        if (text->empty()) return;
        auto& all = out[path];
        if (!all.empty()) all += '\n';
        all += *text;
    } else if (const auto* array = value.get_if<Value::Array>()) {
        for (const auto& item : *array) append_texts(path, item, out);
    } else if (const auto* map = value.get_if<Value::Map>()) {
        for (const auto& [name, item] : *map) append_texts(path.child(name), item, out);
    }
}

/// What a control entry's bytes say as a manifest; null for anything else. Nearly every decision
/// reads a dataset's manifest, which hardly ever changes, so what was read lately is remembered by
/// the hash of its bytes, for all stores of the process.
std::shared_ptr<const Manifest> read_manifest(ByteView encoded) {
    static std::mutex mutex;
    static std::map<Hash, std::shared_ptr<const Manifest>> remembered;
    const Hash hash = sha256(encoded);
    {
        const std::lock_guard lock(mutex);
        if (const auto it = remembered.find(hash); it != remembered.end()) return it->second;
    }
    auto control = SignedControl::decode(encoded);
    auto* manifest = control ? std::get_if<Manifest>(&control->entry.body) : nullptr;
    if (manifest == nullptr) return nullptr;
    auto out = std::make_shared<const Manifest>(std::move(*manifest));
    const std::lock_guard lock(mutex);
    if (remembered.size() >= max_remembered_manifests) remembered.clear();
    remembered.emplace(hash, out);
    return out;
}

}  // namespace

const ChangeLoader::Known& ChangeLoader::known(CommitId id) {
    if (const auto it = commits_.find(raw(id)); it != commits_.end()) return it->second;
    if (commits_.size() >= max_remembered_commits) commits_.clear();
    Known found;
    found.name = tables_.commit_name(id);
    auto lane = lanes_.find(raw(found.name.lane));
    if (lane == lanes_.end())
        lane = lanes_.emplace(raw(found.name.lane), tables_.lane(found.name.lane)).first;
    found.lane = lane->second.lane;
    found.institution = lane->second.institution;
    return commits_.emplace(raw(id), found).first->second;
}

Dot ChangeLoader::dot(CommitId id) {
    const auto& commit = known(id);
    return {commit.lane, commit.name.sequence};
}

const CommitName& ChangeLoader::name(CommitId id) { return known(id).name; }

StoredChange ChangeLoader::load(const ChangeRow& row) {
    auto change = Change::decode(row.body);
    if (!change) {
        const auto record = tables_.record(row.record);
        throw CorruptError("the change at position " + std::to_string(raw(row.position)) + " of " +
                           (record ? record_text(record->key) : std::string("a lost record")) +
                           " cannot be read (" + change.error().message +
                           "); run `sangam verify`, then fetch the record again");
    }
    const auto& commit = known(row.commit);
    return {row.position,    {commit.lane, commit.name.sequence},
            commit.name.hlc, commit.name.header_hash,
            row.hash,        std::move(*change),
            row.is_live,     commit.institution};
}

std::vector<StoredChange> ChangeLoader::of_record(RecordNumber number, bool only_live) {
    std::vector<StoredChange> out;
    for (const auto& row : tables_.changes_of_record(number, only_live)) out.push_back(load(row));
    sort_by_time(out);
    return out;
}

VersionVector version_of(std::span<const StoredChange> changes) {
    VersionVector out;
    for (const auto& change : changes) {
        out.add(change.dot);
        out.merge(change.change.context);
    }
    return out;
}

void sort_by_time(std::vector<StoredChange>& changes) {
    std::ranges::sort(changes, [](const StoredChange& a, const StoredChange& b) {
        return a.hlc != b.hlc ? a.hlc < b.hlc : a.dot.lane < b.dot.lane;
    });
}

Manifest manifest_of(const Tables& tables, const DatasetRow& dataset) {
    const auto row =
        tables.control_entry(dataset.id, std::string(chain_for_all), dataset.manifest_number);
    if (row)
        if (const auto manifest = read_manifest(row->encoded)) return *manifest;
    throw CorruptError("the manifest of dataset " + dataset.uid.hex() +
                       " cannot be read; run `sangam verify`");
}

DatasetInfo info_of(const Tables& tables, const DatasetRow& row) {
    return {row.uid,           row.holding,       manifest_of(tables, row), row.manifest_number,
            row.manifest_hash, row.last_position, row.live_records};
}

Bytes pack_hashes(std::span<const Hash> hashes) {
    Bytes out;
    out.reserve(hashes.size() * Hash::size);
    for (const auto& hash : hashes) out.insert(out.end(), hash.bytes.begin(), hash.bytes.end());
    return out;
}

std::optional<std::vector<Hash>> unpack_hashes(ByteView bytes) {
    if (bytes.size() % Hash::size != 0) return std::nullopt;
    std::vector<Hash> out(bytes.size() / Hash::size);
    for (std::size_t i = 0; i < out.size(); ++i)
        std::ranges::copy(bytes.subspan(i * Hash::size, Hash::size), out[i].bytes.begin());
    return out;
}

merkle::PartialTree tree_of(const VerifiedPart& part) {
    merkle::PartialTree tree;
    tree.tree_size = part.header().count;
    tree.indices = part.part().indices;
    for (const auto& hash : part.change_hashes())
        tree.leaf_hashes.push_back(merkle::leaf_hash(hash.bytes));
    tree.proof = part.part().proof;
    return tree;
}

merkle::PartialTree held_tree(const Tables& tables, CommitId id, std::uint32_t count) {
    merkle::PartialTree out;
    out.tree_size = count;
    for (const auto& leaf : tables.leaves_of_commit(id)) {
        out.indices.push_back(leaf.index);
        out.leaf_hashes.push_back(merkle::leaf_hash(leaf.change_hash.bytes));
    }
    auto proof = unpack_hashes(tables.commit(id).proof);
    const bool fits = proof && !out.indices.empty() && out.indices.back() < count &&
                      proof->size() == merkle::multiproof_size(count, out.indices);
    if (!fits)
        throw CorruptError("the proof of commit number " + std::to_string(raw(id)) +
                           " does not fit its changes; run `sangam verify`");
    out.proof = std::move(*proof);
    return out;
}

std::vector<IndexedField> indexed_fields(const Projection& projection) {
    std::vector<IndexedField> out;
    if (projection.is_deleted) return out;
    for (const auto& field : projection.fields) {
        if (field.path.is_reserved()) continue;
        std::map<Path, std::string> texts;
        if (!field.is_element)
            append_texts(field.path, field.value, texts);
        else if (!field.path.names.back().empty())
            texts.emplace(field.path, field.path.names.back());
        for (const auto& [path, text] : texts) out.push_back({path, without_separators(text)});
    }
    return out;
}

std::string record_text(const RecordKey& key) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out = key.collection + "/";
    for (const char c : key.id) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '%' || c == '/' || byte < 0x20 || byte == 0x7f) {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    return out;
}

CommitPart part_of(const Tables& tables, CommitId id, const std::vector<ChangeRow>& rows) {
    CommitPart part;
    auto header = SignedHeader::decode(tables.commit(id).signed_header);
    if (!header)
        throw CorruptError("the header of commit number " + std::to_string(raw(id)) +
                           " cannot be read; run `sangam verify`");
    part.signed_header = std::move(*header);
    for (const auto& row : rows) {
        auto change = Change::decode(row.body);
        if (!change)
            throw CorruptError("the change at position " + std::to_string(raw(row.position)) +
                               " cannot be read; run `sangam verify`");
        part.indices.push_back(row.index);
        part.changes.push_back(std::move(*change));
    }
    const auto held = held_tree(tables, id, part.signed_header.header.count);
    part.proof = merkle::narrow(held, part.indices).proof;
    return part;
}

}  // namespace sangam::storage
