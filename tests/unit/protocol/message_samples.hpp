// SPDX-License-Identifier: Apache-2.0
// One message of every type with no field left at its default, for tests and vectors.
#pragma once

#include <vector>

#include "protocol/messages/message.hpp"
#include "samples.hpp"

namespace sangam::samples {

inline std::vector<messages::Message> all_messages() {
    using namespace messages;
    const auto owner = key(1);
    SeededRandom random(50);
    const auto uid = random.draw<DatasetUid>();
    const auto subscription = random.draw<SubscriptionId>();
    const Bytes some_bytes{0xde, 0xad, 0xbe, 0xef};
    const Bytes control = SignedControl::sign(manifest_entry(owner), owner).encode();
    const Bytes part = commit(owner, 2).part().encode();
    return {
        Hello{.min_version = 1,
              .max_version = 3,
              .features = {"relay", "zstd"},
              .node = node_of(owner),
              .epoch = Epoch{0x0123456789abcdef},
              .clock_ms = 1'700'000'000'000,
              .software = "sangam/0.1.0",
              .registry_id = random.draw<Hash>(),
              .control = {{uid, "all", 4}, {uid, "members", 2}}},
        Abort{AbortCode::invalid_data, "commit 7 does not verify"},
        Ping{0x1122334455667788},
        Pong{0x1122334455667788},
        DirectoryOffer{42, some_bytes},
        DirectoryRequest{17},
        DirectoryUpdate{17, {some_bytes, {}}, some_bytes, {{1, 2, 3}}},
        ControlUpdate{uid, {control}},
        DatasetSummary{uid, 12'430},
        WriterHeads{uid,
                    {{lane(1, 9), Sequence{3}, random.draw<Hash>()},
                     {lane(2, 8), Sequence{70'000}, random.draw<Hash>()}}},
        WriterCommits{uid, {part}},
        Subscribe{subscription, uid, "crop = 'rice'", true, Epoch{5}, Epoch{6}, Position{99}},
        SubscribeReply{subscription, SubscribeReply::State::waiting, "no grant yet", true, Epoch{5},
                       12'430},
        Delivery{subscription,
                 3,
                 Position{120},
                 {part, some_bytes},
                 {{"germplasm", "6856B", WithdrawReason::grant_ended},
                  {"germplasm", "6856b", WithdrawReason::deleted}},
                 true,
                 12'429},
        DeliveryAck{subscription, 3, Position{120}, 12'000},
        Unsubscribe{subscription},
        SearchRequest{7,
                      "drought tolerant",
                      "acquisitionDate >= 1990",
                      20,
                      2000,
                      {"genus", "countryOfOrigin"},
                      "-acquisitionDate",
                      {uid},
                      "p-4711",
                      true,
                      {62'430, 9'001'234, {410, 77}}},
        SearchPart{7,
                   uid,
                   SearchPart::Source::replica,
                   120,
                   12'430,
                   50'000,
                   3'600'000,
                   {{"germplasm",
                     "6856B",
                     "Azucena",
                     3.25,
                     true,
                     {0xa0},
                     "…Azucena…",
                     "01990010119901231",
                     {2, 1},
                     145}},
                   {{"genus", "Oryza", 118}},
                   "the copy has only records where genus = 'Oryza'",
                   {12'430, 1'800'000, {130, 9}},
                   2},
        SearchDone{7, 1, "all parts are there"},
    };
}

}  // namespace sangam::samples
