// SPDX-License-Identifier: Apache-2.0
// Codec, hashing and proofs: what every record costs that crosses a connection.
#include <benchmark/benchmark.h>

#include "protocol/merkle.hpp"
#include "tests/bench/bench_records.hpp"

using namespace sangam;

namespace {

constexpr std::size_t changes_in_commit = 512;

void count_changes(benchmark::State& state, std::size_t each) {
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * each));
}

void make_change(benchmark::State& state) {
    bench::RecordSource source(1);
    SeededRandom random(1);
    const auto writes = source.next(1);
    for (auto _ : state)
        benchmark::DoNotOptimize(
            Change::make(source.key(1), {}, writes, random.draw<ChangeSecret>()));
    count_changes(state, 1);
}
BENCHMARK(make_change);

void hash_change(benchmark::State& state) {
    const auto change = bench::changes(1).front();
    const Dot dot{};
    for (auto _ : state) benchmark::DoNotOptimize(change.hash({}, dot));
    count_changes(state, 1);
}
BENCHMARK(hash_change);

void encode_change(benchmark::State& state) {
    const auto change = bench::changes(1).front();
    for (auto _ : state) benchmark::DoNotOptimize(change.encode());
    count_changes(state, 1);
}
BENCHMARK(encode_change);

void decode_change(benchmark::State& state) {
    const auto bytes = bench::changes(1).front().encode();
    for (auto _ : state) benchmark::DoNotOptimize(Change::decode(bytes));
    count_changes(state, 1);
}
BENCHMARK(decode_change);

void build_and_sign_commit(benchmark::State& state) {
    const auto key = SigningKey::from_seed(Bytes(SigningKey::seed_size, 1));
    const auto made = bench::changes(changes_in_commit);
    CommitHeader header;
    header.lane = bench::bench_lane(key);
    header.sequence = Sequence{1};
    header.manifest_number = 1;
    for (auto _ : state) benchmark::DoNotOptimize(build_commit(header, made, key));
    count_changes(state, changes_in_commit);
}
BENCHMARK(build_and_sign_commit);

void decode_commit(benchmark::State& state) {
    const auto bytes = bench::commit(changes_in_commit).part().encode();
    for (auto _ : state) benchmark::DoNotOptimize(CommitPart::decode(bytes));
    count_changes(state, changes_in_commit);
}
BENCHMARK(decode_commit);

void verify_commit(benchmark::State& state) {
    const auto part = bench::commit(changes_in_commit).part();
    for (auto _ : state)
        benchmark::DoNotOptimize(
            VerifiedPart::verify(part, [](const NodeId&, const PublicKey&) { return true; }));
    count_changes(state, changes_in_commit);
}
BENCHMARK(verify_commit);

void prove_every_fourth(benchmark::State& state) {
    const auto whole = bench::commit(changes_in_commit);
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t i = 0; i < changes_in_commit; i += 4) chosen.push_back(i);
    for (auto _ : state)
        benchmark::DoNotOptimize(merkle::multiproof(whole.change_hashes(), chosen));
    count_changes(state, chosen.size());
}
BENCHMARK(prove_every_fourth);

}  // namespace
