// SPDX-License-Identifier: Apache-2.0
// Merging and conditions: what every record costs that is written, and every one that is looked at.
#include <benchmark/benchmark.h>

#include "protocol/condition.hpp"
#include "storage/condition_evaluation.hpp"
#include "sync/merger.hpp"
#include "tests/bench/bench_records.hpp"

using namespace sangam;

namespace {

storage::StoredChange stored(std::uint8_t node, Change change) {
    storage::StoredChange out;
    out.dot.lane.node.bytes[0] = node;
    out.dot.lane.epoch = Epoch{1};
    out.dot.sequence = Sequence{1};
    out.hlc = Hlc::of(1'700'000'000'000U + node, 0);
    out.change = std::move(change);
    return out;
}

/// The same record by as many writers, each with values of its own.
std::vector<storage::StoredChange> by_writers(std::size_t writers) {
    std::vector<storage::StoredChange> out;
    for (std::size_t i = 0; i < writers; ++i)
        out.push_back(stored(static_cast<std::uint8_t>(i + 1), bench::changes(1, i + 1).front()));
    return out;
}

void merge(benchmark::State& state) {
    const sync::Merger merger;
    const Manifest manifest;
    const auto live = by_writers(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(merger.project(manifest, live.front().change.key, live));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(merge)->Arg(1)->Arg(3);

void flatten(benchmark::State& state) {
    const sync::Merger merger;
    const Manifest manifest;
    const auto live = by_writers(1);
    const auto projection = merger.project(manifest, live.front().change.key, live);
    const auto type = [&](const Path& path) { return merger.type_of(manifest, path); };
    for (auto _ : state) benchmark::DoNotOptimize(storage::flat_record(projection, type));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(flatten);

void evaluate_condition(benchmark::State& state) {
    const sync::Merger merger;
    const auto live = by_writers(1);
    const auto record = storage::flat_record(merger, {}, live.front().change.key, live);
    const auto condition = Condition::parse(
                               "countryOfOriginCode IN ('IND', 'NPL') AND acquisitionDate >= "
                               "'1980' AND elevation > 500")
                               .value();
    for (auto _ : state) benchmark::DoNotOptimize(storage::evaluate(condition, record));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(evaluate_condition);

}  // namespace
