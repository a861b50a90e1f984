// SPDX-License-Identifier: Apache-2.0
#include "protocol/control.hpp"

#include <algorithm>

#include "protocol/cbor.hpp"
#include "protocol/tags.hpp"

namespace sangam {

namespace {

constexpr std::uint64_t control_format = 1;
constexpr std::uint64_t kind_manifest = 1;
constexpr std::uint64_t kind_grant = 2;
constexpr std::uint64_t kind_revocation = 3;

constexpr std::string_view institution_prefix = "institution/";
constexpr std::string_view group_prefix = "group/";
constexpr std::string_view members_chain = "members";
constexpr std::string_view public_chain = "public";

std::unexpected<Error> bad_entry(std::string what, std::string subject = {}) {
    return fail("bad_control", std::move(what), std::move(subject));
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Names of datasets and groups: shown, typed and part of a chain's name.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= max_name_bytes && is_utf8(text) &&
           !has_control_character(text) && text.find('/') == std::string_view::npos;
}

bool is_bounded_text(std::string_view text) {
    return text.size() <= max_control_text_bytes && is_utf8(text);
}

/// Canonical order of text keys in CBOR: the shorter first, then bytewise.
bool member_before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

template <class Value, class Write>
void write_map(cbor::Writer& writer, const std::map<std::string, Value>& map, Write write) {
    std::vector<const std::pair<const std::string, Value>*> entries;
    for (const auto& entry : map) entries.push_back(&entry);
    std::ranges::sort(
        entries, [](const auto* a, const auto* b) { return member_before(a->first, b->first); });
    writer.map(entries.size());
    for (const auto* entry : entries) {
        writer.text(entry->first);
        write(entry->second);
    }
}

template <class Value, class Read>
void read_map(cbor::Reader& reader, std::map<std::string, Value>& out, Read read) {
    const std::size_t count = reader.map();
    std::string previous;
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        std::string key(reader.text());
        if (i > 0 && !member_before(previous, key))
            reader.set_failed("map keys out of order or twice");
        out[key] = read();
        previous = std::move(key);
    }
}

/// Reads the next key of a map that has exactly these keys.
void expect_key(cbor::Reader& reader, std::string_view key) {
    if (reader.text() != key) reader.set_failed("expected the key " + std::string(key));
}

void expect_map(cbor::Reader& reader, std::size_t count) {
    if (reader.map() != count) reader.set_failed("a map with missing or unknown keys");
}

// --- bodies: maps with text keys, all of which are there, in canonical order ---------------

void write_schema(cbor::Writer& writer, const Schema& schema) {
    writer.map(4);
    writer.text("types");
    write_map(writer, schema.types, [&](const std::string& type) { writer.text(type); });
    writer.text("groups");
    write_map(writer, schema.groups, [&](const std::vector<std::string>& fields) {
        writer.array(fields.size());
        for (const auto& field : fields) writer.text(field);
    });
    writer.text("defaults");
    writer.unsigned_int(schema.defaults);
    writer.text("strategies");
    write_map(writer, schema.strategies, [&](const std::string& name) { writer.text(name); });
}

Schema read_schema(cbor::Reader& reader) {
    Schema out;
    expect_map(reader, 4);
    expect_key(reader, "types");
    read_map(reader, out.types, [&] { return std::string(reader.text()); });
    expect_key(reader, "groups");
    read_map(reader, out.groups, [&] {
        std::vector<std::string> fields;
        const std::size_t count = reader.array();
        for (std::size_t i = 0; i < count && !reader.failed(); ++i)
            fields.emplace_back(reader.text());
        return fields;
    });
    expect_key(reader, "defaults");
    const std::uint64_t defaults = reader.unsigned_int();
    if (defaults > 0xffffffff) reader.set_failed("a number of defaults beyond 32 bits");
    out.defaults = static_cast<std::uint32_t>(defaults);
    expect_key(reader, "strategies");
    read_map(reader, out.strategies, [&] { return std::string(reader.text()); });
    return out;
}

void write_body(cbor::Writer& writer, const Manifest& manifest) {
    writer.unsigned_int(kind_manifest);
    writer.map(8);
    writer.text("cuts");
    writer.array(manifest.cuts.size());
    for (const auto& cut : manifest.cuts) {
        writer.array(4);
        writer.bytes(cut.lane.node.bytes);
        writer.unsigned_int(raw(cut.lane.epoch));
        writer.unsigned_int(raw(cut.last));
        writer.bytes(cut.header_hash.bytes);
    }
    writer.text("name");
    writer.text(manifest.name);
    writer.text("nonce");
    writer.bytes(manifest.nonce.bytes);
    writer.text("owner");
    writer.bytes(manifest.owner.bytes);
    writer.text("title");
    writer.text(manifest.title);
    writer.text("schema");
    write_schema(writer, manifest.schema);
    writer.text("licence");
    writer.text(manifest.licence);
    writer.text("writers");
    writer.array(manifest.writers.size());
    for (const auto& institution : manifest.writers) writer.bytes(institution.bytes);
}

Manifest read_manifest(cbor::Reader& reader) {
    Manifest out;
    expect_map(reader, 8);
    expect_key(reader, "cuts");
    const std::size_t cuts = reader.array();
    for (std::size_t i = 0; i < cuts && !reader.failed(); ++i) {
        if (reader.array() != 4) reader.set_failed("a cut has four parts");
        Cut cut;
        cut.lane.node = reader.fixed<NodeId>();
        cut.lane.epoch = Epoch{reader.unsigned_int()};
        cut.last = Sequence{reader.unsigned_int()};
        cut.header_hash = reader.fixed<Hash>();
        out.cuts.push_back(cut);
    }
    expect_key(reader, "name");
    out.name = reader.text();
    expect_key(reader, "nonce");
    out.nonce = reader.fixed<Hash>();
    expect_key(reader, "owner");
    out.owner = reader.fixed<InstitutionId>();
    expect_key(reader, "title");
    out.title = reader.text();
    expect_key(reader, "schema");
    out.schema = read_schema(reader);
    expect_key(reader, "licence");
    out.licence = reader.text();
    expect_key(reader, "writers");
    const std::size_t writers = reader.array();
    for (std::size_t i = 0; i < writers && !reader.failed(); ++i)
        out.writers.push_back(reader.fixed<InstitutionId>());
    return out;
}

void write_body(cbor::Writer& writer, const Grant& grant) {
    writer.unsigned_int(kind_grant);
    writer.map(5);
    writer.text("id");
    writer.bytes(grant.id.bytes);
    writer.text("hide");
    writer.array(grant.hide.size());
    for (const auto& path : grant.hide) writer.path(path);
    writer.text("where");
    writer.text(grant.where);
    writer.text("actions");
    writer.array(grant.actions.size());
    for (const auto action : grant.actions) writer.text(to_text(action));
    writer.text("audience");
    writer.text(grant.audience.chain());
}

Grant read_grant(cbor::Reader& reader) {
    Grant out;
    expect_map(reader, 5);
    expect_key(reader, "id");
    out.id = reader.fixed<GrantId>();
    expect_key(reader, "hide");
    const std::size_t hidden = reader.array();
    for (std::size_t i = 0; i < hidden && !reader.failed(); ++i) out.hide.push_back(reader.path());
    expect_key(reader, "where");
    out.where = reader.text();
    expect_key(reader, "actions");
    const std::size_t actions = reader.array();
    for (std::size_t i = 0; i < actions && !reader.failed(); ++i) {
        const auto action = action_from_text(reader.text());
        if (!action || (!out.actions.empty() && *out.actions.rbegin() >= *action))
            reader.set_failed("a grant's actions unknown, out of order or twice");
        else
            out.actions.insert(*action);
    }
    expect_key(reader, "audience");
    const auto audience = Audience::parse_chain(reader.text());
    if (audience)
        out.audience = *audience;
    else
        reader.set_failed("a grant's audience is none that is known");
    return out;
}

void write_body(cbor::Writer& writer, const Revocation& revocation) {
    writer.unsigned_int(kind_revocation);
    writer.map(1);
    writer.text("grant");
    writer.bytes(revocation.grant.bytes);
}

Revocation read_revocation(cbor::Reader& reader) {
    expect_map(reader, 1);
    expect_key(reader, "grant");
    return {reader.fixed<GrantId>()};
}

template <class Range, class Less = std::ranges::less>
bool is_strictly_ascending(const Range& range, Less less = {}) {
    return std::ranges::adjacent_find(
               range, [&](const auto& a, const auto& b) { return !less(a, b); }) == range.end();
}

Result<void> validate_schema(const Schema& schema) {
    if (schema.types.size() > max_control_items || schema.strategies.size() > max_control_items ||
        schema.groups.size() > max_control_items)
        return bad_entry("a schema has too many entries");
    for (const auto& [field, type] : schema.types)
        if (!is_bounded_text(field) || !is_bounded_text(type))
            return bad_entry("a schema's type is no valid text or too long", field);
    for (const auto& [field, strategy] : schema.strategies)
        if (!is_bounded_text(field) || !is_bounded_text(strategy))
            return bad_entry("a schema's strategy is no valid text or too long", field);
    for (const auto& [group, fields] : schema.groups) {
        if (!is_bounded_text(group) || fields.size() > max_control_items ||
            !std::ranges::all_of(fields, is_bounded_text))
            return bad_entry("a schema's group is no valid text or too long", group);
    }
    return {};
}

Result<void> validate_body(const Manifest& manifest, const ControlEntry& entry) {
    if (entry.chain != chain_for_all)
        return bad_entry("a manifest stands in the chain of an audience", entry.chain);
    if (!is_name(manifest.name)) return bad_entry("a dataset's name is not valid", manifest.name);
    if (!is_bounded_text(manifest.title) || !is_bounded_text(manifest.licence))
        return bad_entry("a dataset's title or licence is no valid text or too long",
                         manifest.name);
    if (manifest.writers.size() > max_control_items || !is_strictly_ascending(manifest.writers) ||
        std::ranges::binary_search(manifest.writers, manifest.owner))
        return bad_entry("a manifest's writers are out of order, twice, too many or the owner",
                         manifest.name);
    // One cut for a lane: the last sequence that counts cannot be two.
    if (manifest.cuts.size() > max_control_items ||
        !is_strictly_ascending(manifest.cuts,
                               [](const Cut& a, const Cut& b) { return a.lane < b.lane; }))
        return bad_entry("a manifest's cuts are out of order, twice for a lane or too many",
                         manifest.name);
    return validate_schema(manifest.schema);
}

Result<void> validate_body(const Grant& grant, const ControlEntry& entry) {
    if (entry.chain != grant.audience.chain())
        return bad_entry("a grant stands in a chain that is not its audience's", entry.chain);
    if (grant.actions.empty()) return bad_entry("a grant allows nothing", grant.id.hex());
    if (!is_bounded_text(grant.where))
        return bad_entry("a grant's condition is no valid text or too long", grant.id.hex());
    if (grant.hide.size() > max_control_items || !is_strictly_ascending(grant.hide))
        return bad_entry("a grant's hidden fields are out of order, twice or too many",
                         grant.id.hex());
    for (const auto& path : grant.hide) {
        const bool are_names_fine = std::ranges::all_of(path.names, [](const auto& name) {
            return name.size() <= max_name_bytes && is_utf8(name);
        });
        if (path.names.empty() || path.names.size() > max_path_names || !are_names_fine)
            return bad_entry("a grant hides a field whose path is not valid", grant.id.hex());
    }
    return {};
}

Result<void> validate_body(const Revocation& revocation, const ControlEntry& entry) {
    if (entry.chain == chain_for_all)
        return bad_entry("the end of a grant stands outside the chain of an audience",
                         revocation.grant.hex());
    return {};
}

}  // namespace

std::string Audience::chain() const {
    switch (kind) {
        case Kind::institution:
            return std::string(institution_prefix) + institution.hex();
        case Kind::group:
            return std::string(group_prefix) + group;
        case Kind::members:
            return std::string(members_chain);
        case Kind::everyone:
            return std::string(public_chain);
    }
    invariant_failed("an audience of a known kind", __FILE__, __LINE__);
}

Result<Audience> Audience::parse_chain(std::string_view chain) {
    if (chain == members_chain) return Audience{Kind::members, {}, {}};
    if (chain == public_chain) return Audience{Kind::everyone, {}, {}};
    if (chain.starts_with(group_prefix)) {
        const auto name = chain.substr(group_prefix.size());
        if (is_name(name)) return Audience{Kind::group, {}, std::string(name)};
    }
    if (chain.starts_with(institution_prefix)) {
        const auto digits = chain.substr(institution_prefix.size());
        const auto id = InstitutionId::from_hex(digits);
        // One text for one audience: upper-case digits would make a second.
        if (id && id->hex() == digits) return Audience{Kind::institution, *id, {}};
    }
    return bad_entry("no chain of an audience", std::string(chain));
}

std::string_view to_text(Action action) {
    switch (action) {
        case Action::discover:
            return "discover";
        case Action::search:
            return "search";
        case Action::aggregate:
            return "aggregate";
        case Action::replicate:
            return "replicate";
    }
    invariant_failed("an action that is known", __FILE__, __LINE__);
}

Result<Action> action_from_text(std::string_view text) {
    for (const auto action :
         {Action::discover, Action::search, Action::aggregate, Action::replicate})
        if (text == to_text(action)) return action;
    return fail("bad_action", "no action of a grant", std::string(text),
                "take discover, search, aggregate or replicate", ErrorKind::usage);
}

const Cut* Manifest::cut_of(const Lane& lane) const {
    const Cut* of_node = nullptr;
    for (const Cut& cut : cuts) {
        if (cut.lane == lane) return &cut;
        if (cut.lane == Lane{lane.node, Epoch{}}) of_node = &cut;
    }
    return of_node;
}

bool Manifest::counts(const Lane& lane, Sequence sequence) const {
    const Cut* cut = cut_of(lane);
    return cut == nullptr || sequence <= cut->last;
}

bool Grant::allows(Action action) const {
    return actions.contains(action) || (action == Action::discover && !actions.empty());
}

Result<void> ControlEntry::validate() const {
    if (number == 0) return bad_entry("control entries are numbered from 1", chain);
    if (previous.is_zero() != (number == 1))
        return bad_entry("the first entry of a chain, and no other, has no previous one", chain);
    if (chain != chain_for_all && !Audience::parse_chain(chain))
        return bad_entry("no chain of a control log", chain);
    const bool names_dataset = chain == chain_for_all && number == 1;
    if (dataset.is_zero() != names_dataset)
        return bad_entry("the first manifest, and no other entry, has no dataset", chain);
    if (auto ok = std::visit([&](const auto& b) { return validate_body(b, *this); }, body); !ok)
        return ok;
    if (encode().size() > max_control_bytes)
        return bad_entry("a control entry is larger than 512 KiB", chain);
    return {};
}

Bytes ControlEntry::encode() const {
    cbor::Writer writer;
    writer.array(9);
    writer.unsigned_int(control_format);
    writer.bytes(dataset.bytes);
    writer.text(chain);
    writer.unsigned_int(number);
    writer.bytes(previous.bytes);
    writer.unsigned_int(hlc.value);
    writer.bytes(author.bytes);
    std::visit([&](const auto& b) { write_body(writer, b); }, body);  // kind and body: two items
    return writer.take();
}

Result<ControlEntry> ControlEntry::decode(ByteView bytes) {
    if (bytes.size() > max_control_bytes)
        return bad_entry("a control entry is larger than 512 KiB");
    cbor::Reader reader(bytes);
    ControlEntry out;
    const std::size_t parts = reader.array();
    if (reader.unsigned_int() != control_format) reader.set_failed("an unknown format number");
    if (parts != 9) reader.set_failed("a wrong number of parts");
    out.dataset = reader.fixed<DatasetUid>();
    out.chain = reader.text();
    out.number = reader.unsigned_int();
    out.previous = reader.fixed<Hash>();
    out.hlc = Hlc{reader.unsigned_int()};
    out.author = reader.fixed<NodeId>();
    switch (reader.unsigned_int()) {
        case kind_manifest:
            out.body = read_manifest(reader);
            break;
        case kind_grant:
            out.body = read_grant(reader);
            break;
        case kind_revocation:
            out.body = read_revocation(reader);
            break;
        default:
            reader.set_failed("an unknown kind of control entry");
    }
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    if (auto ok = out.validate(); !ok) return std::unexpected(std::move(ok.error()));
    return out;
}

Hash ControlEntry::hash() const { return tagged_hash(tags::control, {encode()}); }

DatasetUid ControlEntry::dataset_uid() const {
    if (!dataset.is_zero()) return dataset;
    DatasetUid out;
    out.bytes = hash().bytes;
    return out;
}

SignedControl SignedControl::sign(const ControlEntry& entry, const SigningKey& key) {
    return {entry, key.public_key(), key.sign(tags::control_signature, entry.encode())};
}

bool SignedControl::has_valid_signature() const {
    return verify_signature(key, tags::control_signature, entry.encode(), signature);
}

Bytes SignedControl::encode() const {
    cbor::Writer writer;
    writer.array(4);
    writer.unsigned_int(control_format);
    writer.bytes(entry.encode());
    writer.bytes(key.bytes);
    writer.bytes(signature.bytes);
    return writer.take();
}

Result<SignedControl> SignedControl::decode(ByteView bytes) {
    cbor::Reader reader(bytes);
    SignedControl out;
    const std::size_t parts = reader.array();
    if (reader.unsigned_int() != control_format) reader.set_failed("an unknown format number");
    if (parts != 4) reader.set_failed("a wrong number of parts");
    const ByteView entry_bytes = reader.bytes();
    out.key = reader.fixed<PublicKey>();
    out.signature = reader.fixed<Signature>();
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    auto entry = ControlEntry::decode(entry_bytes);
    if (!entry) return std::unexpected(std::move(entry.error()));
    out.entry = std::move(*entry);
    return out;
}

}  // namespace sangam
