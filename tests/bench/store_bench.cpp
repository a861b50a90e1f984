// SPDX-License-Identifier: Apache-2.0
// The store on a disk: authoring as an import does, and applying what a source sent.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "storage/store.hpp"
#include "sync/merger.hpp"
#include "tests/bench/bench_records.hpp"

using namespace sangam;

namespace {

constexpr std::size_t records_in_batch = 1000;

/// A benchmark of what failed would be a number of nothing.
template <class T>
void must(const Result<T>& done) {
    if (done) return;
    std::fprintf(stderr, "store_bench: %s\n", done.error().text().c_str());
    std::exit(1);
}

/// A store in a directory of its own with one dataset, which it owns.
class BenchStore {
public:
    explicit BenchStore(std::uint8_t seed)
        : key_(SigningKey::from_seed(Bytes(SigningKey::seed_size, seed))), random_(seed) {
        auto pattern = (std::filesystem::temp_directory_path() / "sangam-bench-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) std::abort();
        directory_ = pattern;
        store_ = storage::open_sqlite_store(directory_, {node(), &key_, &random_}, merger_);
    }
    ~BenchStore() {
        store_.reset();
        std::filesystem::remove_all(directory_);
    }
    BenchStore(const BenchStore&) = delete;
    BenchStore& operator=(const BenchStore&) = delete;

    [[nodiscard]] NodeId node() const {
        return NodeId::from_bytes(key_.public_key().view()).value();
    }
    SignedControl make_dataset() {
        ControlEntry entry;
        entry.chain = std::string(chain_for_all);
        entry.number = 1;
        entry.hlc = Hlc::of(1000, 0);
        Manifest manifest;
        manifest.owner = InstitutionId{node().bytes};
        manifest.name = "rice";
        manifest.title = "Rice";
        manifest.licence = "CC0-1.0";
        entry.body = manifest;
        return SignedControl::sign(entry, key_);
    }
    void take(const SignedControl& manifest, storage::Holding holding) {
        must(store_->put_control(manifest.entry.dataset_uid(), {manifest}, holding));
    }
    storage::Store& store() { return *store_; }

private:
    SigningKey key_;
    SeededRandom random_;
    sync::Merger merger_;
    std::string directory_;
    std::unique_ptr<storage::Store> store_;
};

storage::AuthorRequest batch(const DatasetUid& dataset, bench::RecordSource& source,
                             std::uint64_t first) {
    storage::AuthorRequest request;
    request.dataset = dataset;
    request.now = Millis(1'700'000'000'000);
    for (std::uint64_t n = first; n < first + records_in_batch; ++n) {
        storage::Edit edit;
        edit.key = source.key(n);
        edit.writes = source.next(n);
        request.edits.push_back(std::move(edit));
    }
    return request;
}

void author(benchmark::State& state) {
    BenchStore house(1);
    const auto manifest = house.make_dataset();
    house.take(manifest, storage::Holding::own);
    const auto dataset = manifest.entry.dataset_uid();
    bench::RecordSource source(1);
    std::uint64_t first = 0;
    for (auto _ : state) {
        state.PauseTiming();
        const auto request = batch(dataset, source, first);
        first += records_in_batch;
        state.ResumeTiming();
        must(house.store().author(request));
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * records_in_batch));
}
BENCHMARK(author)->Unit(benchmark::kMillisecond)->Iterations(20)->UseRealTime();

void apply_to_replica(benchmark::State& state) {
    BenchStore owner(1);
    BenchStore holder(2);
    const auto manifest = owner.make_dataset();
    const auto dataset = manifest.entry.dataset_uid();
    owner.take(manifest, storage::Holding::own);
    holder.take(manifest, storage::Holding::replica);
    bench::RecordSource source(1);
    std::uint64_t first = 0;
    Sequence sent{0};
    for (auto _ : state) {
        state.PauseTiming();
        must(owner.store().author(batch(dataset, source, first)));
        first += records_in_batch;
        storage::ApplyRequest request;
        request.dataset = dataset;
        request.now = Millis(1'700'000'000'000);
        request.institutions[owner.node()] = InstitutionId{owner.node().bytes};
        const Lane lane{owner.node(), owner.store().epoch()};
        for (auto& part : owner.store().reader()->commits(dataset, lane, sent, 1000)) {
            sent = part.signed_header.header.sequence;
            request.parts.push_back(
                VerifiedPart::verify(std::move(part), [](const NodeId&, const PublicKey&) {
                    return true;
                }).value());
        }
        state.ResumeTiming();
        must(holder.store().apply(request));
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * records_in_batch));
}
BENCHMARK(apply_to_replica)->Unit(benchmark::kMillisecond)->Iterations(20)->UseRealTime();

}  // namespace
