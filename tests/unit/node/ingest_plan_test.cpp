// SPDX-License-Identifier: Apache-2.0
// What a row writes given what its source said before, and what a person's edit writes.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "node/ingest/field_edit.hpp"
#include "node/ingest/import_plan.hpp"
#include "node/ingest/import_state.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using PlanCells = std::vector<std::string_view>;
using Written = std::map<std::string, std::string>;  // path text -> text, JSON, or "-" for removed

Path plan_path(std::string_view text) { return Path::parse(text).value(); }

Written written(const std::vector<FieldWrite>& writes) {
    Written out;
    for (const FieldWrite& write : writes)
        out[write.path.text()] = write.value ? write.value->is_text()
                                                   ? std::string(write.value->text())
                                                   : "#" + to_hex(write.value->to_cbor())
                                             : "-";
    return out;
}

const PlanCells mcpd_header = {"INSTCODE", "ACCENUMB",    "GENUS",        "SPECIES", "SPAUTHOR",
                               "ACCENAME", "DECLATITUDE", "DECLONGITUDE", "REMARKS"};

// One source's view of one record over several imports.
struct Source {
    explicit Source(const PlanCells& header = mcpd_header, Schema schema = {})
        : model(schema), mapper(RowMapper::make(header, options(), model).value()) {}

    static MappingOptions options() {
        MappingOptions out;
        out.format = Format::mcpd;
        return out;
    }

    // The writes of a row; none when it is unchanged. Keeps the state as a store would.
    Written import(const PlanCells& row) {
        MappedCells cells;
        mapper.map(row, cells);
        auto planned = plan_row(mapper, cells, "id", state ? &*state : nullptr, proposes_as);
        REQUIRE(planned.has_value());
        if (!*planned) return {};
        last_context = (*planned)->context;
        state = storage::ImportState{*(*planned)->import_cells, state ? state->version : version,
                                     false};
        return written((*planned)->writes);
    }

    FieldModel model;
    RowMapper mapper;
    VersionVector version;
    std::optional<storage::ImportState> state;
    std::optional<NodeId> proposes_as;
    VersionVector last_context;
};

}  // namespace

TEST_CASE("import plan: the first import writes every filled cell with an empty context") {
    Source source;
    const auto writes = source.import({"DEU146", "A1", "Hordeum", "", "", "x;y", "", "", "note"});
    CHECK(writes == Written{{"instituteCode", "DEU146"},
                            {"accessionNumber", "A1"},
                            {"genus", "Hordeum"},
                            {"accessionNames.x", "#00"},
                            {"accessionNames.y", "#01"},
                            {"remarks", "note"}});
    CHECK(source.last_context.empty());
}

TEST_CASE("import plan: a row that says the same writes nothing") {
    Source source;
    const PlanCells row = {"DEU146", "A1", "Hordeum", "vulgare", "L.", "x;y", "1", "2", "note"};
    CHECK_FALSE(source.import(row).empty());
    CHECK(source.import(row).empty());
}

TEST_CASE("import plan: a corrected cell writes only itself, over the last import's version") {
    Source source;
    source.version.add({Lane{NodeId{}, Epoch{7}}, Sequence{3}});
    source.import({"DEU146", "A1", "Hordeum", "", "", "", "", "", "old"});
    CHECK(source.import({"DEU146", "A1", "Hordeum", "", "", "", "", "", "new"}) ==
          Written{{"remarks", "new"}});
    CHECK(source.last_context == source.version);
    CHECK(source.import({"DEU146", "A1", "Hordeum", "", "", "", "", "", ""}) ==
          Written{{"remarks", "-"}});
    CHECK(source.import({"DEU146", "A1", "Hordeum", "", "", "", "", "", ""}).empty());
}

TEST_CASE("import plan: a member of a group writes all of it, missing ones as removed") {
    Source source;
    const auto first =
        source.import({"DEU146", "A1", "Hordeum", "vulgare", "", "", "26.183333000000001", "", ""});
    const std::string site = "collectingInfo.collectingSite.";
    CHECK(first.at("species") == "vulgare");
    CHECK(first.at("speciesAuthority") == "-");
    CHECK(first.at("subtaxa") == "-");
    CHECK(first.at("subtaxaAuthority") == "-");
    CHECK(first.at(site + "latitudeDecimal") == "26.183333000000001");
    CHECK(first.at(site + "longitudeDecimal") == "-");
    CHECK(first.at(site + "coordinateUncertainty") == "-");
    CHECK(first.size() == 3 + 4 + 7);
    const auto second = source.import(
        {"DEU146", "A1", "Hordeum", "vulgare", "L.", "", "26.183333000000001", "", ""});
    CHECK(second == Written{{"species", "vulgare"},
                            {"speciesAuthority", "L."},
                            {"subtaxa", "-"},
                            {"subtaxaAuthority", "-"}});
}

TEST_CASE("import plan: a set that changed is written whole and lost elements are removed") {
    Source source;
    source.import({"DEU146", "A1", "Hordeum", "", "", "a;b;c", "", "", ""});
    CHECK(source.import({"DEU146", "A1", "Hordeum", "", "", "c;a", "", "", ""}) ==
          Written{
              {"accessionNames.c", "#00"}, {"accessionNames.a", "#01"}, {"accessionNames.b", "-"}});
    CHECK(source.import({"DEU146", "A1", "Hordeum", "", "", "", "", "", ""}) ==
          Written{{"accessionNames.c", "-"}, {"accessionNames.a", "-"}});
}

TEST_CASE("import plan: a column that the file does not have says nothing of its field") {
    Source full;
    full.import({"DEU146", "A1", "Hordeum", "vulgare", "L.", "x", "1", "2", "note"});
    Source slim({"ACCENUMB", "INSTCODE", "GENUS", "REMARKS"});
    slim.state = full.state;
    CHECK(slim.import({"A1", "DEU146", "Hordeum", "note"}).empty());
    CHECK(slim.import({"A1", "DEU146", "Hordeum", "other"}) == Written{{"remarks", "other"}});
    full.state = slim.state;
    CHECK(
        full.import({"DEU146", "A1", "Hordeum", "vulgare", "L.", "x", "1", "2", "other"}).empty());
}

TEST_CASE("import plan: a writer that is not the owner proposes reserved fields") {
    Source source;
    source.proposes_as = NodeId{};
    const auto writes = source.import({"DEU146", "A1", "Hordeum", "", "", "", "", "", "note"});
    const std::string zero(64, '0');
    CHECK(writes == Written{{"_proposal.instituteCode." + zero, "DEU146"},
                            {"_proposal.accessionNumber." + zero, "A1"},
                            {"_proposal.genus." + zero, "Hordeum"},
                            {"remarks", "note"}});
}

TEST_CASE("import plan: rows beyond the wire format's bounds are problems of the row") {
    const FieldModel model{Schema{}};
    const auto mapper = RowMapper::make(mcpd_header, Source::options(), model).value();
    const auto reason = [&](std::string_view column, const std::string& text) {
        MappedCells cells;
        PlanCells row = {"DEU146", "A1", "Hordeum", "", "", "", "", "", ""};
        for (std::size_t i = 0; i < row.size(); ++i)
            if (mcpd_header[i] == column) row[i] = text;
        mapper.map(row, cells);
        const auto planned = plan_row(mapper, cells, "id", nullptr, std::nullopt);
        return planned ? std::string("accepted") : planned.error().column;
    };
    // A text's head has five bytes; the longest that a put takes is taken here, too.
    CHECK(reason("REMARKS", std::string(1024 * 1024 - 5, 'x')) == "accepted");
    CHECK(reason("REMARKS", std::string(1024 * 1024 - 4, 'x')) == "REMARKS");
    CHECK(reason("ACCENAME", std::string(1024, 'x')) == "accepted");
    CHECK(reason("ACCENAME", std::string(1025, 'x')) == "ACCENAME");
    std::string many;
    for (int i = 0; i < 5000; ++i) many += std::to_string(i) + ";";
    CHECK(reason("ACCENAME", many) == "");
}

TEST_CASE("import state: encodes and decodes to itself, and refuses every cut") {
    StatedCells stated;
    stated.row[0] = 1;
    stated.cells[plan_path("genus")] = StatedCell("Hordeum", false);
    stated.cells[plan_path("remarks")] = StatedCell("longer than eight bytes", false);
    stated.cells[plan_path("accessionNames")] = StatedCell("longer than eight bytes", true);
    stated.cells[Path::single("Culm.habit")] = StatedCell("", false);
    const Bytes bytes = stated.encode();
    CHECK(StatedCells::decode(bytes).value() == stated);
    CHECK(StatedCells::peek_row(bytes) == stated.row);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(StatedCells::decode(ByteView(bytes).first(size)).has_value());
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(StatedCells::decode(longer).has_value());
}

TEST_CASE("import state: a cell says its own text and no other") {
    for (const bool keeps : {false, true})
        for (const std::string text : {"", "short", "26.183333000000001"}) {
            const StatedCell cell(text, keeps);
            CHECK(cell.says(text));
            CHECK_FALSE(cell.says(text + " "));
        }
    CHECK(StatedCell("26.183333000000001", false).text().empty());
    CHECK(StatedCell("26.183333000000001", true).text() == "26.183333000000001");
}

TEST_CASE("field edit: assignments are text, lists or JSON") {
    const FieldModel model{Schema{}};
    CHECK(parse_assignment(model, "remarks=a=b;c").value().value == Value("a=b;c"));
    CHECK(parse_assignment(model, "REMARKS=x").value().field == plan_path("remarks"));
    CHECK(parse_assignment(model, "ACCENAME=x;y").value().value == Value(Value::Array{"x", "y"}));
    CHECK(parse_assignment(model, "count:=3").value().value == Value(3));
    CHECK(parse_assignment(model, "\"a=b.c\"=3").value().field == Path::single("a=b.c"));
    for (const char* bad : {"remarks", "=x", "a..b=x", "_life=x", "x:=", "x:=y", "x=\xFF"})
        CHECK_FALSE(parse_assignment(model, bad).has_value());
}

TEST_CASE("field edit: an object is written as the fields in it, each to be hidden by itself") {
    const FieldModel model{Schema{}};
    const auto edit = parse_assignment(
        model, R"(site:={"place":"Ambo","soil":{"ph":6.5,"layers":[{"cm":20}]},"note":null})");
    const auto writes = plan_edit(model, {}, {edit.value()}, std::nullopt).value();
    std::vector<std::string> paths;
    for (const auto& write : writes) paths.push_back(write.path.text());
    CHECK(paths ==
          std::vector<std::string>{"site.note", "site.place", "site.soil.layers", "site.soil.ph"});
    const auto twice = parse_assignment(model, "site.place=Ambo");
    CHECK(plan_edit(model, {}, {edit.value(), twice.value()}, std::nullopt).error().code ==
          "field_twice");
}

TEST_CASE("field edit: groups are filled in from what the record shows") {
    const FieldModel model{Schema{}};
    const std::map<Path, Value> fields = {{plan_path("species"), "vulgare"},
                                          {plan_path("subtaxa"), "s"}};
    const auto writes =
        plan_edit(model, fields, {{plan_path("speciesAuthority"), Value("L.")}}, std::nullopt)
            .value();
    CHECK(written(writes) == Written{{"species", "vulgare"},
                                     {"speciesAuthority", "L."},
                                     {"subtaxa", "s"},
                                     {"subtaxaAuthority", "-"}});
}

TEST_CASE("field edit: a set given anew removes what it had, one element comes and goes alone") {
    const FieldModel model{Schema{}};
    const std::map<Path, Value> fields = {{plan_path("accessionNames"), Value::Array{"a", "b"}}};
    const auto names = plan_path("accessionNames");
    const auto plan = [&](const FieldEdit& edit) {
        return written(plan_edit(model, fields, {edit}, std::nullopt).value());
    };
    CHECK(plan({names, Value(Value::Array{"b", "c"})}) == Written{{"accessionNames.b", "#00"},
                                                                  {"accessionNames.c", "#01"},
                                                                  {"accessionNames.a", "-"}});
    CHECK(plan({names, std::nullopt}) ==
          Written{{"accessionNames.a", "-"}, {"accessionNames.b", "-"}});
    CHECK(plan({names.child("c"), Value("")}) == Written{{"accessionNames.c", "#02"}});
    CHECK(plan({names.child("a"), std::nullopt}) == Written{{"accessionNames.a", "-"}});
}

TEST_CASE("field edit: what cannot be written is refused with what to do") {
    const FieldModel model{Schema{}};
    const std::map<Path, Value> fields = {{plan_path("a.b"), "x"}};
    const auto code = [&](const std::vector<FieldEdit>& edits) {
        const auto plan = plan_edit(model, fields, edits, std::nullopt);
        if (plan) return std::string("accepted");
        CHECK_FALSE(plan.error().fix.empty());
        return plan.error().code;
    };
    CHECK(code({{plan_path("a"), Value("x")}}) == "overlapping_field");
    CHECK(code({{plan_path("a.b.c"), Value("x")}}) == "overlapping_field");
    CHECK(code({{plan_path("collectingInfo"), Value("x")}}) == "overlapping_field");
    CHECK(code({{plan_path("accessionNames"), Value(3)}}) == "bad_set");
    CHECK(code({{plan_path("accessionNames"), Value(Value::Array{3})}}) == "bad_set");
    CHECK(code({{plan_path("c"), Value(1)}, {plan_path("c"), Value(2)}}) == "field_twice");
    const std::string nul("a\0b", 3);
    CHECK(code({{plan_path("c"), Value(nul)}}) == "bad_text");
    CHECK(code({{plan_path("c"), Value(Value::Array{Value(Value::Map{{nul, 1}})})}}) == "bad_text");
    CHECK(code({{Path::single(nul), Value("x")}}) == "bad_text");
    CHECK(code({{Path::single(nul), std::nullopt}}) == "accepted");
    CHECK(code({}) == "nothing_to_do");
    CHECK(code({{plan_path("a.b"), std::nullopt}}) == "accepted");
}
