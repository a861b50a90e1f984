// SPDX-License-Identifier: Apache-2.0
#include "registry/update_assembler.hpp"

#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;

TEST_CASE("update assembler: joins the chunks of a long directory, each small") {
    TestRegistry registry;
    std::vector<TestNode> nodes;
    for (std::uint8_t i = 1; i <= 40; ++i) {
        nodes.emplace_back(i);
        registry.member("member" + std::string(1, static_cast<char>('a' + i % 26)) +
                            std::to_string(2 + i % 7) + std::to_string(2 + i / 7),
                        nodes.back());
    }
    const auto keys = registry.service->roots().current().keys();
    UpdateAssembler assembler;
    Directory d = registry.client();
    std::uint64_t from = 0;
    int chunks = 0;
    for (bool done = false; !done; ++chunks) {
        auto chunk = registry.service->update_from(from, 2000);
        REQUIRE(chunk);
        std::size_t bytes = 0;
        for (const auto& e : chunk->entries) bytes += e.size();
        for (const auto& e : chunk->documents) bytes += e.size();
        CHECK(bytes <= 2000);
        auto whole = assembler.add(*chunk, keys);
        REQUIRE(whole);
        done = whole->has_value();
        if (done)
            REQUIRE(d.apply(**whole, start));
        else
            from = *assembler.wanted();
    }
    CHECK(chunks > 5);
    CHECK(d.tree_size() == 40);
    CHECK(d.missing_documents().empty());
    CHECK_FALSE(assembler.wanted());
}

TEST_CASE("update assembler: holds nothing for an unsigned checkpoint or beyond the signed size") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    registry.member("cimmyt", b);
    const auto keys = registry.service->roots().current().keys();
    UpdateAssembler assembler;
    auto chunk = *registry.service->update_from(0, 1);
    REQUIRE(chunk.entries.size() == 1);
    auto forged = chunk;
    forged.checkpoint.back() = 'x';
    CHECK_FALSE(assembler.add(forged, keys));
    CHECK_FALSE(assembler.wanted());
    REQUIRE(assembler.add(chunk, keys));
    CHECK(*assembler.wanted() == 1);
    auto too_long = *registry.service->update_from(1, 1);
    too_long.entries.push_back(too_long.entries[0]);
    CHECK(code_of(assembler.add(too_long, keys)) == "gap");
    CHECK_FALSE(assembler.wanted());
    // A chunk from elsewhere begins anew.
    REQUIRE(assembler.add(chunk, keys));
    REQUIRE(assembler.add(chunk, keys));
    CHECK(*assembler.wanted() == 1);
}
