// SPDX-License-Identifier: Apache-2.0
#include "registry/invitation.hpp"

#include <algorithm>

#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;

namespace {

Invitation example() {
    init_crypto();
    SeededRandom random(1);
    return {"http://127.0.0.1:7410", random.draw<Hash>(), "irri", random.draw<InviteToken>()};
}

}  // namespace

TEST_CASE("invitation: survives mail, whole or not at all") {
    const Invitation invitation = example();
    const std::string text = invitation.text();
    CHECK(text.starts_with("sangam-invite:"));
    CHECK(text.find_first_of("+/= \n") == std::string::npos);
    CHECK(*Invitation::parse(text) == invitation);
    std::string wrapped;
    for (std::size_t i = 0; i < text.size(); ++i) {
        wrapped += text[i];
        if (i % 20 == 19) wrapped += "\r\n  ";
    }
    CHECK(*Invitation::parse("  " + wrapped + "\n") == invitation);
    for (std::size_t n = 0; n < text.size(); ++n) {
        CHECK(code_of(Invitation::parse(std::string_view(text).substr(0, n))) == "bad_invitation");
        std::string typo = text;
        typo[n] = typo[n] == 'A' ? 'B' : 'A';
        CHECK(code_of(Invitation::parse(typo)) == "bad_invitation");
    }
    CHECK(code_of(Invitation::parse(text + "A")) == "bad_invitation");
    CHECK(code_of(Invitation::parse(std::string(5000, 'x'))) == "bad_invitation");
    CHECK(code_of(Invitation::parse("sangam-invite:" + std::string(5000, 'A'))) ==
          "bad_invitation");
}

TEST_CASE("invitation: one without a token is shorter and reads back without one") {
    Invitation invitation = example();
    const std::size_t with_token = invitation.text().size();
    invitation.token = {};
    CHECK(invitation.text().size() < with_token);
    CHECK(Invitation::parse(invitation.text())->token.is_zero());
}

TEST_CASE("registry address: http and https with a host, without secrets or queries") {
    CHECK(*check_registry_url("http://127.0.0.1:7410/") == "http://127.0.0.1:7410");
    CHECK(*check_registry_url("https://registry.example.org/sangam//") ==
          "https://registry.example.org/sangam");
    for (const char* url :
         {"", "registry.example.org", "ftp://x", "http://", "http:///path", "http://:7410",
          "http://a b", "http://user@host", "http://host?x=1", "http://host#f", "http://h\nost"})
        CHECK_MESSAGE(code_of(check_registry_url(url)) == "bad_url", url);
}
