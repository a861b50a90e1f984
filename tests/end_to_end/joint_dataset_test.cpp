// SPDX-License-Identifier: Apache-2.0
// Three real, conflicting versions of the passports of Ethiopian durum wheat landraces (tests/data,
// SOURCES.md) as one dataset with three writers: what the versions disagree on is found exactly, is
// the same on every node, is resolved by a writer, and goes on while the owner is down. And a
// writer that is taken out: its node is told, keeps nothing but its own unaccepted edits, and may
// come back.
#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/end_to_end/federation.hpp"

using namespace sangam::test;
namespace json = boost::json;

namespace {

const std::string dataset = "cimmyt/durum";
const std::string folder = std::string(SANGAM_TEST_DATA) + "/hazards/ethiopia_durum_conflicts/";
/// The fields that all three versions have.
const std::set<std::string> compared{"adm1", "adm2", "adm3", "adm4", "lon", "lat", "year_charac"};

std::int64_t number_at(const json::value& value) { return value.to_number<std::int64_t>(); }

std::string text(const json::value& value) { return std::string(value.as_string()); }

json::array conflicts(const Federation& f, const std::string& node, bool all) {
    std::vector<std::string> arguments{"conflicts", "list", "--dataset", dataset};
    if (all) arguments.emplace_back("--all");
    return f.must(node, arguments).at("conflicts").as_array();
}

/// How many values of the compared fields two authors give differently.
int differences(const json::array& conflicts, const std::string& a, const std::string& b) {
    int count = 0;
    for (const auto& conflict : conflicts) {
        const auto field = text(conflict.at("field"));
        if (!compared.contains(field)) continue;
        std::map<std::string, std::string> by_author;
        for (const auto& value : conflict.at("values").as_array())
            by_author[text(value.at("author"))] = text(value.at("value"));
        if (!by_author.contains(a) || !by_author.contains(b)) continue;
        const bool is_number = field == "lon" || field == "lat" || field == "year_charac";
        count += is_number ? std::stod(by_author[a]) != std::stod(by_author[b])
                           : by_author[a] != by_author[b];
    }
    return count;
}

std::string read_joint_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The dataset as the node exports it, with conflicts.
std::string exported(const Federation& f, const std::string& node) {
    const auto path = f.files().path(node + ".ndjson");
    f.must(node, {"export", "--dataset", dataset, "--format", "ndjson", "--out", path});
    return read_joint_file(path);
}

void wait_until_equal(const Federation& f, const std::vector<std::string>& nodes) {
    wait_until("all hold the same", [&] {
        const auto first = exported(f, nodes.front());
        for (const auto& node : nodes)
            if (exported(f, node) != first) return false;
        return true;
    });
}

void import_versions(const Federation& f) {
    const std::vector<std::string> common{"import",       "--dataset", dataset,
                                          "--collection", "germplasm", "--id",
                                          "accession",    "--missing", "NA"};
    const auto with = [&](std::vector<std::string> more) {
        auto out = common;
        out.insert(out.end(), more.begin(), more.end());
        return out;
    };
    const auto a = f.must("cimmyt", with({folder + "passport_A_published.csv"}));
    CHECK(number_at(a.at("written")) == 40);
    const auto b = f.must(
        "icrisat", with({"--map", "x=lon", "--map", "y=lat", folder + "passport_B_check1.csv"}));
    CHECK(number_at(b.at("written")) == 62);
    // Accession 208281 stands twice in C: the first row counts, the second one is rejected.
    const auto c = f.on(
        "irri", with({"--map", "Region=adm1", "--map", "Zone=adm2", "--map", "District=adm3",
                      "--map", "Locality=adm4", "--map", "year_of_characterization=year_charac",
                      folder + "passport_C_check2.csv"}));
    CHECK(c.exit_code == 1);
    CHECK(number_at(c.json().at("written")) == 390);
    CHECK(number_at(c.json().at("rejected")) == 1);
}

/// Whether the node is known to hold something of the dataset.
bool is_holder(const Federation& f, const std::string& handle) {
    for (const auto& row : f.must("cimmyt", {"holders", "durum"}).at("holders").as_array())
        if (text(row.at("institution")) == handle) return true;
    return false;
}

std::int64_t set_aside(const Federation& f, const std::string& node) {
    return number_at(f.must(node, {"status"}).at("quarantine").at("count"));
}

/// The record's field at the node; empty where it has none.
std::string field_at(const Federation& f, const std::string& node, const std::string& record,
                     const std::string& field) {
    const auto got = f.must(node, {"get", record});
    const auto& fields = got.at("record").at("fields").as_object();
    return fields.contains(field) ? text(fields.at(field)) : std::string();
}

}  // namespace

TEST_CASE("joint dataset: three versions of the durum passports disagree in 24, 29 and 6 values") {
    Federation f({"cimmyt", "icrisat", "irri"});
    f.must("cimmyt", {"dataset",
                      "create",
                      "durum",
                      "--title",
                      "Ethiopian durum wheat landraces",
                      "--licence",
                      "CC-BY-4.0",
                      "--writers",
                      "icrisat,irri",
                      "--type",
                      "lon=number",
                      "--type",
                      "lat=number",
                      "--type",
                      "year_charac=number",
                      "--merge",
                      "year_charac=keep_all",
                      "--merge",
                      "lon=keep_all",
                      "--merge",
                      "lat=keep_all"});
    for (const std::string writer : {"icrisat", "irri"})
        wait_until("the writer knows of it", [&] {
            const auto shown = f.on(writer, {"dataset", "show", dataset});
            return shown.exit_code == 0 && text(shown.json().at("holding")) == "writer";
        });
    import_versions(f);
    wait_until_equal(f, {"cimmyt", "icrisat", "irri"});

    const auto found = conflicts(f, "cimmyt", true);
    CHECK(found.size() == 33);                             // fields in which some two differ
    CHECK(differences(found, "cimmyt", "icrisat") == 24);  // A and B
    CHECK(differences(found, "cimmyt", "irri") == 29);     // A and C
    CHECK(differences(found, "icrisat", "irri") == 6);     // B and C
    for (const auto& conflict : found) CHECK(compared.contains(text(conflict.at("field"))));
    for (const std::string node : {"icrisat", "irri"})
        CHECK(json::serialize(conflicts(f, node, true)) == json::serialize(found));

    // What no strategy settles is open, everywhere alike, and a writer may settle it.
    const auto open = conflicts(f, "cimmyt", false);
    REQUIRE(open.size() == 3);
    for (const std::string node : {"cimmyt", "icrisat", "irri"})
        CHECK(number_at(f.must(node, {"status"}).at("conflicts").at("open")) == 3);
    const std::string record = dataset + "/germplasm/204488";
    const auto before = f.must("irri", {"conflicts", "show", record, "year_charac"});
    CHECK(text(before.at("state")) == "open");
    f.must("irri", {"conflicts", "resolve", record, "year_charac", "--take", "1", "--reason",
                    "the accession book says so"});
    const auto chosen = text(before.at("values").at(0).at("value"));
    wait_until("the resolution reaches all", [&] {
        for (const std::string node : {"cimmyt", "icrisat", "irri"})
            if (conflicts(f, node, false).size() != 2) return false;
        return true;
    });
    for (const std::string node : {"cimmyt", "icrisat", "irri"}) {
        const auto got = f.must(node, {"get", record});
        CHECK(text(got.at("record").at("fields").at("year_charac")) == chosen);
        bool is_told = false;
        const auto history = f.must(node, {"history", record});
        for (const auto& change : history.at("changes").as_array())
            is_told = is_told || (change.as_object().contains("reason") &&
                                  text(change.at("reason")) == "the accession book says so");
        CHECK(is_told);
        // The log keeps what lost.
        CHECK(conflicts(f, node, true).size() == found.size());
    }

    // A later write that has not seen the resolution opens it again: here an import that corrects.
    const auto corrected = f.files().path("corrected.csv");
    std::ofstream(corrected) << "accession,year_charac\n204488,1985\n";
    f.must("icrisat", {"import", "--dataset", dataset, "--collection", "germplasm", "--id",
                       "accession", "--source", "letter", corrected});
    wait_until("it is open again", [&] { return conflicts(f, "cimmyt", false).size() == 3; });

    // Between the writers it goes on while the owner is down, and the owner catches up.
    CHECK(f.stop("cimmyt") == 0);
    f.must("icrisat", {"put", record, "adm4=Kembibit town"});
    wait_until("the other writer has it", [&] {
        const auto got = f.must("irri", {"get", record});
        const auto& fields = got.at("record").at("fields").as_object();
        return fields.contains("adm4") && text(fields.at("adm4")) == "Kembibit town";
    });
    f.start("cimmyt");
    wait_until_equal(f, {"cimmyt", "icrisat", "irri"});
    for (const std::string node : {"cimmyt", "icrisat", "irri"})
        CHECK(number_at(f.must(node, {"verify"}).at("failed")) == 0);
}

TEST_CASE(
    "joint dataset: a writer that is taken out is told, and keeps only what was not accepted") {
    Federation f({"cimmyt", "icrisat", "irri"});
    f.must("cimmyt", {"dataset", "create", "durum", "--title", "Durum wheat", "--licence",
                      "CC-BY-4.0", "--writers", "icrisat,irri"});
    const auto file = f.files().write("durum.csv", "ID,remarks\nA,tall\nB,short\n");
    f.must("cimmyt",
           {"import", "--dataset", "durum", "--collection", "germplasm", "--id", "ID", file});
    const std::string record = dataset + "/germplasm/A";
    for (const std::string writer : {"icrisat", "irri"})
        wait_until("the writer holds it",
                   [&] { return f.on(writer, {"get", record}).exit_code == 0; });
    f.must("icrisat", {"put", record, "awns=red"});
    wait_until("the owner has the writer's edit",
               [&] { return field_at(f, "cimmyt", record, "awns") == "red"; });
    CHECK(is_holder(f, "icrisat"));

    // An edit that reaches nobody before the owner takes its author out.
    f.stop("cimmyt");
    f.stop("irri");
    f.must("icrisat", {"put", record, "glumes=black"});
    f.stop("icrisat");
    f.start("cimmyt");
    f.start("irri");
    f.must("cimmyt", {"dataset", "set", "durum", "--writers", "irri"});
    CHECK(is_holder(f, "icrisat"));  // for all that is known

    f.start("icrisat");
    wait_until("the writer hears of it", [&] {
        const auto got = f.on("icrisat", {"get", record});
        return got.exit_code == 4 &&
               text(got.json().at("error").at("code")) == "not_a_writer_any_more";
    });
    CHECK(f.on("icrisat", {"put", record, "awns=white"}).exit_code == 4);
    CHECK(number_at(f.must("icrisat", {"search", "tall"}).at("total")) == 0);
    for (const auto& row : f.must("icrisat", {"status"}).at("datasets").as_array())
        CHECK(text(row.at("dataset")) != dataset);
    CHECK(set_aside(f, "icrisat") == 1);
    wait_until("the owner knows that the copy is gone", [&] { return !is_holder(f, "icrisat"); });
    for (const std::string node : {"cimmyt", "irri"}) {
        CHECK(field_at(f, node, record, "awns") == "red");  // what was accepted stays
        CHECK(field_at(f, node, record, "glumes").empty());
        CHECK(set_aside(f, node) == 0);
    }

    // The owner wants it back, and with it the edit that was set aside.
    f.must("cimmyt", {"dataset", "set", "durum", "--writers", "icrisat,irri"});
    wait_until("the edit arrives", [&] {
        return field_at(f, "cimmyt", record, "glumes") == "black" &&
               field_at(f, "irri", record, "glumes") == "black";
    });
    CHECK(set_aside(f, "icrisat") == 0);
    wait_until_equal(f, {"cimmyt", "icrisat", "irri"});
    for (const std::string node : {"cimmyt", "icrisat", "irri"})
        CHECK(number_at(f.must(node, {"verify"}).at("failed")) == 0);
}
