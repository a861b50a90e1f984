// SPDX-License-Identifier: Apache-2.0
#include "sync/source_contacts.hpp"

#include "protocol/cbor.hpp"
#include "sync/limits.hpp"

namespace sangam::sync {
namespace {

/// Kind and key of the document: a list of [dataset uid, up_to_date, heard].
constexpr const char* contacts_kind = "source_contacts";
constexpr const char* contacts_key = "all";

Bytes encode_contacts(const SourceContactMap& contacts) {
    cbor::Writer writer;
    writer.array(contacts.size());
    for (const auto& [dataset, contact] : contacts) {
        writer.array(3);
        writer.bytes(dataset.view());
        writer.integer(contact.up_to_date.count());
        writer.integer(contact.heard.count());
    }
    return writer.take();
}

SourceContactMap decode_contacts(ByteView encoded) {
    SourceContactMap out;
    cbor::Reader reader(encoded);
    const std::size_t count = reader.array();
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        reader.array();
        const auto dataset = DatasetUid::from_bytes(reader.bytes());
        const Millis up_to_date{reader.integer()};
        const Millis heard{reader.integer()};
        if (dataset && !reader.failed()) out[*dataset] = {up_to_date, heard};
    }
    return out;
}

}  // namespace

SourceContacts::SourceContacts(storage::Store& store) : store_(store) {
    if (const auto document = store_.reader()->document(contacts_kind, contacts_key))
        all_ = decode_contacts(*document);
    saved_ = all_;
}

void SourceContacts::heard(const DatasetUid& dataset, Millis now) { all_[dataset].heard = now; }

void SourceContacts::confirmed(const DatasetUid& dataset, Millis now) {
    all_[dataset] = {now, now};
}

void SourceContacts::begun(const DatasetUid& dataset, Millis now) {
    SourceContact& contact = all_[dataset];
    if (contact.up_to_date == Millis{0}) contact.up_to_date = now;
}

void SourceContacts::forget(const DatasetUid& dataset) { all_.erase(dataset); }

void SourceContacts::tick(Millis now) {
    if (now - last_save_ < limits::heard_every) return;
    last_save_ = now;
    save();
}

void SourceContacts::save() {
    if (all_ == saved_) return;
    store_.put_document(contacts_kind, contacts_key, encode_contacts(all_));
    saved_ = all_;
}

void SourceContacts::clock_was_set(Millis step) {
    last_save_ += step;
    if (step > Millis{0}) return;
    for (auto& [dataset, contact] : all_)
        for (Millis* at : {&contact.up_to_date, &contact.heard})
            if (*at != Millis{0}) *at += step;
}

}  // namespace sangam::sync
