// SPDX-License-Identifier: Apache-2.0
#include "protocol/change.hpp"

#include <doctest/doctest.h>

#include "protocol/cbor.hpp"
#include "protocol/crypto.hpp"
#include "protocol/tags.hpp"
#include "samples.hpp"

using namespace sangam;

namespace {

Result<Change> make(std::vector<FieldWrite> writes, RecordKey key = {"germplasm", "r1"}) {
    SeededRandom random(3);
    return Change::make(std::move(key), {}, std::move(writes), random.draw<ChangeSecret>());
}

Dot dot() { return {samples::lane(1, 42), Sequence{7}}; }

/// Hides every field whose first name is not among `visible`.
Change show_only(const Change& change, std::vector<std::string> visible) {
    return change.redacted([&](const Path& path) {
        return std::ranges::find(visible, path.names.front()) != visible.end();
    });
}

}  // namespace

TEST_CASE("change: fields come in path order, however they were given") {
    const auto change = make({{Path::single("b"), Value(1)},
                              {Path::single("a"), std::nullopt},
                              {Path({"a.b"}), Value("x")}});
    REQUIRE(change.has_value());
    CHECK(change->fields[0].write.path == Path::single("a"));
    CHECK(change->fields[1].write.path == Path::single("a.b"));
    CHECK(change->fields[2].write.path == Path::single("b"));
    CHECK(change->find(Path::single("b"))->write.value == Value(1));
    CHECK(change->find(Path::single("c")) == nullptr);
}

TEST_CASE("change: blind and salts are the blocks of the secret's key stream in path order") {
    const auto change = samples::change("r1", 1);
    const auto stream = salt_stream(*change.secret, change.fields.size() + 1);
    CHECK(change.blind == stream[0]);
    for (std::size_t i = 0; i < change.fields.size(); ++i)
        CHECK(change.fields[i].salt == stream[i + 1]);
}

TEST_CASE("change: refuses no fields, too many, a path twice, a path and one below it") {
    CHECK_FALSE(make({}).has_value());
    CHECK_FALSE(make({{Path::single("a"), Value(1)}, {Path::single("a"), Value(2)}}).has_value());
    CHECK_FALSE(make({{Path::single("a"), Value(1)}, {Path({"a", "b"}), Value(2)}}).has_value());
    CHECK_FALSE(make({{Path({"a", ""}), Value(1)}, {Path::single("a"), std::nullopt}}).has_value());
    CHECK_FALSE(make({{Path(), Value(1)}}).has_value());
    // The two stand apart in path order only where a third is below the first too.
    CHECK_FALSE(make({{Path::single("a"), Value(1)},
                      {Path({"a", "b"}), Value(2)},
                      {Path({"a", "c"}), Value(2)}})
                    .has_value());
    CHECK(
        make({{Path({"a", "b"}), Value(1)}, {Path({"a", "c"}), Value(2)}, {Path({"ab"}), Value(3)}})
            .has_value());
    std::vector<FieldWrite> writes;
    for (std::size_t i = 0; i < max_change_fields; ++i)
        writes.push_back({Path::single("f" + std::to_string(i)), Value(1)});
    CHECK(make(writes).has_value());
    writes.push_back({Path::single("one more"), Value(1)});
    CHECK_FALSE(make(writes).has_value());
}

TEST_CASE("change: refuses keys, names and values beyond their bounds") {
    const std::vector<FieldWrite> writes{{Path::single("a"), Value(1)}};
    CHECK_FALSE(make(writes, {"", "r1"}).has_value());
    CHECK_FALSE(make(writes, {"germplasm", ""}).has_value());
    CHECK_FALSE(make(writes, {"germplasm", "\xff"}).has_value());
    CHECK_FALSE(make(writes, {"\xff", "r1"}).has_value());
    CHECK(make(writes, {"germplasm", std::string(max_name_bytes, 'r')}).has_value());
    CHECK_FALSE(make(writes, {"germplasm", std::string(max_name_bytes + 1, 'r')}).has_value());
    CHECK_FALSE(make({{Path::single("\xff"), Value(1)}}).has_value());
    CHECK_FALSE(make({{Path::single(std::string(max_name_bytes + 1, 'n')), Value(1)}}).has_value());
    CHECK_FALSE(
        make({{Path(std::vector<std::string>(max_path_names + 1, "n")), Value(1)}}).has_value());
    CHECK_FALSE(make({{Path::single("a"), Value("\xff")}}).has_value());
    // A text of n bytes takes n + 5 in CBOR at this size.
    CHECK(make({{Path::single("a"), Value(std::string(max_value_bytes - 5, 'v'))}}).has_value());
    CHECK_FALSE(
        make({{Path::single("a"), Value(std::string(max_value_bytes - 4, 'v'))}}).has_value());
    std::vector<FieldWrite> large;
    for (int i = 0; i < 5; ++i)
        large.push_back(
            {Path::single("f" + std::to_string(i)), Value(std::string(max_value_bytes - 5, 'v'))});
    CHECK_FALSE(make(large).has_value());
}

TEST_CASE("change: a leaf is the hash of tag, salt and the field as CBOR") {
    const auto change =
        make({{Path::single("genus"), Value("Oryza")}, {Path({"a", "b"}), std::nullopt}});
    REQUIRE(change.has_value());
    const auto& removed = change->fields[0];
    CHECK(Change::leaf(removed) == sha256({as_bytes(tags::leaf), removed.salt.bytes,
                                           samples::hex("82"
                                                        "8261616162"
                                                        "01")}));
    const auto& put = change->fields[1];
    CHECK(Change::leaf(put) == sha256({as_bytes(tags::leaf), put.salt.bytes,
                                       samples::hex("83"
                                                    "816567656e7573"
                                                    "00"
                                                    "654f72797a61")}));
}

TEST_CASE("change: its hash names dataset, lane, sequence, key, context and every field") {
    const auto change = samples::change("r1", 1);
    const Hash hash = change.hash(samples::dataset(), dot());
    CHECK(hash == samples::change("r1", 1).hash(samples::dataset(), dot()));

    DatasetUid other_dataset = samples::dataset();
    other_dataset.bytes[3] ^= 1;
    CHECK(change.hash(other_dataset, dot()) != hash);
    for (auto other :
         {Dot{samples::lane(2, 42), Sequence{7}}, Dot{samples::lane(1, 43), Sequence{7}},
          Dot{samples::lane(1, 42), Sequence{8}}})
        CHECK(change.hash(samples::dataset(), other) != hash);

    const auto differs = [&](auto bend) {
        Change bent = change;
        bend(bent);
        return bent.hash(samples::dataset(), dot()) != hash;
    };
    CHECK(differs([](Change& c) { c.key.id += "x"; }));
    CHECK(differs([](Change& c) { std::swap(c.key.id, c.key.collection); }));
    CHECK(differs([](Change& c) { c.context.add(dot()); }));
    CHECK(differs([](Change& c) { c.blind.bytes[0] ^= 1; }));
    CHECK(differs([](Change& c) { c.fields[2].salt.bytes[0] ^= 1; }));
    CHECK(differs([](Change& c) { c.fields[0].write.value = Value(2); }));
    CHECK(differs([](Change& c) { c.fields[0].write.value.reset(); }));
    CHECK(differs([](Change& c) { c.fields.pop_back(); }));
}

TEST_CASE("change: hiding fields keeps its hash, shows the rest and nothing of what is hidden") {
    const auto whole = samples::change("r1", 1);
    const Hash hash = whole.hash(samples::dataset(), dot());
    const auto partial = show_only(whole, {"instituteCode", "remarks"});
    CHECK_FALSE(partial.is_whole());
    CHECK(partial.fields.size() == 2);
    CHECK(partial.leaf_count() == whole.leaf_count());
    CHECK(std::ranges::is_sorted(partial.hidden_leaves));
    CHECK(partial.hash(samples::dataset(), dot()) == hash);

    const auto less = show_only(partial, {"remarks"});
    CHECK(less.fields.size() == 1);
    CHECK(less.hash(samples::dataset(), dot()) == hash);
    const auto nothing = show_only(less, {});
    CHECK(nothing.fields.empty());
    CHECK(nothing.hash(samples::dataset(), dot()) == hash);

    const Bytes encoded = nothing.encode();
    const auto shows = [&](std::string_view what) {
        return as_text(encoded).find(what) != std::string_view::npos;
    };
    for (const auto* hidden : {"instituteCode", "DEU146", "Kirsche", "elevation"})
        CHECK_FALSE(shows(hidden));
    CHECK_FALSE(shows(as_text(whole.secret->view())));
    for (const auto& field : whole.fields) CHECK_FALSE(shows(as_text(field.salt.view())));
    CHECK(shows("germplasm"));
}

TEST_CASE("change: hiding nothing leaves it whole, and whether the record lives is never hidden") {
    const auto whole = samples::change("r1", 1);
    CHECK(whole.redacted([](const Path&) { return true; }) == whole);
    const auto deletion = make({{life_path(), Value(Value::Map{{"state", "deleted"}})}});
    REQUIRE(deletion.has_value());
    CHECK(show_only(*deletion, {}) == *deletion);
}

TEST_CASE("change: whole and partial forms read back as they were") {
    VersionVector context;
    context.add({samples::lane(1, 5), Sequence{9}});
    context.add({samples::lane(2, 6), Sequence{70000}});
    const auto whole = samples::change("6856B", 4, context);
    CHECK(Change::decode(whole.encode()).value() == whole);
    CHECK(whole.encoded_size() == whole.encode().size());
    for (const auto& partial : {show_only(whole, {"instituteCode"}), show_only(whole, {}),
                                show_only(whole, {"accessionNames"})}) {
        CHECK(Change::decode(partial.encode()).value() == partial);
        CHECK(partial.encoded_size() == partial.encode().size());
    }
    // All salts known one by one, the secret never: a partial form with nothing hidden.
    Change opened = whole;
    opened.secret.reset();
    CHECK(Change::decode(opened.encode()).value() == opened);
    CHECK(opened.hash(samples::dataset(), dot()) == whole.hash(samples::dataset(), dot()));
}

TEST_CASE("change: every cut is refused, and a bent bit never gives a second encoding") {
    const auto whole = samples::change("r1", 1);
    for (const auto& encoded :
         {whole.encode(), show_only(whole, {"instituteCode", "additionalInfo"}).encode()}) {
        samples::check_refuses_cuts(encoded, Change::decode);
        samples::check_bends_are_canonical(encoded, Change::decode);
    }
}

TEST_CASE("change: a reader refuses what make() would not have made") {
    // The writer below says what it is told; each case breaks one rule.
    struct Draft {
        std::uint64_t form = 2;
        std::string collection = "germplasm";
        std::string id = "r1";
        std::vector<std::vector<std::string>> paths{{"a"}, {"b"}};
        std::uint64_t kind = 0;
        std::vector<std::uint8_t> hidden{1, 2};

        Bytes encode() const {
            cbor::Writer w;
            w.array(7);
            w.unsigned_int(form);
            w.text(collection);
            w.text(id);
            w.array(0);
            w.bytes(Bytes(16, 9));
            w.array(paths.size());
            for (const auto& path : paths) {
                w.array(4);
                w.bytes(Bytes(16, 8));
                w.array(path.size());
                for (const auto& name : path) w.text(name);
                w.unsigned_int(kind);
                w.text("v");
            }
            w.array(hidden.size());
            for (const auto first : hidden) {
                Bytes leaf(32, 7);
                leaf[0] = first;
                w.bytes(leaf);
            }
            return w.take();
        }
        bool is_read() const { return Change::decode(encode()).has_value(); }
    };
    CHECK(Draft{}.is_read());
    CHECK(Draft{.paths = {}}.is_read());
    CHECK(Draft{.hidden = {}}.is_read());
    CHECK_FALSE(Draft{.paths = {}, .hidden = {}}.is_read());
    CHECK_FALSE(Draft{.form = 0}.is_read());
    CHECK_FALSE(Draft{.form = 1}.is_read());  // the whole form has six parts
    CHECK_FALSE(Draft{.form = 3}.is_read());
    CHECK_FALSE(Draft{.collection = ""}.is_read());
    CHECK_FALSE(Draft{.id = ""}.is_read());
    CHECK_FALSE(Draft{.id = std::string(max_name_bytes + 1, 'i')}.is_read());
    CHECK_FALSE(Draft{.paths = {{"b"}, {"a"}}}.is_read());
    CHECK_FALSE(Draft{.paths = {{"a"}, {"a"}}}.is_read());
    CHECK_FALSE(Draft{.paths = {{"a"}, {"a", "b"}}}.is_read());
    CHECK_FALSE(Draft{.paths = {{}, {"a"}}}.is_read());
    CHECK_FALSE(Draft{.kind = 1}.is_read());  // removed, with a value
    CHECK_FALSE(Draft{.kind = 2}.is_read());
    CHECK_FALSE(Draft{.hidden = {2, 1}}.is_read());
    CHECK_FALSE(Draft{.hidden = {1, 1}}.is_read());
}

TEST_CASE("change: the largest whole form may grow by its salts when a field is hidden") {
    std::vector<FieldWrite> writes;
    for (int i = 0; i < 4; ++i)
        writes.push_back(
            {Path::single("f" + std::to_string(i)), Value(std::string(max_value_bytes - 60, 'v'))});
    writes.push_back({Path::single("s"), Value("small")});
    const auto whole = make(writes);
    REQUIRE(whole.has_value());
    const auto partial =
        whole->redacted([](const Path& path) { return path != Path::single("s"); });
    CHECK(Change::decode(partial.encode()).value() == partial);
}
