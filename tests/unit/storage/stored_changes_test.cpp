// SPDX-License-Identifier: Apache-2.0
#include "storage/stored_changes.hpp"

#include "store_fixture.hpp"

namespace sangam::storage::testing {

TEST_CASE(
    "indexed fields: texts at any depth and elements of unions, and no numbers, nothing reserved") {
    Projection projection;
    const auto add = [&](std::string_view path, Value value, bool is_element = false) {
        projection.fields.push_back(
            {Path::parse(path).value(), std::move(value), false, is_element});
    };
    add("names.IR64", Value(0), true);
    add("names.\"two words\"", Value(Value::Array{1, 3}), true);
    add("genus", "Oryza");
    add("list", Value(Value::Array{"one", Value(Value::Map{{"k", "two"}}), 3}));
    add("number", Value(36));
    add("empty", "");
    add("_proposal.genus.x", "Triticum");
    add("odd", "a" + std::string("\xEE\x80\x80") + "b");
    const auto fields = indexed_fields(projection);
    REQUIRE(fields.size() == 6);
    CHECK(fields[0].text == "IR64");
    CHECK(fields[1].text == "two words");
    CHECK(fields[2].text == "Oryza");
    CHECK(fields[3].text == "one");
    CHECK(fields[4].text == "two");
    CHECK(fields[4].path == Path::parse("list.k").value());
    CHECK(fields[5].text == "a   b");
    projection.is_deleted = true;
    CHECK(indexed_fields(projection).empty());
}

TEST_CASE("record text: only percent, slash and control characters of the id are encoded") {
    CHECK(record_text({"germplasm", "NGB 6816:Pisum"}) == "germplasm/NGB 6816:Pisum");
    CHECK(record_text({"germplasm", "a/b%c\n\x7f"}) == "germplasm/a%2Fb%25c%0A%7F");
    CHECK(record_text({"germplasm", "ñ"}) == "germplasm/ñ");
}

TEST_CASE("packed hashes: come back as they were, and a cut string is refused") {
    const std::vector<Hash> hashes{sha256(as_bytes("a")), sha256(as_bytes("b"))};
    auto packed = pack_hashes(hashes);
    CHECK(packed.size() == 64);
    CHECK(unpack_hashes(packed) == hashes);
    packed.pop_back();
    CHECK_FALSE(unpack_hashes(packed));
    CHECK(unpack_hashes({})->empty());
}

}  // namespace sangam::storage::testing
