// SPDX-License-Identifier: Apache-2.0
// The command line's parser: every command that is built parses as COMMANDS writes it, and what is
// not built is refused as unknown.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <sstream>

#include "node/cli/arguments.hpp"
#include "node/cli/cli.hpp"
#include "node/cli/help_text.hpp"

using namespace sangam;
using namespace sangam::node;

namespace {

struct Run {
    std::ostringstream out;
    std::ostringstream err;
    std::optional<int> code;
};

Run parse(const std::vector<std::string>& arguments) {
    Run run;
    cli::Terminal terminal{run.out, run.err};
    run.code = cli::parse_only(arguments, terminal,
                               [](const std::string&) { return std::optional<std::string>(); });
    return run;
}

/// Words divided by single spaces; '_' stands for a space inside a word.
std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string word; in >> word;) {
        for (char& c : word)
            if (c == '_') c = ' ';
        out.push_back(word);
    }
    return out;
}

}  // namespace

TEST_CASE("cli parsing: every command parses as it is documented") {
    for (const char* line :
         {"registry init --dir R --name Demo",
          "registry init --dir R --name Demo --root-keys 3 --threshold 2 --expiry 24h",
          "registry run --dir R --listen 127.0.0.1:0 --public-url http://r.example",
          "registry invite --dir R --institution irri --name IRRI --wiews PHL001 "
          "--ror https://ror.org/x --valid 7d --auto-approve",
          "registry members --dir R",
          "registry approve --dir R aa bb",
          "registry revoke --dir R --node aa --reason lost",
          "registry revoke --dir R --institution irri --reason left",
          "registry log verify --dir R",
          "registry log verify --url http://127.0.0.1:7410",
          "node init --dir D --name irri-1",
          "node join --dir D sangam-invite:abc",
          "node admit --dir D aa",
          "node run --dir D --peer-listen 127.0.0.1:0 --http-listen 127.0.0.1:0 "
          "--advertise a:1 --advertise b:2 --registry-poll 30s",
          "status --dir D",
          "status --dir D --watch",
          "token add --dir D --name web --role researcher --valid 90d",
          "token list --dir D",
          "token revoke --dir D web",
          "dataset create --dir D rice --title Rice --licence CC-BY-4.0 --writers a,b "
          "--merge f=latest --merge g=union --group coords=a,b --type yield=number",
          "dataset list --dir D --remote",
          "dataset set --dir D rice --title T --writers a --merge f=latest --type y=number",
          "dataset show --dir D rice",
          "import --dir D --dataset rice a.csv b.csv --collection germplasm --format csv --id ID "
          "--map A=b --map C=d --source s --encoding cp1252 --delimiter ; --missing NA --mirror "
          "--dry-run --rejects r.csv",
          "export --dir D --dataset irri/rice --format ndjson --out f",
          "put --dir D irri/rice/germplasm/1 a=b c:=[1,2] --unset d --unset e",
          "put --dir D irri/rice/germplasm/1 --unset d",
          "delete --dir D irri/rice/germplasm/1 --replaced-by irri/rice/germplasm/2",
          "restore --dir D irri/rice/germplasm/1",
          "get --dir D irri/rice/germplasm/1",
          "history --dir D irri/rice/germplasm/1",
          "verify --dir D --dataset rice",
          "grant add --dir D --dataset rice --to members --can discover,search,replicate",
          "grant list --dir D",
          "grant revoke --dir D 00ff",
          "subscribe --dir D irri/rice",
          "unsubscribe --dir D 00ff",
          "subscriptions --dir D",
          "holders --dir D rice",
          "search --dir D drought_tolerant --where genus_=_'Oryza' --facet genus --facet species "
          "--sort -score --limit 5 --page 2 --deadline 500ms --nodes a,b --require-complete",
          "search --dir D --local",
          "conflicts list --dir D --all --dataset rice",
          "conflicts show --dir D irri/rice/germplasm/1 remarks",
          "doctor --dir D"}) {
        const auto run = parse(words(line));
        CHECK_MESSAGE(!run.code.has_value(), line << ": " << run.err.str());
    }
}

TEST_CASE("cli parsing: --dir and --json stand anywhere behind sangam") {
    for (const char* line :
         {"--dir D --json status", "status --json --dir D", "grant --dir D list --json",
          "--json grant list --dir D", "get irri/rice/germplasm/1 --dir D --json"})
        CHECK_MESSAGE(!parse(words(line)).code.has_value(), line);
}

TEST_CASE("cli parsing: what comes with later work is not there") {
    for (const char* line :
         {"registry root new", "registry group x", "grant preview", "erase x/y/z/a",
          "bundle create", "backup", "stats", "attach", "search x --stream"}) {
        const auto run = parse(words(line));
        CHECK_MESSAGE(run.code == 2, line);
    }
}

TEST_CASE("cli parsing: a usage error is one message that names the command") {
    const auto run = parse({"grant", "add", "--dataset", "rice"});
    CHECK(run.code == 2);
    CHECK(run.out.str().empty());
    CHECK(run.err.str().find("sangam grant add") != std::string::npos);
    CHECK(run.err.str().find("--to") != std::string::npos);
}

TEST_CASE("cli parsing: an unknown command is named, with those that there are") {
    const auto run = parse({"registry", "frobnicate"});
    CHECK(run.code == 2);
    CHECK(run.err.str().find("frobnicate") != std::string::npos);
    CHECK(run.err.str().find("approve") != std::string::npos);
    CHECK(parse({}).code == 2);
    CHECK(parse({"grant"}).code == 2);
}

TEST_CASE("cli parsing: with --json a usage error is one document on standard output") {
    const auto run = parse({"grant", "add", "--json"});
    CHECK(run.code == 2);
    CHECK(run.err.str().empty());
    const auto document = boost::json::parse(run.out.str());
    const auto& error = document.at("error").as_object();
    for (const char* key : {"code", "message", "subject", "fix"}) CHECK(error.contains(key));
}

TEST_CASE(
    "cli parsing: words that look like options or commands are arguments where they must be") {
    CHECK(!parse({"search", "-without"}).code.has_value());
    CHECK(!parse({"search", "status"}).code.has_value());
    CHECK(!parse({"search", "--facet", "c", "drought"}).code.has_value());
    CHECK(!parse({"search", "--", "--where"}).code.has_value());
    CHECK(!parse({"get", "--", "a/b/c/-1"}).code.has_value());
    CHECK(!parse({"put", "a/b/c/d", "-x=1"}).code.has_value());
    CHECK(!parse({"import", "--dataset", "d", "f", "--missing", "-9", "--missing="})
               .code.has_value());
    CHECK(parse({"search", "two", "words"}).code == 2);
    CHECK(parse({"search", "--unknown"}).code == 2);
}

TEST_CASE("cli parsing: bad durations, roles and contradictions are usage errors") {
    CHECK(parse(words("search x --deadline 2")).code == 2);
    CHECK(parse(words("search x --deadline -2s")).code == 2);
    CHECK(parse(words("token add --name a --role king")).code == 2);
    CHECK(parse(words("search x --local --nodes a")).code == 2);
    CHECK(parse(words("registry revoke --reason x")).code == 2);
    CHECK(parse(words("registry revoke --node a --institution b --reason x")).code == 2);
}

TEST_CASE("cli help: long lines go on below their description, words stay whole") {
    const std::string option = "  --name TEXT                 one two three";
    CHECK(cli::wrap_help(option + "\n", 38) ==
          "  --name TEXT                 one two\n" + std::string(30, ' ') + "three\n");
    CHECK(cli::wrap_help("one two three", 8) == "one two\nthree");
    CHECK(cli::wrap_help("unbreakable", 4) == "unbreakable");
    CHECK(cli::wrap_help("", 4).empty());
    CHECK(cli::wrap_help("a\n\nb", 4) == "a\n\nb");
}

TEST_CASE("cli parsing: --help and --version answer on standard output with 0") {
    const auto help = parse({"grant", "add", "--help"});
    CHECK(help.code == 0);
    CHECK(help.out.str().find("--can") != std::string::npos);
    CHECK(parse({"--version"}).out.str().starts_with("sangam "));
    CHECK(parse({"--help"}).code == 0);
    for (const char* command : {"",
                                "registry",
                                "registry init",
                                "registry run",
                                "registry invite",
                                "node",
                                "node run",
                                "dataset create",
                                "dataset",
                                "import",
                                "export",
                                "put",
                                "get",
                                "grant add",
                                "grant",
                                "subscribe",
                                "search",
                                "conflicts resolve",
                                "status",
                                "token add",
                                "verify"}) {
        auto arguments = words(command);
        arguments.emplace_back("--help");
        std::istringstream text(parse(arguments).out.str());
        for (std::string line; std::getline(text, line);) CHECK_MESSAGE(line.size() <= 80, line);
    }
}

TEST_CASE("cli arguments: lists and assignments") {
    CHECK(cli::split_commas("a,b") == std::vector<std::string>{"a", "b"});
    for (const char* bad : {"", "a,", ",a", "a,,b"}) CHECK_MESSAGE(!cli::split_commas(bad), bad);
    CHECK(cli::split_assignment("A=b=c")->second == "b=c");
    CHECK(!cli::split_assignment("=b"));
    CHECK(!cli::split_assignment("ab"));
}
