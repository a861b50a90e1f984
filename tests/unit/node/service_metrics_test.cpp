// SPDX-License-Identifier: Apache-2.0
// /healthz, /readyz and /metrics: what they say, to whom, and that their text is what Prometheus
// reads.
#include <regex>
#include <sstream>

#include "node/ingest/import_report.hpp"
#include "node/service/metrics.hpp"
#include "tests/unit/node/service_fixture.hpp"

#include <prometheus/metric_family.h>

using namespace sangam;
using namespace sangam::node;
using namespace sangam::node::test;

namespace {

/// The samples by their name with labels; fails the test on a line that is none.
std::map<std::string, double> samples_of(const std::string& text) {
    static const std::regex line_form(
        R"(([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\})?) (\S+))");
    std::map<std::string, double> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
        std::smatch match;
        REQUIRE_MESSAGE(std::regex_match(line, match, line_form), line);
        const bool is_new = out.emplace(match[1], std::stod(match[2])).second;
        CHECK_MESSAGE(is_new, "twice: ", line);
    }
    return out;
}

}  // namespace

TEST_CASE_FIXTURE(ServiceFixture, "service metrics: counts what was asked, searched and stored") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"drought"})").status == 200);
    REQUIRE(put("B", R"({"remarks":"drought"})").status == 200);
    REQUIRE(admin("GET", "/api/v1/search?q=drought").status == 200);
    CHECK(admin("GET", "/api/v1/nothing/at/all").status == 404);
    peers.table = {{"ipk", node, "connected", 5, Millis(0), ""},
                   {"cimmyt", node, "down", -1, Millis(0), "no answer"}};
    const auto answer = admin("GET", "/metrics");
    CHECK(answer.status == 200);
    CHECK(answer.response.content_type == "text/plain; version=0.0.4; charset=utf-8");
    auto samples = samples_of(answer.response.body);
    CHECK(samples[R"(sangam_dataset_records{dataset="irri/rice",holding="own"})"] == 2);
    CHECK(samples[R"(sangam_dataset_commits_total{dataset="irri/rice"})"] == 2);
    CHECK(samples[R"(sangam_open_conflicts{dataset="irri/rice"})"] == 0);
    CHECK(samples["sangam_search_duration_seconds_count"] == 1);
    CHECK(samples["sangam_searches_incomplete_total"] == 0);
    CHECK(samples[R"(sangam_peers{state="connected"})"] == 1);
    CHECK(samples[R"(sangam_peers{state="down"})"] == 1);
    CHECK(samples[R"(sangam_peers{state="refused"})"] == 0);
    CHECK(samples["sangam_peer_received_bytes_total"] == 700);
    CHECK(samples["sangam_peer_sent_bytes_total"] == 800);
    CHECK(samples[R"(sangam_registry_state{state="fresh"})"] == 1);
    CHECK(samples[R"(sangam_registry_state{state="expired"})"] == 0);
    CHECK(samples["sangam_registry_checkpoint_age_seconds"] == 1);
    CHECK(samples["process_resident_memory_bytes"] > 0);
    // Paths that somebody made up share one label.
    double unknown = 0;
    for (const auto& [name, value] : samples)
        if (name.find("route=\"none\"") != std::string::npos) unknown += value;
    CHECK(unknown == 1);
    CHECK(answer.response.body.find("nothing/at/all") == std::string::npos);
}

TEST_CASE_FIXTURE(ServiceFixture, "service metrics: every name and type is as Prometheus asks") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    std::istringstream lines(admin("GET", "/metrics").response.body);
    int families = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("# TYPE ")) continue;
        ++families;
        const auto space = line.rfind(' ');
        const auto name = line.substr(7, space - 7);
        const auto type = line.substr(space + 1);
        CHECK_MESSAGE((type == "counter") == name.ends_with("_total"), line);
        for (const char* unit : {"_ms", "_minutes", "_kilobytes", "_mib", "_percent"})
            CHECK_MESSAGE(name.find(unit) == std::string::npos, line);
        CHECK_MESSAGE((name.starts_with("sangam_") || name.starts_with("process_")), line);
    }
    CHECK(families > 20);
}

TEST_CASE_FIXTURE(ServiceFixture, "service metrics: the public sees no dataset that it may not") {
    make_dataset();
    CHECK(tcp("GET", "/metrics").status == 200);
    CHECK(tcp("GET", "/metrics").response.body.find("irri/rice") == std::string::npos);
    CHECK(tcp("GET", "/metrics", "false-token").status == 401);
    CHECK(tcp("GET", "/metrics", token("researcher")).response.body.find("irri/rice") !=
          std::string::npos);
    const auto is_told_after = [&](const std::string& grant) {
        REQUIRE(admin("POST", "/api/v1/grants", R"({"dataset":"rice","to":"public",)" + grant + "}")
                    .status == 200);
        return tcp("GET", "/metrics").response.body.find("irri/rice") != std::string::npos;
    };
    CHECK_FALSE(is_told_after(R"("can":["discover"])"));
    CHECK_FALSE(is_told_after(R"("can":["discover","search"],"where":"genus = 'Oryza'")"));
    CHECK_FALSE(is_told_after(R"("can":["discover","search"],"hide":["remarks"])"));
    CHECK(is_told_after(R"("can":["discover","search"])"));
    CHECK(tcp("GET", "/metrics", {}, {}, {{"host", "evil.example"}}).status == 403);
    CHECK(tcp("POST", "/metrics").status == 404);
}

TEST_CASE("metrics: an import's rows are counted by what became of them") {
    Metrics metrics;
    ingest::ImportReport report;
    report.written = 3;
    report.unchanged = 2;
    report.rejected = 1;
    metrics.rows_imported(report);
    metrics.rows_imported(report);
    auto samples = samples_of(metrics.text({}));
    CHECK(samples[R"(sangam_import_rows_total{result="written"})"] == 6);
    CHECK(samples[R"(sangam_import_rows_total{result="unchanged"})"] == 4);
    CHECK(samples[R"(sangam_import_rows_total{result="rejected"})"] == 2);
}

TEST_CASE("metrics: a search's time falls into its bucket") {
    Metrics metrics;
    metrics.search_ended(std::chrono::milliseconds(30), true);
    metrics.search_ended(std::chrono::seconds(3), false);
    auto samples = samples_of(metrics.text({}));
    CHECK(samples[R"(sangam_search_duration_seconds_bucket{le="0.025"})"] == 0);
    CHECK(samples[R"(sangam_search_duration_seconds_bucket{le="0.05"})"] == 1);
    CHECK(samples[R"(sangam_search_duration_seconds_bucket{le="+Inf"})"] == 2);
    CHECK(samples["sangam_searches_incomplete_total"] == 1);
}

TEST_CASE_FIXTURE(ServiceFixture, "service health: ready means that the directory is known, too") {
    CHECK(tcp("GET", "/healthz").status == 200);
    const auto ready = tcp("GET", "/readyz");
    CHECK(ready.status == 200);
    CHECK(ready.object().at("ready").as_bool());
    membership.freshness = sync::Freshness::none;
    const auto waiting = tcp("GET", "/readyz");
    CHECK(waiting.status == 503);
    CHECK_FALSE(waiting.object().at("ready").as_bool());
    for (const auto& check : waiting.object().at("checks").as_array())
        CHECK(check.at("ok").as_bool() == (check.at("name").as_string() != "registry"));
    CHECK(tcp("GET", "/healthz").status == 200);
    membership.freshness = sync::Freshness::expired;  // it goes on with what it knows
    CHECK(tcp("GET", "/readyz").status == 200);
    is_running = false;
    CHECK(tcp("GET", "/readyz").status == 503);
}
