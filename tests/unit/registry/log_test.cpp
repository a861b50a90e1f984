// SPDX-License-Identifier: Apache-2.0
#include "registry/log.hpp"

#include "protocol/merkle.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;

namespace {

Log log_of(std::size_t size) {
    Log out;
    for (std::size_t i = 0; i < size; ++i) {
        const std::string text = "entry " + std::to_string(i);
        out.append(Bytes(text.begin(), text.end()));
    }
    return out;
}

std::vector<Hash> leaves_of(const Log& log, std::size_t size) {
    std::vector<Hash> out;
    for (std::size_t i = 0; i < size; ++i) out.push_back(merkle::leaf_hash(log.entry(i)));
    return out;
}

}  // namespace

TEST_CASE("log: roots and proofs of every size equal those of the plain tree, and verify") {
    init_crypto();
    constexpr std::size_t most = 35;
    const Log log = log_of(most);
    for (std::size_t n = 0; n <= most; ++n) {
        const auto leaves = leaves_of(log, n);
        REQUIRE(log.root_at(n) == merkle::root(leaves));
        for (std::size_t i = 0; i < n; ++i) {
            const auto path = log.inclusion_proof(i, n);
            REQUIRE(path == merkle::inclusion_proof(leaves, i));
            REQUIRE(merkle::verify_inclusion(leaves[i], i, n, path, log.root_at(n)));
        }
        for (std::size_t m = 1; m <= n; ++m) {
            const auto path = log.consistency_proof(m, n);
            REQUIRE(path == merkle::consistency_proof(leaves, m));
            REQUIRE(merkle::verify_consistency(m, n, log.root_at(m), log.root_at(n), path));
        }
    }
}

TEST_CASE("log: after truncating it grows as if the rest had never been") {
    init_crypto();
    for (std::size_t cut = 0; cut <= 20; ++cut) {
        Log log = log_of(20);
        log.truncate(cut);
        CHECK(log.size() == cut);
        for (std::size_t i = cut; i < 33; ++i) {
            const std::string text = "entry " + std::to_string(i);
            log.append(Bytes(text.begin(), text.end()));
        }
        CHECK(log.root() == log_of(33).root());
    }
}
