// SPDX-License-Identifier: Apache-2.0
// A directory's folder on disk (docs/registry-format.md, "The directory on a node's disk").
#include <algorithm>

#include "protocol/cbor.hpp"
#include "registry/directory.hpp"
#include "registry/tiles.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t directory_format = 1;

std::unexpected<Error> damaged_file(std::string what, std::string why) {
    return fail("bad_directory_file",
                "the stored directory does not read: " + what + ": " + std::move(why), {},
                "delete the directory folder; it is fetched anew");
}

}  // namespace

const std::vector<std::string>& Directory::file_names() {
    // The checkpoint comes last: it says how much of the rest counts.
    static const std::vector<std::string> names{"root.cbor", "log.entries", "documents.cbor",
                                                "notes.cbor", "checkpoint"};
    return names;
}

std::map<std::string, Bytes> Directory::files() const {
    std::map<std::string, Bytes> out;
    out["root.cbor"] = roots_.encode();
    Bytes& entries = out["log.entries"];
    for (const Bytes& entry : log_.entries()) append_framed(entries, entry);
    cbor::Writer documents;
    documents.array(1 + documents_.size());
    documents.unsigned_int(directory_format);
    for (const auto& [hash, document] : documents_) documents.bytes(document.encode());
    out["documents.cbor"] = documents.take();
    cbor::Writer notes;
    notes.array(3);
    notes.unsigned_int(directory_format);
    notes.array(not_before_.size());
    for (const auto& [index, time] : not_before_) {
        notes.array(2);
        notes.unsigned_int(index);
        notes.unsigned_int(static_cast<std::uint64_t>(time.count()));
    }
    notes.array(split_views_.size());
    for (const SplitView& view : split_views_) {
        notes.array(3);
        notes.text(view.held);
        notes.text(view.other);
        notes.unsigned_int(static_cast<std::uint64_t>(view.seen.count()));
    }
    out["notes.cbor"] = notes.take();
    out["checkpoint"] =
        checkpoint_ ? Bytes(checkpoint_->note.begin(), checkpoint_->note.end()) : Bytes{};
    return out;
}

Result<Directory> Directory::load(const std::map<std::string, Bytes>& files) {
    const auto content = [&](const char* name) {
        const auto found = files.find(name);
        return found == files.end() ? ByteView{} : ByteView(found->second);
    };
    auto roots = RootChain::verify_own(content("root.cbor"));
    if (!roots) return damaged_file("root.cbor", roots.error().text());
    Directory out(std::move(*roots));

    if (const ByteView notes = content("notes.cbor"); !notes.empty()) {
        cbor::Reader in(notes);
        if (in.array() != 3 || in.unsigned_int() != directory_format)
            in.set_failed("not of format 1");
        const std::size_t floors = in.array();
        for (std::size_t i = 0; i < floors && !in.failed(); ++i) {
            if (in.array() != 2) in.set_failed("not [index, time]");
            const auto index = in.unsigned_int();
            const auto time = in.unsigned_int();
            if (time >> 48 != 0) in.set_failed("time out of range");
            out.not_before_[index] = Millis(static_cast<std::int64_t>(time));
        }
        const std::size_t views = in.array();
        for (std::size_t i = 0; i < views && !in.failed(); ++i) {
            if (in.array() != 3) in.set_failed("not [held, other, time]");
            SplitView view;
            view.held = in.text();
            view.other = in.text();
            const auto time = in.unsigned_int();
            if (time >> 48 != 0) in.set_failed("time out of range");
            view.seen = Millis(static_cast<std::int64_t>(time));
            out.split_views_.push_back(std::move(view));
        }
        if (auto done = in.finish(); !done) return damaged_file("notes.cbor", done.error().message);
    }

    const ByteView note = content("checkpoint");
    if (note.empty()) return out;
    // A root document may have come with new keys after the checkpoint that is held.
    Result<SignedCheckpoint> checkpoint = fail("unsigned", "no root document");
    for (const SignedRoot& root : out.roots_.roots()) {
        auto by_these = verify_checkpoint(as_text(note), root.document.keys());
        if (by_these || !checkpoint) checkpoint = std::move(by_these);
    }
    if (!checkpoint) return damaged_file("checkpoint", checkpoint.error().text());
    FramedEntries framed = read_framed(content("log.entries"));
    const std::uint64_t size = checkpoint->checkpoint.tree_size;
    if (framed.entries.size() < size)
        return damaged_file("log.entries", "it holds " + std::to_string(framed.entries.size()) +
                                               " of " + std::to_string(size) + " entries");
    // More were written before a crash; the checkpoint for them was not.
    framed.entries.resize(size);
    for (Bytes& entry : framed.entries) out.log_.append(std::move(entry));
    if (out.log_.root() != checkpoint->checkpoint.root_hash)
        return damaged_file("log.entries", "it does not lead to the signed root");
    const auto entries = out.decode_entries(0);
    if (!entries) return std::unexpected(entries.error());
    out.checkpoint_ = std::move(*checkpoint);
    for (std::size_t i = 0; i < entries->size(); ++i) out.take_entry(i, (*entries)[i]);

    if (const ByteView documents = content("documents.cbor"); !documents.empty()) {
        cbor::Reader in(documents);
        const std::size_t count = in.array();
        if (in.unsigned_int() != directory_format) in.set_failed("not of format 1");
        for (std::size_t i = 1; i < count && !in.failed(); ++i) {
            const ByteView encoded = in.bytes();
            // Documents newer than the checkpoint are strays here and come again.
            if (!in.failed()) out.take_document(encoded, DocumentSource::own_disk);
        }
        if (auto done = in.finish(); !done)
            return damaged_file("documents.cbor", done.error().message);
    }
    return out;
}

}  // namespace sangam::registry
