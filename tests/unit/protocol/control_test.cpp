// SPDX-License-Identifier: Apache-2.0
#include "protocol/control.hpp"

#include <doctest/doctest.h>

#include "protocol/cbor.hpp"
#include "protocol/tags.hpp"
#include "samples.hpp"

using namespace sangam;

namespace {

std::vector<ControlEntry> entries() {
    const auto key = samples::key(1);
    auto for_group = samples::grant_entry(key);
    auto& grant = std::get<Grant>(for_group.body);
    grant.audience = {Audience::Kind::group, {}, "rice breeders"};
    grant.actions = {Action::discover, Action::search, Action::aggregate, Action::replicate};
    grant.where.clear();
    grant.hide.clear();
    for_group.chain = grant.audience.chain();
    return {samples::manifest_entry(key), samples::grant_entry(key), for_group,
            samples::revocation_entry(key)};
}

bool is_read(const ControlEntry& entry) {
    const bool is_valid = entry.validate().has_value();
    CHECK(ControlEntry::decode(entry.encode()).has_value() == is_valid);
    return is_valid;
}

template <class Body, class Bend>
bool is_read_with(ControlEntry entry, Bend bend) {
    bend(std::get<Body>(entry.body));
    return is_read(entry);
}

}  // namespace

TEST_CASE("audience: its chain reads back as the same audience, in one spelling only") {
    SeededRandom random(1);
    const Audience audiences[] = {{Audience::Kind::institution, random.draw<InstitutionId>(), {}},
                                  {Audience::Kind::group, {}, "CGIAR"},
                                  {Audience::Kind::group, {}, "\u6c34 and rice"},
                                  {Audience::Kind::members, {}, {}},
                                  {Audience::Kind::everyone, {}, {}}};
    for (const auto& audience : audiences)
        CHECK(Audience::parse_chain(audience.chain()).value() == audience);
    CHECK(audiences[3].chain() == "members");
    CHECK(audiences[4].chain() == "public");
    for (const auto& text : std::vector<std::string>{
             "", "all", "everyone", "Members", "members/", "group/", "group/a/b", "group/\n",
             "institution/", "institution/abcd", "institution/" + std::string(64, 'A'),
             "group/\xff", "institution/" + std::string(66, 'a')}) {
        CAPTURE(text);
        CHECK_FALSE(Audience::parse_chain(text).has_value());
    }
}

TEST_CASE("actions: every one includes discover, none another") {
    for (const auto action :
         {Action::discover, Action::search, Action::aggregate, Action::replicate}) {
        CHECK(action_from_text(to_text(action)).value() == action);
        Grant grant;
        CHECK_FALSE(grant.allows(action));
        grant.actions = {action};
        CHECK(grant.allows(action));
        CHECK(grant.allows(Action::discover));
        for (const auto other : {Action::search, Action::aggregate, Action::replicate})
            CHECK(grant.allows(other) == (other == action));
    }
    CHECK_FALSE(action_from_text("write").has_value());
    CHECK_FALSE(action_from_text("Search").has_value());
}

TEST_CASE("control entry: every kind reads back as it was") {
    for (const auto& entry : entries()) {
        CHECK(entry.validate().has_value());
        const Bytes encoded = entry.encode();
        CHECK(ControlEntry::decode(encoded).value() == entry);
        CHECK(entry.hash() == tagged_hash(tags::control, {encoded}));
        samples::check_refuses_cuts(encoded, ControlEntry::decode);
        samples::check_bends_are_canonical(encoded, ControlEntry::decode);
    }
}

TEST_CASE("control entry: the first manifest's hash names the dataset") {
    const auto first = samples::manifest_entry(samples::key(1));
    CHECK(first.dataset.is_zero());
    CHECK(first.dataset_uid().bytes == first.hash().bytes);
    auto other = first;
    std::get<Manifest>(other.body).nonce.bytes[0] ^= 1;
    CHECK(other.dataset_uid() != first.dataset_uid());
    auto second = first;
    second.number = 2;
    second.previous = first.hash();
    second.dataset = first.dataset_uid();
    CHECK(is_read(second));
    CHECK(second.dataset_uid() == first.dataset_uid());
}

TEST_CASE("control entry: numbers, predecessors, chains and bodies have to fit each other") {
    const auto key = samples::key(1);
    const auto is_read_as = [](ControlEntry entry, auto bend) {
        bend(entry);
        return is_read(entry);
    };
    const auto first = samples::manifest_entry(key);
    CHECK(is_read(first));
    CHECK_FALSE(is_read_as(first, [](ControlEntry& e) { e.number = 0; }));
    CHECK_FALSE(is_read_as(first, [](ControlEntry& e) { e.number = 2; }));
    CHECK_FALSE(is_read_as(first, [](ControlEntry& e) { e.previous.bytes[0] = 1; }));
    CHECK_FALSE(is_read_as(first, [](ControlEntry& e) { e.dataset = samples::dataset(); }));
    CHECK_FALSE(is_read_as(first, [](ControlEntry& e) { e.chain = "members"; }));
    CHECK_FALSE(is_read_as(first, [](ControlEntry& e) { e.chain = "everything"; }));
    const auto grant = samples::grant_entry(key);
    CHECK(is_read(grant));
    CHECK_FALSE(is_read_as(grant, [](ControlEntry& e) { e.chain = chain_for_all; }));
    CHECK_FALSE(is_read_as(grant, [](ControlEntry& e) { e.chain = "members"; }));
    CHECK_FALSE(is_read_as(grant, [](ControlEntry& e) { e.dataset = {}; }));
    CHECK_FALSE(is_read_as(grant, [](ControlEntry& e) { e.previous = {}; }));
    const auto end = samples::revocation_entry(key);
    CHECK(is_read(end));
    CHECK_FALSE(is_read_as(end, [](ControlEntry& e) { e.chain = chain_for_all; }));
}

TEST_CASE("manifest: lists are in order and without repeats, names are names") {
    const auto entry = samples::manifest_entry(samples::key(1));
    const auto is_read_as = [&](auto bend) { return is_read_with<Manifest>(entry, bend); };
    CHECK_FALSE(is_read_as([](Manifest& m) { std::swap(m.writers[0], m.writers[1]); }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.writers[1] = m.writers[0]; }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.writers = {m.owner}; }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.cuts.push_back(m.cuts[0]); }));
    CHECK_FALSE(is_read_as([](Manifest& m) {
        m.cuts.push_back(m.cuts[0]);
        m.cuts[1].last = next(m.cuts[0].last);  // two ends for one lane
    }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.name = ""; }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.name = "a/b"; }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.name = "a\nb"; }));
    CHECK_FALSE(
        is_read_as([](Manifest& m) { m.title = std::string(max_control_text_bytes + 1, 't'); }));
    CHECK_FALSE(is_read_as([](Manifest& m) { m.licence = "\xff"; }));
    CHECK(is_read_as([](Manifest& m) { m.schema.defaults = 0xffffffff; }));
    CHECK(is_read_as([](Manifest& m) {
        m.schema.types = {{"b", "text"}, {"aa", "code"}, {"a", "number"}};  // CBOR: a, b, aa
    }));
    CHECK_FALSE(is_read_as([](Manifest& m) {
        for (std::size_t i = 0; i <= max_control_items; ++i)
            m.schema.types["f" + std::to_string(i)] = "text";
    }));
    CHECK_FALSE(is_read_as([](Manifest& m) {
        for (int i = 0; i < 200; ++i)
            m.schema.types[std::string(3000, 'f') + std::to_string(i)] = "text";
    }));
}

TEST_CASE("grant: allows something, hides in order, and has a bounded condition") {
    const auto entry = samples::grant_entry(samples::key(1));
    const auto is_read_as = [&](auto bend) { return is_read_with<Grant>(entry, bend); };
    CHECK(is_read_as([](Grant&) {}));
    CHECK_FALSE(is_read_as([](Grant& g) { g.actions.clear(); }));
    CHECK_FALSE(is_read_as([](Grant& g) { std::swap(g.hide[0], g.hide[1]); }));
    CHECK_FALSE(is_read_as([](Grant& g) { g.hide[1] = g.hide[0]; }));
    CHECK_FALSE(is_read_as([](Grant& g) { g.hide[0] = Path(); }));
    CHECK_FALSE(
        is_read_as([](Grant& g) { g.where = std::string(max_control_text_bytes + 1, 'w'); }));
    CHECK_FALSE(is_read_as([](Grant& g) { g.audience = {Audience::Kind::members, {}, {}}; }));
}

TEST_CASE("grant: a key that this version does not know makes the entry unreadable") {
    // A restriction that is not understood must not become a permission.
    const auto entry = samples::grant_entry(samples::key(1));
    const Bytes encoded = entry.encode();
    cbor::Reader reader(encoded);
    cbor::Writer longer;
    longer.array(reader.array());
    for (int i = 0; i < 8; ++i) longer.raw(reader.item());
    longer.map(reader.map() + 1);
    for (int i = 0; i < 10; ++i) longer.raw(reader.item());
    longer.text("embargoed");  // sorts after all known keys
    longer.text("2030-01-01");
    REQUIRE(reader.finish().has_value());
    const auto decoded = ControlEntry::decode(longer.data());
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().message.find("unknown keys") != std::string::npos);
}

TEST_CASE("signed control: holds for its own key and bytes only") {
    const auto key = samples::key(1);
    for (const auto& entry : entries()) {
        const auto signed_entry = SignedControl::sign(entry, key);
        CHECK(signed_entry.has_valid_signature());
        const Bytes encoded = signed_entry.encode();
        CHECK(SignedControl::decode(encoded).value() == signed_entry);
        samples::check_refuses_cuts(encoded, SignedControl::decode);
        for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
            Bytes bent = encoded;
            bent[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
            const auto decoded = SignedControl::decode(bent);
            if (!decoded) continue;
            CHECK(decoded->encode() == bent);
            CHECK_FALSE(decoded->has_valid_signature());
        }
    }
}
