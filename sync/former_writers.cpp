// SPDX-License-Identifier: Apache-2.0
#include "sync/former_writers.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "sync/policy.hpp"

namespace sangam::sync {
namespace {

/// Kind of the documents that say, by dataset and node, up to which manifest a node has shown to
/// have removed what it held as a writer.
constexpr const char* removed_kind = "removed_by_writer";

std::string document_key(const DatasetUid& dataset, const NodeId& node) {
    return dataset.hex() + "/" + node.hex();
}

bool has_confirmed(const storage::Reader& reader, const DatasetUid& dataset, const NodeId& node,
                   std::uint64_t end) {
    const auto document = reader.document(removed_kind, document_key(dataset, node));
    if (!document) return false;
    const auto text = as_text(*document);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number >= end;
}

}  // namespace

std::vector<FormerWriter> unconfirmed_former_writers(const storage::Reader& reader,
                                                     const DirectoryView& directory,
                                                     const DatasetUid& dataset) {
    struct Writing {
        bool writes = false;
        std::uint64_t end = 0;
        Millis since{};
    };
    std::map<InstitutionId, Writing> all;
    for (const SignedControl& signed_entry :
         reader.control(dataset, std::string(chain_for_all), 0)) {
        const auto* manifest = std::get_if<Manifest>(&signed_entry.entry.body);
        if (!manifest) continue;
        for (auto& [institution, writing] : all) {
            if (!writing.writes || std::find(manifest->writers.begin(), manifest->writers.end(),
                                             institution) != manifest->writers.end())
                continue;
            writing = {false, signed_entry.entry.number,
                       Millis(static_cast<std::int64_t>(signed_entry.entry.hlc.unix_ms()))};
        }
        for (const InstitutionId& institution : manifest->writers) all[institution].writes = true;
    }
    std::vector<FormerWriter> out;
    for (const auto& [institution, writing] : all) {
        if (writing.writes) continue;
        auto nodes = directory.nodes_of(institution);
        const auto revoked = directory.revoked_nodes_of(institution);
        nodes.insert(nodes.end(), revoked.begin(), revoked.end());
        std::sort(nodes.begin(), nodes.end());
        for (const NodeId& node : nodes)
            if (!has_confirmed(reader, dataset, node, writing.end))
                out.push_back({institution, node, writing.since});
    }
    return out;
}

void note_shown_number(storage::Store& store, const DatasetUid& dataset,
                       const InstitutionId& institution, const NodeId& node, std::uint64_t number) {
    const auto reader = store.reader();
    const auto end = taken_out_at(*reader, dataset, institution);
    if (!end || number < *end || has_confirmed(*reader, dataset, node, *end)) return;
    store.put_document(removed_kind, document_key(dataset, node), as_bytes(std::to_string(*end)));
}

}  // namespace sangam::sync
