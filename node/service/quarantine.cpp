// SPDX-License-Identifier: Apache-2.0
// What could not be applied and was set aside: listed, shown, and dropped by a person who has dealt
// with it.
#include "node/service/quarantine.hpp"

#include <boost/json/array.hpp>
#include <charconv>

#include "node/ingest/import_report.hpp"
#include "node/service/change_kind.hpp"
#include "node/service/json_value.hpp"
#include "node/service/verbs.hpp"
#include "protocol/commit.hpp"
#include "storage/types.hpp"
#include "sync/quarantine_keeper.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

/// The dataset by its name; by its uid where the store no longer knows it.
std::string name_of(const Call& call, const storage::Reader& reader, const DatasetUid& dataset) {
    const auto info = reader.dataset(dataset);
    return info ? call.dataset_text(info->manifest) : dataset.hex();
}

json::object item_document(const Call& call, const storage::Reader& reader,
                           const storage::QuarantineItem& item) {
    const auto part = CommitPart::decode(item.data);
    json::object out;
    out["id"] = item.id;
    out["dataset"] = name_of(call, reader, item.dataset);
    out["from"] = call.author_text(item.source);
    out["time"] = time_text(item.at);
    out["reason"] = item.reason;
    out["state"] = sync::may_pass(item.reason) ? "waits" : "stays";
    out["changes"] = part ? part->changes.size() : 0;
    out["bytes"] = item.data.size();
    return out;
}

json::object change_document(const std::string& dataset, const Change& change) {
    json::object fields;
    for (const auto& field : change.fields)
        fields[field.write.path.text()] =
            field.write.value ? to_json(*field.write.value) : json::value(nullptr);
    json::object out;
    out["record"] = ingest::record_text(dataset, change.key);
    out["kind"] = change_kind(change);
    out["fields"] = std::move(fields);
    out["hidden"] = change.hidden_leaves.size();
    return out;
}

Result<storage::QuarantineItem> find_item(const Call& call, const storage::Reader& reader) {
    const std::string& text = call.arguments[0];
    std::uint64_t id = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, id);
    if (error != std::errc{} || end != last || id == 0)
        return fail("bad_number", "the number of what was set aside is a whole number from 1", text,
                    "sangam quarantine list shows the numbers", ErrorKind::usage);
    auto items = reader.quarantine(1, id - 1);
    if (items.empty() || items.front().id != id)
        return fail("not_set_aside", "nothing is set aside under this number", text,
                    "sangam quarantine list shows what is", ErrorKind::not_found);
    return std::move(items.front());
}

}  // namespace

Result<Reply> list_quarantine(Call& call) {
    const auto reader = call.reader();
    std::optional<DatasetUid> only;
    if (const auto name = call.request.parameter("dataset")) {
        const auto info = call.find_dataset(*reader, *name);
        if (!info) return std::unexpected(info.error());
        only = info->uid;
    }
    json::array items;
    for_each_set_aside(*reader, [&](const storage::QuarantineItem& item) {
        if (!only || item.dataset == *only) items.push_back(item_document(call, *reader, item));
    });
    json::object document;
    document["items"] = std::move(items);
    return Reply(std::move(document));
}

Result<Reply> show_quarantined(Call& call) {
    const auto reader = call.reader();
    const auto item = find_item(call, *reader);
    if (!item) return std::unexpected(item.error());
    auto document = item_document(call, *reader, *item);
    const auto dataset = name_of(call, *reader, item->dataset);
    json::array changes;
    if (const auto part = CommitPart::decode(item->data)) {
        const auto& header = part->signed_header.header;
        json::object commit;
        commit["author"] = call.author_text(header.lane.node);
        commit["lane"] = header.lane.text();
        commit["sequence"] = raw(header.sequence);
        commit["time"] = time_text(Millis(static_cast<std::int64_t>(header.hlc.unix_ms())));
        document["commit"] = std::move(commit);
        for (const auto& change : part->changes)
            changes.push_back(change_document(dataset, change));
    }
    document["changes"] = std::move(changes);
    return Reply(std::move(document));
}

Result<Reply> drop_quarantined(Call& call) {
    const auto reader = call.reader();
    const auto item = find_item(call, *reader);
    if (!item) return std::unexpected(item.error());
    const bool is_own_work = item->reason.starts_with(storage::unaccepted_reason);
    if (sync::may_pass(item->reason) && !is_own_work)
        return fail("still_wanted",
                    "this waits for a clock or for the directory and is applied by itself then; "
                    "without it the copy would lack records",
                    std::to_string(item->id), "to be rid of the whole copy, sangam unsubscribe",
                    ErrorKind::refused);
    auto document = item_document(call, *reader, *item);
    call.context.store->remove_quarantine(item->id);
    return Reply(std::move(document));
}

}  // namespace sangam::node
