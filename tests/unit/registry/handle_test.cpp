// SPDX-License-Identifier: Apache-2.0
#include "registry/handle.hpp"

#include "registry_fixture.hpp"

using namespace sangam::registry;
using sangam::registry::testing::code_of;

TEST_CASE("handle: real institutes' handles pass") {
    for (const char* handle : {"irri", "cimmyt", "icrisat", "ipk-gatersleben", "usda-ars", "deu146",
                               "a1", "cgiar-2030", "abcdefghijklmnopqrstuvwxyz123456"})
        CHECK_MESSAGE(check_handle(handle), handle);
}

TEST_CASE("handle: other characters, lengths and words of the language are refused") {
    for (const char* handle : {"",
                               "a",
                               "abcdefghijklmnopqrstuvwxyz1234567",
                               "IRRI",
                               "1irri",
                               "-irri",
                               "irri-",
                               "ir ri",
                               "ir_ri",
                               "ir.ri",
                               "irri/rice",
                               "\xD1\x96rri",
                               "irr\xC3\xAD",
                               "members",
                               "public",
                               "pub1ic",
                               "pu-blic",
                               "group",
                               "everyone",
                               "all",
                               "sangam"})
        CHECK_MESSAGE(code_of(check_handle(handle)) == "bad_handle", handle);
}

TEST_CASE("handle: what is taken for one another has one skeleton, what is not has two") {
    const auto same = [](const char* a, const char* b) {
        return handle_skeleton(a) == handle_skeleton(b);
    };
    CHECK(same("irri", "irr1"));
    CHECK(same("irri", "irrl"));
    CHECK(same("irri", "ir-ri"));
    CHECK(same("cgiar-0", "cgiar-o"));
    CHECK(same("cimmyt", "cirnmyt"));
    CHECK(same("cimmyt", "clmmyt"));
    CHECK(same("warda", "vvarda"));
    CHECK(same("modern", "rnodem"));
    CHECK_FALSE(same("irri", "icri"));
    CHECK_FALSE(same("cimmyt", "cymmit"));
    CHECK_FALSE(same("ilri", "irri"));
}
