// SPDX-License-Identifier: Apache-2.0
// Text queries, the words of texts, and search by visible fields.
#include "backends.hpp"
#include "storage/text_tokens.hpp"

namespace sangam::storage::testing {

namespace {

using Words = std::vector<std::string>;

std::string parse_error(std::string_view text) {
    const auto query = TextQuery::parse(text);
    REQUIRE_FALSE(query);
    CHECK(query.error().kind == ErrorKind::usage);
    return query.error().code;
}

/// Six records, each with what the tests look for.
template <class Backend>
struct Library {
    Node<Backend> node{1};
    DatasetUid uid = own_dataset(node);
    Library() {
        const auto add = [&](const std::string& id, std::vector<FieldWrite> writes) {
            write(*node.store, uid, id, std::move(writes));
        };
        add("1", {put("name", "Late blight resistance"), put("site", "Los Baños, Laguna")});
        add("2", {put("name", "late"), put("site", "blight river")});
        add("3", {put("name", "drought drought drought"), put("note", "tolerant")});
        add("4", {put("name", "drought"), put("note",
                                              "a long text about many other things that "
                                              "happened at the station")});
        add("5", {put("name", "drought"), put("secret", "gold mine blight")});
        add("6", {put("names", Value(Value::Array{"Basmati", Value(Value::Map{{"x", "Jasmine"}})})),
                  put("count", 1990)});
    }
    std::string found(std::string_view query, const std::vector<std::string>& hidden = {}) {
        return testing::found(*node.store, uid, query, hidden);
    }
};

}  // namespace

TEST_CASE("words: case and Latin marks are folded, punctuation parts, other scripts stay") {
    CHECK(text_tokens("Los Baños, LAGUNA") == Words{"los", "banos", "laguna"});
    CHECK(text_tokens("IRGC-12345.2") == Words{"irgc", "12345", "2"});
    CHECK(text_tokens("Ñandú ÉCOLE œuvre") == Words{"nandu", "ecole", "œuvre"});
    CHECK(text_tokens("稻米 ПШЕНИЦА") == Words{"稻米", "пшеница"});
    CHECK(text_tokens("").empty());
    CHECK(text_tokens("-- ; !").empty());
    CHECK(text_tokens("a" + std::string(field_separator) + "b") == Words{"a", "b"});
    CHECK(without_separators("a" + std::string(field_separator) + "b") == "a   b");
}

TEST_CASE(
    "text query: words, phrases and prefixes, and a word that punctuation parts is a phrase") {
    const auto query =
        TextQuery::parse(" Drought \"Late  Blight\" toler* IRGC-1 \"a b\"* ").value();
    REQUIRE(query.terms.size() == 5);
    CHECK(query.terms[0].words == Words{"drought"});
    CHECK_FALSE(query.terms[0].is_prefix);
    CHECK(query.terms[1].words == Words{"late", "blight"});
    CHECK(query.terms[2].words == Words{"toler"});
    CHECK(query.terms[2].is_prefix);
    CHECK(query.terms[3].words == Words{"irgc", "1"});
    CHECK(query.terms[4].words == Words{"a", "b"});
    CHECK(query.terms[4].is_prefix);
    CHECK(TextQuery::parse("a - b").value().terms.size() == 2);
    CHECK(TextQuery::parse("").value().terms.empty());
    CHECK(TextQuery::parse(" \t ").value().terms.empty());
    CHECK(parse_error("drought \"late") == "open_quote");
    CHECK(parse_error("-- !") == "no_words");
    CHECK(parse_error("*") == "no_words");
    CHECK(parse_error("\"\"") == "no_words");
    CHECK(parse_error(field_separator) == "no_words");
    CHECK(parse_error(std::string(5000, 'a')) == "query_too_long");
    std::string many;
    for (int i = 0; i < 65; ++i) many += "w" + std::to_string(i) + " ";
    CHECK(parse_error(many) == "query_too_long");
}

TEST_CASE_TEMPLATE("search: all terms must match, phrases within one field, prefixes at its end",
                   Backend, SANGAM_BACKENDS) {
    Library<Backend> library;
    CHECK(library.found("blight") == "2 5 1");
    CHECK(library.found("BLIGHT resist*") == "1");
    CHECK(library.found("late blight") == "2 1");
    CHECK(library.found("\"late blight\"") == "1");  // 2 has the words in two fields
    CHECK(library.found("\"late bli\"*") == "1");
    CHECK(library.found("\"blight late\"").empty());
    CHECK(library.found("banos") == "1");
    CHECK(library.found("Baños") == "1");
    CHECK(library.found("drou* toler*") == "3");
    CHECK(library.found("nothing").empty());
    CHECK(library.found("jasmine basmati") == "6");
    CHECK(library.found("1990").empty());
    CHECK(library.found("AND OR NOT NEAR").empty());
    CHECK(library.found("words:drought").empty());
    require_sound(*library.node.store);
}

TEST_CASE_TEMPLATE("search: a number written as text is words, and its beginning finds it", Backend,
                   SANGAM_BACKENDS) {
    Library<Backend> library;
    write(*library.node.store, library.uid, "7", {put("latitude", "51.854722")});
    for (const char* query : {"51.854722", "51.8547*", "51*", "854722"}) {
        CAPTURE(query);
        CHECK(library.found(query) == "7");
    }
    for (const char* query : {"51.8547", "51.8548*", "1.8547*", "8547*1"}) {
        CAPTURE(query);
        CHECK(library.found(query).empty());
    }
    CHECK(library.found("51.8547*", {"latitude"}).empty());
}

TEST_CASE_TEMPLATE("search: a word in a hidden field neither matches nor ranks", Backend,
                   SANGAM_BACKENDS) {
    Library<Backend> library;
    CHECK(library.found("gold") == "5");
    CHECK(library.found("gold", {"secret"}).empty());
    CHECK(library.found("drought", {"secret"}) == "3 5 4");
    CHECK(library.found("blight", {"secret", "site"}) == "1");
    CHECK(library.found("blight", {"name.first"}) == "2 5 1");
    const auto scores = [&] {
        std::string out;
        for (const auto& hit :
             search_words(*library.node.store, library.uid, "drought", {Path::single("secret")}, 9)
                 .best)
            out += hit.key.id + "=" + std::to_string(hit.score) + " ";
        return out;
    };
    const auto before = scores();
    CHECK(before.find("5=") != std::string::npos);
    write(*library.node.store, library.uid, "5",
          {put("secret", "drought drought drought and a thousand other words")});
    CHECK(scores() == before);
}

TEST_CASE_TEMPLATE("search: totals are exact beyond the limit, and equal scores by key", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    std::vector<Edit> edits;
    for (int i = 0; i < 30; ++i)
        edits.push_back({germplasm(std::to_string(99 - i)), {}, {put("f", "same words")}, {}, {}});
    edits.push_back({{"study", "s1"}, {}, {put("f", "same words")}, {}, {}});
    write(*node.store, uid, edits);
    for (const auto& hidden : {std::vector<Path>{}, std::vector{Path::single("x")}}) {
        const auto result = search_words(*node.store, uid, "same", hidden, 3);
        CHECK(result.total == 31);
        REQUIRE(result.best.size() == 3);
        CHECK(result.best[0].key == germplasm("70"));
        CHECK(result.best[2].key == germplasm("72"));
        CHECK(node.store->reader()->record(result.best[0].number)->key == result.best[0].key);
        CHECK(search_words(*node.store, uid, "same", hidden, 0).total == 31);
        const auto all = search_words(*node.store, uid, "", hidden, 2);
        CHECK(all.total == 31);
        REQUIRE(all.best.size() == 2);
        CHECK(all.best[0].key == germplasm("70"));
        CHECK(all.best[0].score == 0);
    }
    CHECK(search_words(*node.store, DatasetUid{}, "", {}, 2).total == 0);
    CHECK(node.store->reader()->search({uid, {}}, {}).total == 0);
}

TEST_CASE_TEMPLATE("search: an edit moves a record from its old words to its new ones", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "old words"), put("_proposal.f.x", "proposed")});
    CHECK(found(*node.store, uid, "proposed").empty());
    write(*node.store, uid, "a", {put("f", "new words")});
    CHECK(found(*node.store, uid, "old").empty());
    CHECK(found(*node.store, uid, "new") == "a");
    write(*node.store, uid, "a", {unset("f")});
    CHECK(found(*node.store, uid, "words").empty());
    require_sound(*node.store);
    const auto other = own_dataset(node, first_manifest(node, plain_manifest("other")));
    write(*node.store, other, "b", {put("f", "new")});
    CHECK(found(*node.store, uid, "new").empty());
    CHECK(found(*node.store, other, "new") == "b");
    require_sound(*node.store);
}

TEST_CASE("search: both backends give the same scores") {
    Library<MemoryBackend> memory;
    Library<SqliteBackend> sqlite;
    for (const auto* text : {"drought", "blight", "late blight", "\"late blight\"", "dro*",
                             "tolerant drought", "resistance", "the"})
        for (const auto& hidden : {std::vector<Path>{}, std::vector{Path::single("secret")}}) {
            const auto a = search_words(*memory.node.store, memory.uid, text, hidden, 9);
            const auto b = search_words(*sqlite.node.store, sqlite.uid, text, hidden, 9);
            CHECK(a.statistics == b.statistics);
            CHECK(a.total == b.total);
            REQUIRE(a.best.size() == b.best.size());
            for (std::size_t i = 0; i < a.best.size(); ++i) {
                CHECK(a.best[i].key == b.best[i].key);
                CHECK(a.best[i].score == b.best[i].score);
                CHECK(a.best[i].counts == b.best[i].counts);
            }
        }
}

}  // namespace sangam::storage::testing
