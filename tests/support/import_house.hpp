// SPDX-License-Identifier: Apache-2.0
// A node with one dataset of its own, over a store in memory, for tests of import and export.
// Failures that a test does not look for are exceptions.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "node/ingest/exporter.hpp"
#include "node/ingest/importer.hpp"
#include "node/ingest/json.hpp"
#include "sync/merger.hpp"

namespace sangam::test {

using namespace sangam::node::ingest;

/// How a test imports passports.
inline ImportOptions mcpd_options(std::string dataset_text = "house/passports") {
    ImportOptions options;
    options.mapping.format = Format::mcpd;
    options.dataset_text = std::move(dataset_text);
    return options;
}

/// How a test imports BrAPI documents; without a collection each goes where its entities belong.
inline ImportOptions brapi_options(std::string collection = {},
                                   std::string dataset_text = "house/passports") {
    ImportOptions options;
    options.mapping.format = Format::brapi;
    options.mapping.collection = std::move(collection);
    options.dataset_text = std::move(dataset_text);
    return options;
}

// A node with one dataset of its own.
class ImportHouse {
public:
    explicit ImportHouse(const Schema& schema = {}) {
        init_crypto();
        seed_.fill(7);
        key_ = std::make_unique<SigningKey>(SigningKey::from_seed(seed_));
        random_ = std::make_unique<SeededRandom>(11);
        node_ = NodeId::from_bytes(key_->public_key().view()).value();
        store_ = storage::open_memory_store(
            Epoch{5}, storage::Author{node_, key_.get(), random_.get()}, merger_);
        ControlEntry entry;
        entry.chain = chain_for_all;
        entry.number = 1;
        entry.hlc = Hlc::of(1000, 0);
        entry.author = node_;
        Manifest manifest;
        manifest.owner = InstitutionId::from_bytes(node_.view()).value();
        manifest.name = "passports";
        manifest.title = "Passports";
        manifest.licence = "CC0-1.0";
        manifest.schema = schema;
        entry.body = manifest;
        dataset_ = entry.dataset_uid();
        const auto put = store_->put_control(dataset_, {SignedControl::sign(entry, *key_)},
                                             storage::Holding::own);
        require(put);
    }

    std::function<bool(const ImportProgress&)> on_progress;

    Result<ImportReport> try_import(const std::vector<ImportFile>& files,
                                    const ImportOptions& options) {
        ImportTarget target;
        target.store = store_.get();
        target.projector = &merger_;
        target.dataset = dataset_;
        target.now = [this] { return now_ += Millis(250); };
        target.on_progress = on_progress;
        return run_import(target, files, options);
    }
    ImportReport import(std::string_view text, const ImportOptions& options) {
        auto report = try_import({{"file.csv", text}}, options);
        require(report);
        return std::move(*report);
    }

    // The fields that a record shows; nothing when it is not there or deleted.
    std::map<std::string, std::string> fields(const std::string& collection,
                                              const std::string& id) const {
        std::map<std::string, std::string> out;
        const auto reader = store_->reader();
        const auto state = reader->record(dataset_, {collection, id});
        if (!state) return out;
        const auto merged = merger_.merge(reader->dataset(dataset_)->manifest, state->changes);
        if (merged.is_deleted) return out;
        for (const auto& [field, value] : merged.fields)
            out[field.text()] = value.is_text() ? std::string(value.text()) : to_json(value);
        return out;
    }

    // A person's change, based on the record as it is now.
    void put(const RecordKey& key, std::vector<FieldWrite> writes) {
        const auto state = store_->reader()->record(dataset_, key);
        storage::AuthorRequest request{dataset_, {}, std::nullopt, now_ += Millis(1)};
        storage::Edit edit;
        edit.key = key;
        if (state) edit.context = state->version;
        edit.writes = std::move(writes);
        request.edits.push_back(std::move(edit));
        const auto done = store_->author(request);
        require(done);
        if (!done->refused_deleted.empty()) throw std::runtime_error("the record is deleted");
    }
    void remove(const RecordKey& key) { put(key, {{life_path(), sync::deleted_value()}}); }
    void restore(const RecordKey& key) { put(key, {{life_path(), sync::restored_value()}}); }

    std::string export_as(ExportFormat format, const std::string& collection = {},
                          const std::string& dataset_text = "house/passports",
                          ExportReport* report = nullptr) const {
        std::string out;
        const auto reader = store_->reader();
        const auto manifest = reader->dataset(dataset_)->manifest;
        const RecordScan scan = [&](const std::function<bool(const RecordView&)>& visit) {
            reader->scan_records(dataset_, {}, nullptr, [&](const storage::RecordState& state) {
                const auto merged = merger_.merge(manifest, state.changes);
                return merged.is_deleted || visit(make_record_view(state.key, merged));
            });
        };
        const FieldModel model(manifest.schema);
        const ExportOptions options{format, collection, dataset_text, &model};
        const auto written = export_records(scan, options, [&](std::string_view text) {
            out += text;
            return true;
        });
        require(written);
        if (report) *report = *written;
        return out;
    }

    [[nodiscard]] std::uint64_t live_records() const {
        return store_->reader()->dataset(dataset_)->live_records;
    }
    [[nodiscard]] std::uint64_t stored_findings() const {
        return store_->reader()->findings_count();
    }

    [[nodiscard]] std::unique_ptr<storage::Reader> reader() const { return store_->reader(); }
    [[nodiscard]] const DatasetUid& dataset() const { return dataset_; }
    [[nodiscard]] Lane lane() const { return {node_, Epoch{5}}; }

private:
    template <class T>
    static void require(const Result<T>& result) {
        if (!result) throw std::runtime_error(result.error().text());
    }

    std::array<std::uint8_t, 32> seed_{};
    std::unique_ptr<SigningKey> key_;
    std::unique_ptr<SeededRandom> random_;
    NodeId node_;
    sync::Merger merger_;
    std::unique_ptr<storage::Store> store_;
    DatasetUid dataset_;
    Millis now_{1'000'000};
};

}  // namespace sangam::test
