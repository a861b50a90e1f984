// SPDX-License-Identifier: Apache-2.0
// The golden vectors: tests/vectors/*.json and the seeds of tests/fuzz/corpus are what the samples
// give, byte for byte. With SANGAM_REGENERATE_VECTORS=1 in the environment this test writes the
// files instead; a change in them is a change of protocol and belongs into docs/protocol.md.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "message_samples.hpp"
#include "protocol/cbor.hpp"
#include "protocol/tags.hpp"
#include "vector_json.hpp"

using namespace sangam;
using namespace sangam::samples;

namespace {

void check_file(const std::filesystem::path& path, std::string_view expected) {
    CAPTURE(path.filename().string());
    if (std::getenv("SANGAM_REGENERATE_VECTORS") != nullptr) {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << expected;
    }
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in.good());
    const std::string found{std::istreambuf_iterator<char>(in), {}};
    CHECK((found == expected));  // not printed: some are long
}

void check_vectors(const std::string& name, const Json& document) {
    check_file(std::filesystem::path(SANGAM_VECTORS) / (name + ".json"), document.text + "\n");
}

void check_seed(const std::string& corpus, const std::string& name, const Bytes& bytes) {
    check_file(std::filesystem::path(SANGAM_VECTORS) / "../fuzz/corpus" / corpus / name,
               as_text(bytes));
}

Json refused_case(const std::string& meaning, const Bytes& encoded) {
    return inline_object({{"meaning", json(meaning)}, {"encoded", json(encoded)}});
}

Json json_of(const VersionVector& vector) {
    std::vector<Json> out;
    for (const auto& [lane, sequence] : vector.entries())
        out.push_back(
            json(std::vector<Json>{json(lane.node), json(raw(lane.epoch)), json(raw(sequence))}));
    return json(out);
}

// --- changes --------------------------------------------------------------------------------

Dot change_dot() { return {lane(1, 0x0123456789abcdef), Sequence{7}}; }

Json change_case(const std::string& meaning, const Change& change) {
    std::vector<Json> fields;
    for (const auto& field : change.fields) {
        Members members{{"path", json(field.write.path.names)}};
        if (field.write.value)
            members.emplace_back("value", json(*field.write.value));
        else
            members.emplace_back("removed", json(true));
        members.emplace_back("salt", json(field.salt));
        members.emplace_back("leaf", json(Change::leaf(field)));
        fields.push_back(inline_object(members));
    }
    Members members{{"meaning", json(meaning)},
                    {"dataset", json(dataset())},
                    {"node", json(change_dot().lane.node)},
                    {"epoch", json(raw(change_dot().lane.epoch))},
                    {"sequence", json(raw(change_dot().sequence))},
                    {"collection", json(change.key.collection)},
                    {"id", json(change.key.id)},
                    {"context", json_of(change.context)}};
    if (change.secret) members.emplace_back("secret", json(*change.secret));
    members.emplace_back("blind", json(change.blind));
    members.emplace_back("fields", json(fields));
    members.emplace_back("hidden", json(change.hidden_leaves));
    members.emplace_back("hash", json(change.hash(dataset(), change_dot())));
    members.emplace_back("encoded", json(change.encode()));
    return object(members);
}

Change change_with_context() {
    VersionVector context;
    context.add({lane(1, 5), Sequence{9}});
    context.add({lane(2, 0xffffffffffffffff), Sequence{70'000}});
    return change("INSTCODE:\u6c34 1/2:Oryza", 21, context);
}

Change single_field(std::string id, const Path& path, std::optional<Value> value) {
    SeededRandom random(31);
    return *Change::make({"germplasm", std::move(id)}, {}, {{path, std::move(value)}},
                         random.draw<ChangeSecret>());
}

Change shown(const Change& change, const std::vector<std::string>& first_names) {
    return change.redacted([&](const Path& path) {
        return std::ranges::find(first_names, path.names.front()) != first_names.end();
    });
}

Change opened(Change change) {
    change.secret.reset();
    return change;
}

std::vector<std::pair<std::string, Change>> change_samples() {
    const auto many = change("r1", 20);
    return {
        {"whole, with every kind of value", many},
        {"whole, with a context", change_with_context()},
        {"whole, one field put", single_field("6856B", Path::single("genus"), Value("Oryza"))},
        {"whole, one field removed", single_field("6856B", Path::single("genus"), std::nullopt)},
        {"whole, a deletion",
         single_field("6856B", life_path(), Value(Value::Map{{"state", "deleted"}}))},
        {"whole, an element that is the empty text",
         single_field("6856B", Path({"accessionNames", ""}), Value(nullptr))},
        {"partial, two fields open", shown(many, {"instituteCode", "remarks"})},
        {"partial, no field open", shown(many, {})},
        {"partial, no field hidden", opened(many)},
        {"partial, with a context", shown(change_with_context(), {"collectingInfo"})},
    };
}

/// A change in its partial form, written without any check.
Bytes raw_partial(const std::vector<std::vector<std::string>>& paths,
                  const std::vector<std::uint8_t>& hidden) {
    cbor::Writer w;
    w.array(7);
    w.unsigned_int(2);
    w.text("germplasm");
    w.text("r1");
    w.array(0);
    w.bytes(Bytes(16, 9));
    w.array(paths.size());
    for (const auto& path : paths) {
        w.array(4);
        w.bytes(Bytes(16, 8));
        w.array(path.size());
        for (const auto& name : path) w.text(name);
        w.unsigned_int(0);
        w.text("v");
    }
    w.array(hidden.size());
    for (const auto byte : hidden) w.bytes(Bytes(32, byte));
    return w.take();
}

std::vector<std::pair<std::string, Bytes>> refused_changes() {
    Bytes cut = change("r1", 20).encode();
    cut.pop_back();
    Bytes longer = change("r1", 20).encode();
    longer.push_back(0xf6);
    return {
        {"no field at all", raw_partial({}, {})},
        {"fields out of order", raw_partial({{"b"}, {"a"}}, {})},
        {"a field twice", raw_partial({{"a"}, {"a"}}, {})},
        {"a field and one below it", raw_partial({{"a"}, {"a", "b"}}, {})},
        {"a path without names", raw_partial({{}}, {})},
        {"hidden leaves out of order", raw_partial({{"a"}}, {2, 1})},
        {"a hidden leaf twice", raw_partial({{"a"}}, {1, 1})},
        {"the last byte is missing", cut},
        {"an item after the end", longer},
    };
}

// --- commits --------------------------------------------------------------------------------

Json header_json(const CommitHeader& header) {
    std::vector<Json> heads;
    for (const auto& head : header.heads)
        heads.push_back(json(std::vector<Json>{json(head.lane.node), json(raw(head.lane.epoch)),
                                               json(raw(head.sequence)), json(head.header_hash)}));
    return inline_object({{"dataset", json(header.dataset)},
                          {"node", json(header.lane.node)},
                          {"epoch", json(raw(header.lane.epoch))},
                          {"sequence", json(raw(header.sequence))},
                          {"previous", json(header.previous)},
                          {"heads", json(heads)},
                          {"manifest_number", json(header.manifest_number)},
                          {"manifest_hash", json(header.manifest_hash)},
                          {"hlc", json(header.hlc.value)},
                          {"count", json(header.count)},
                          {"root", json(header.root)}});
}

Json part_case(const std::string& meaning, const CommitPart& part) {
    const auto verified = VerifiedPart::verify(part, anyone_may_sign);
    REQUIRE(verified.has_value());
    return object({{"meaning", json(meaning)},
                   {"header", header_json(verified->header())},
                   {"header_hash", json(verified->header_hash())},
                   {"key", json(part.signed_header.key)},
                   {"signature", json(part.signed_header.signature)},
                   {"indices", json(part.indices)},
                   {"change_hashes", json(verified->change_hashes())},
                   {"proof", json(part.proof)},
                   {"encoded", json(part.encode())}});
}

VerifiedPart second_commit(const SigningKey& key) {
    auto header = samples::header(key);
    header.previous = samples::commit(key, 5).header_hash();
    header.sequence = Sequence{2};
    header.heads = {{lane(11, 1), Sequence{4}, sha256(as_bytes("a"))},
                    {lane(12, 3), Sequence{70'000}, sha256(as_bytes("b"))}};
    std::ranges::sort(header.heads);
    header.hlc = Hlc::of(1'700'000'000'001, 65'535);
    VersionVector context;
    context.add({header.lane, Sequence{1}});
    auto out = build_commit(header, {change("r0", 40, context), change("r9", 41)}, key);
    REQUIRE(out.has_value());
    return *out;
}

CommitPart with_hidden(CommitPart part, const std::vector<std::string>& first_names) {
    for (auto& change : part.changes) change = shown(change, first_names);
    return part;
}

std::vector<std::pair<std::string, CommitPart>> part_samples() {
    const auto key = samples::key(1);
    const auto five = samples::commit(key, 5);
    return {
        {"one change, complete", samples::commit(key, 1).part()},
        {"five changes, complete", five.part()},
        {"the first of five", part_of(five, {0})},
        {"the last of five, fields hidden", with_hidden(part_of(five, {4}), {"instituteCode"})},
        {"three of five, all fields hidden", with_hidden(part_of(five, {0, 2, 3}), {})},
        {"four of five", part_of(five, {0, 1, 2, 3})},
        {"five of five, fields hidden", with_hidden(five.part(), {"collectingInfo", "remarks"})},
        {"the second commit of a lane, with heads and a context", second_commit(key).part()},
    };
}

/// Parts that decode, some of them, and all of which a verifier refuses.
std::vector<std::pair<std::string, Bytes>> refused_parts() {
    const auto key = samples::key(1);
    const auto five = samples::commit(key, 5);
    const auto part = with_hidden(part_of(five, {0, 3}), {"instituteCode"});
    const auto bent = [&](auto bend) {
        CommitPart out = part;
        bend(out);
        return out.encode();
    };
    auto order = five.part();
    std::swap(order.changes[0], order.changes[1]);
    std::vector<Hash> leaves;
    for (const auto& change : order.changes)
        leaves.push_back(merkle::leaf_hash(change.hash(dataset(), five.header().dot()).bytes));
    auto header = five.header();
    header.root = merkle::root(leaves);
    order.signed_header = SignedHeader::sign(header, key);

    // Two changes to one record, the hashes in order and the signature good.
    auto twice_header = samples::header(key);
    std::vector<Change> twice{change("r0", 1), change("r0", 2)};
    const auto hash_of = [&](const Change& c) { return c.hash(dataset(), twice_header.dot()); };
    std::ranges::sort(twice, {}, hash_of);
    twice_header.count = 2;
    twice_header.root = merkle::node_hash(merkle::leaf_hash(hash_of(twice[0]).bytes),
                                          merkle::leaf_hash(hash_of(twice[1]).bytes));
    const CommitPart two{SignedHeader::sign(twice_header, key), {0, 1}, twice, {}};

    // A change whose context holds its own commit.
    auto seen_header = samples::header(key);
    VersionVector context;
    context.add({seen_header.lane, Sequence{1}});
    const auto seen = change("r0", 1, context);
    seen_header.count = 1;
    seen_header.root = merkle::leaf_hash(seen.hash(dataset(), seen_header.dot()).bytes);
    const CommitPart own{SignedHeader::sign(seen_header, key), {0}, {seen}, {}};

    // An open field whose leaf stands among the hidden ones too.
    auto equal = shown(change("r0", 1), {"instituteCode"});
    equal.hidden_leaves.push_back(Change::leaf(equal.fields[0]));
    std::ranges::sort(equal.hidden_leaves);
    auto equal_header = samples::header(key);
    equal_header.count = 1;
    equal_header.root = merkle::leaf_hash(equal.hash(dataset(), equal_header.dot()).bytes);
    const CommitPart equal_leaves{SignedHeader::sign(equal_header, key), {0}, {equal}, {}};

    return {
        {"a bit of the signature",
         bent([](CommitPart& p) { p.signed_header.signature.bytes[0] ^= 1; })},
        {"a bit of the clock under the signature",
         bent([](CommitPart& p) { p.signed_header.header.hlc.value ^= 1; })},
        {"another key",
         bent([](CommitPart& p) { p.signed_header.key = samples::key(2).public_key(); })},
        {"a bit of the proof", bent([](CommitPart& p) { p.proof[0].bytes[31] ^= 1; })},
        {"a surplus proof hash", bent([](CommitPart& p) { p.proof.push_back(p.proof[0]); })},
        {"a missing proof hash", bent([](CommitPart& p) { p.proof.pop_back(); })},
        {"a bit of a hidden leaf",
         bent([](CommitPart& p) { p.changes[1].hidden_leaves[0].bytes[31] ^= 1; })},
        {"a bit of a salt", bent([](CommitPart& p) { p.changes[0].fields[0].salt.bytes[0] ^= 1; })},
        {"another value",
         bent([](CommitPart& p) { p.changes[0].fields[0].write.value = Value("DEU145"); })},
        {"another record", bent([](CommitPart& p) { p.changes[0].key.id = "r7"; })},
        {"changes in each other's place",
         bent([](CommitPart& p) { std::swap(p.changes[0], p.changes[1]); })},
        {"other places", bent([](CommitPart& p) { p.indices = {1, 3}; })},
        {"places out of order", bent([](CommitPart& p) { p.indices = {3, 0}; })},
        {"a tree that is not in the order of the change hashes", order.encode()},
        {"two changes to one record", two.encode()},
        {"a change that has seen its own commit", own.encode()},
        {"two equal leaves", equal_leaves.encode()},
    };
}

// --- control --------------------------------------------------------------------------------

Json control_case(const std::string& meaning, const SignedControl& control) {
    return object({{"meaning", json(meaning)},
                   {"dataset_uid", json(control.entry.dataset_uid())},
                   {"chain", json(control.entry.chain)},
                   {"number", json(control.entry.number)},
                   {"previous", json(control.entry.previous)},
                   {"hlc", json(control.entry.hlc.value)},
                   {"author", json(control.entry.author)},
                   {"kind", json(control.entry.body.index() + 1)},
                   {"key", json(control.key)},
                   {"hash", json(control.entry.hash())},
                   {"encoded", json(control.encode())}});
}

ControlEntry next_manifest(const SigningKey& owner) {
    const auto first = manifest_entry(owner);
    auto out = first;
    out.dataset = first.dataset_uid();
    out.number = 2;
    out.previous = first.hash();
    auto& manifest = std::get<Manifest>(out.body);
    manifest.writers.clear();
    manifest.cuts.clear();
    manifest.schema = {};
    return out;
}

ControlEntry grant_for(const SigningKey& owner, const Audience& audience) {
    auto out = grant_entry(owner);
    auto& grant = std::get<Grant>(out.body);
    grant.audience = audience;
    grant.actions = {Action::discover, Action::aggregate};
    grant.where.clear();
    grant.hide.clear();
    out.chain = audience.chain();
    return out;
}

std::vector<std::pair<std::string, SignedControl>> control_samples() {
    const auto key = samples::key(1);
    const auto signed_by_owner = [&](const ControlEntry& entry) {
        return SignedControl::sign(entry, key);
    };
    return {
        {"the first manifest, which names the dataset", signed_by_owner(manifest_entry(key))},
        {"the second manifest, with empty lists", signed_by_owner(next_manifest(key))},
        {"a grant to an institution, with a condition and hidden fields",
         signed_by_owner(grant_entry(key))},
        {"a grant to a group",
         signed_by_owner(grant_for(key, {Audience::Kind::group, {}, "rice breeders"}))},
        {"a grant to all members",
         signed_by_owner(grant_for(key, {Audience::Kind::members, {}, {}}))},
        {"a grant to the public",
         signed_by_owner(grant_for(key, {Audience::Kind::everyone, {}, {}}))},
        {"the end of a grant", signed_by_owner(revocation_entry(key))},
    };
}

std::vector<std::pair<std::string, Bytes>> refused_control() {
    const auto key = samples::key(1);
    const auto with = [&](ControlEntry entry, auto bend) {
        bend(entry);
        return SignedControl::sign(entry, key).encode();
    };
    const auto grant = grant_entry(key);
    auto bad_signature = SignedControl::sign(grant, key);
    bad_signature.signature.bytes[0] ^= 1;
    auto other_tag = SignedControl::sign(grant, key);
    other_tag.signature = key.sign(tags::commit_signature, grant.encode());

    // A grant with one key more than this version knows, signed as it should be.
    const Bytes encoded = grant.encode();
    cbor::Reader reader(encoded);
    cbor::Writer longer;
    longer.array(reader.array());
    for (int i = 0; i < 8; ++i) longer.raw(reader.item());
    longer.map(reader.map() + 1);
    for (int i = 0; i < 10; ++i) longer.raw(reader.item());
    longer.text("embargoed");
    longer.text("2030-01-01");
    cbor::Writer unknown_key;
    unknown_key.array(4);
    unknown_key.unsigned_int(1);
    unknown_key.bytes(longer.data());
    unknown_key.bytes(key.public_key().bytes);
    unknown_key.bytes(key.sign(tags::control_signature, longer.data()).bytes);

    return {
        {"a bit of the signature", bad_signature.encode()},
        {"the signature under another tag", other_tag.encode()},
        {"a key that is not known", unknown_key.take()},
        {"a grant in the chain for all", with(grant, [](auto& e) { e.chain = "all"; })},
        {"a grant in the chain of another audience",
         with(grant, [](auto& e) { e.chain = "members"; })},
        {"number 2 without a predecessor", with(grant, [](auto& e) { e.previous = {}; })},
        {"a grant of no dataset", with(grant, [](auto& e) { e.dataset = {}; })},
        {"a grant that allows nothing",
         with(grant, [](auto& e) { std::get<Grant>(e.body).actions.clear(); })},
        {"hidden fields out of order",
         with(grant, [](auto& e) { std::ranges::reverse(std::get<Grant>(e.body).hide); })},
        {"writers out of order",
         with(manifest_entry(key),
              [](auto& e) { std::ranges::reverse(std::get<Manifest>(e.body).writers); })},
        {"a first manifest that names a dataset",
         with(manifest_entry(key), [](auto& e) { e.dataset = dataset(); })},
    };
}

// --- frames ---------------------------------------------------------------------------------

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = !std::is_same_v<T, std::uint8_t>;

/// Takes a message's fields in the order in which it serialises them.
class FieldList {
public:
    template <class... T>
    void operator()(T&... fields) {
        (add(fields), ...);
    }
    [[nodiscard]] Json list() const { return json(fields_); }

private:
    template <class T>
    static Json of(T& field) {
        if constexpr (std::is_enum_v<T>) {
            return json(static_cast<std::underlying_type_t<T>>(field));
        } else if constexpr (std::is_same_v<T, Head>) {
            return json(std::vector<Json>{json(field.lane.node), json(raw(field.lane.epoch)),
                                          json(raw(field.sequence)), json(field.header_hash)});
        } else if constexpr (is_list<T>) {
            std::vector<Json> out;
            for (auto& element : field) out.push_back(of(element));
            return json(out);
        } else if constexpr (requires { json(field); }) {
            return json(field);
        } else {
            FieldList inner;
            field.serialize(inner);
            return inner.list();
        }
    }
    template <class T>
    void add(T& field) {
        fields_.push_back(of(field));
    }
    std::vector<Json> fields_;
};

Json frame_case(messages::Message message) {
    FieldList fields;
    std::visit([&](auto& m) { m.serialize(fields); }, message);
    return object({{"message", json(messages::type_name(message))},
                   {"type", json(messages::type_number(message))},
                   {"fields", fields.list()},
                   {"encoded", json(messages::encode_frame(message))}});
}

std::vector<std::pair<std::string, Bytes>> refused_frames() {
    using namespace messages;
    const auto with = [](const Message& message, auto bend) {
        Bytes frame = encode_frame(message);
        bend(frame);
        return frame;
    };
    SubscribeReply unknown_state;
    unknown_state.state = static_cast<SubscribeReply::State>(4);
    Subscribe subscribe;
    Abort bad_text{AbortCode::internal, "\xff"};
    return {
        {"a flag is set", with(Ping{1}, [](Bytes& f) { f[6] = 1; })},
        {"an unknown type", with(Ping{1}, [](Bytes& f) { f[4] = 99; })},
        {"a body beyond 8 MiB", with(Ping{1}, [](Bytes& f) { f[3] = 1; })},
        {"a field is cut", with(Ping{1},
                                [](Bytes& f) {
                                    f[0] = 7;
                                    f.pop_back();
                                })},
        {"a byte after the last field", with(Ping{1},
                                             [](Bytes& f) {
                                                 f[0] = 9;
                                                 f.push_back(0);
                                             })},
        {"a truth value of 2", with(subscribe, [](Bytes& f) { f[8 + 16 + 32 + 4] = 2; })},
        {"an unknown state", encode_frame(unknown_state)},
        {"an unknown abort code", encode_frame(Abort{static_cast<AbortCode>(11), "x"})},
        {"text that is no UTF-8", encode_frame(bad_text)},
        {"a count beyond the bytes left", with(WriterHeads{}, [](Bytes& f) { f[8 + 32] = 1; })},
        {"a condition longer than 4 KiB",
         [] {
             Subscribe long_condition;
             long_condition.where = std::string(4097, 'w');
             return encode_frame(long_condition);
         }()},
    };
}

std::vector<Json> refused_cases(const std::vector<std::pair<std::string, Bytes>>& refused) {
    std::vector<Json> out;
    for (const auto& [meaning, encoded] : refused) out.push_back(refused_case(meaning, encoded));
    return out;
}

}  // namespace

TEST_CASE("vectors: values in CBOR are the golden bytes") {
    const std::pair<const char*, Value> values[] = {
        {"null", nullptr},
        {"false", false},
        {"true", true},
        {"zero", 0},
        {"largest in the head", 23},
        {"one byte more", 24},
        {"minus one", -1},
        {"the largest integer", std::numeric_limits<std::int64_t>::max()},
        {"the least integer", std::numeric_limits<std::int64_t>::min()},
        {"a floating-point one, in half precision", 1.0},
        {"minus zero", -0.0},
        {"the largest half", 65504.0},
        {"a single", 65505.0},
        {"a subnormal half", 5.960464477539063e-8},
        {"a double", 26.183333000000001},
        {"a small double", 5e-324},
        {"a large double", 1.7976931348623157e308},
        {"no text", ""},
        {"text", "20030000"},
        {"text of two bytes a character", "M\u00fcller"},
        {"text beyond the basic plane", "\U00010151"},
        {"a NUL in a text", std::string(1, '\0')},
        {"text of 24 bytes", "CGN-24-bytes-long-text-x"},
        {"an empty list", Value::Array{}},
        {"an empty map", Value::Map{}},
        {"a list with an empty element", Value::Array{"DEU146", "", "USA022"}},
        {"map keys by length, then bytes", Value::Map{{"b", 1}, {"aa", 2}, {"", 3}, {"a", 4}}},
        {"nested", Value::Array{1, Value::Map{{"a", Value::Array{nullptr, 1.5}}}}},
    };
    std::vector<Json> good;
    for (const auto& [meaning, value] : values) {
        CHECK(Value::from_cbor(value.to_cbor()).value() == value);
        good.push_back(inline_object({{"meaning", json(meaning)},
                                      {"value", json(value)},
                                      {"encoded", json(value.to_cbor())}}));
        check_seed("cbor", "value_" + std::to_string(good.size()), value.to_cbor());
    }
    const std::pair<const char*, const char*> bad[] = {
        {"an integer in a longer head", "1817"},
        {"a length in a longer head", "780161"},
        {"a single that is a half", "fa3f800000"},
        {"a double that is a single", "fb40f86a0000000000"},
        {"infinity", "f97c00"},
        {"not a number", "f97e00"},
        {"undefined", "f7"},
        {"a tag", "c11a514b67b0"},
        {"an indefinite list", "9f01ff"},
        {"an indefinite text", "7f6161ff"},
        {"map keys out of order", "a2616201616102"},
        {"a map key twice", "a2616101616102"},
        {"a map key that is no text", "a10102"},
        {"a byte string as a value", "4101"},
        {"beyond 64 bits with sign", "1b8000000000000000"},
        {"text that is no UTF-8", "61ff"},
        {"a surrogate", "63eda080"},
        {"a count beyond the bytes left", "9b7fffffffffffffff"},
        {"nothing", ""},
        {"an item after the end", "0101"},
        {"seventeen lists in each other", "818181818181818181818181818181818101"},
    };
    std::vector<std::pair<std::string, Bytes>> refused;
    for (const auto& [meaning, encoded] : bad) {
        CAPTURE(meaning);
        CHECK_FALSE(Value::from_cbor(hex(encoded)).has_value());
        refused.emplace_back(meaning, hex(encoded));
        check_seed("cbor", "refused_" + std::to_string(refused.size()), hex(encoded));
    }
    check_vectors("cbor",
                  object({{"values", cases(good)}, {"refused", cases(refused_cases(refused))}}));
}

TEST_CASE("vectors: trees and multiproofs are the golden bytes") {
    std::vector<Json> good;
    for (const std::uint32_t size : {1u, 2u, 3u, 5u, 8u, 13u}) {
        std::vector<Bytes> data;
        std::vector<Hash> leaves;
        for (std::uint32_t i = 0; i < size; ++i) {
            const auto view = as_bytes("leaf");
            data.emplace_back(view.begin(), view.end());
            data.back().push_back(static_cast<std::uint8_t>(i));
            leaves.push_back(merkle::leaf_hash(data.back()));
        }
        for (const std::uint32_t step : {1u, 2u, 3u, 5u}) {
            std::vector<std::uint32_t> indices;
            for (std::uint32_t i = step / 2; i < size; i += step) indices.push_back(i);
            if (indices.empty()) continue;
            good.push_back(inline_object({{"leaves", json(data)},
                                          {"root", json(merkle::root(leaves))},
                                          {"indices", json(indices)},
                                          {"proof", json(merkle::multiproof(leaves, indices))}}));
        }
    }
    check_vectors("trees", object({{"trees", cases(good)}}));
}

TEST_CASE("vectors: changes are the golden bytes") {
    std::vector<Json> good;
    for (const auto& [meaning, change] : change_samples()) {
        CAPTURE(meaning);
        CHECK(Change::decode(change.encode()).value() == change);
        good.push_back(change_case(meaning, change));
        check_seed("change", "change_" + std::to_string(good.size()), change.encode());
    }
    for (const auto& [meaning, encoded] : refused_changes()) {
        CAPTURE(meaning);
        CHECK_FALSE(Change::decode(encoded).has_value());
    }
    check_vectors("changes", object({{"changes", cases(good)},
                                     {"refused", cases(refused_cases(refused_changes()))}}));
}

TEST_CASE("vectors: commits and parts of them are the golden bytes") {
    std::vector<Json> good;
    for (const auto& [meaning, part] : part_samples()) {
        CAPTURE(meaning);
        CHECK(CommitPart::decode(part.encode()).value() == part);
        good.push_back(part_case(meaning, part));
        check_seed("commit", "part_" + std::to_string(good.size()), part.encode());
    }
    for (const auto& [meaning, encoded] : refused_parts()) {
        CAPTURE(meaning);
        const auto part = CommitPart::decode(encoded);
        CHECK_FALSE((part && VerifiedPart::verify(*part, anyone_may_sign).has_value()));
    }
    check_vectors("commits", object({{"parts", cases(good)},
                                     {"refused", cases(refused_cases(refused_parts()))}}));
}

TEST_CASE("vectors: control entries are the golden bytes") {
    std::vector<Json> good;
    for (const auto& [meaning, control] : control_samples()) {
        CAPTURE(meaning);
        CHECK(SignedControl::decode(control.encode()).value() == control);
        CHECK(control.has_valid_signature());
        good.push_back(control_case(meaning, control));
        check_seed("control", "entry_" + std::to_string(good.size()), control.encode());
    }
    for (const auto& [meaning, encoded] : refused_control()) {
        CAPTURE(meaning);
        const auto control = SignedControl::decode(encoded);
        CHECK_FALSE((control && control->has_valid_signature()));
    }
    check_vectors("control", object({{"entries", cases(good)},
                                     {"refused", cases(refused_cases(refused_control()))}}));
}

TEST_CASE("vectors: frames of every message are the golden bytes") {
    std::vector<Json> good;
    for (const auto& message : all_messages()) {
        const auto frame = messages::encode_frame(message);
        good.push_back(frame_case(message));
        check_seed("frame", std::string(messages::type_name(message)), frame);
    }
    std::vector<std::pair<std::string, Bytes>> refused = refused_frames();
    for (const auto& [meaning, frame] : refused) {
        CAPTURE(meaning);
        const auto header =
            messages::decode_frame_header(ByteView(frame).first(messages::frame_header_bytes));
        CHECK_FALSE(
            (header && messages::decode_body(header->type,
                                             ByteView(frame).subspan(messages::frame_header_bytes))
                           .has_value()));
    }
    check_vectors("frames",
                  object({{"frames", cases(good)}, {"refused", cases(refused_cases(refused))}}));
}
