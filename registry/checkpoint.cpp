// SPDX-License-Identifier: Apache-2.0
#include "registry/checkpoint.hpp"

#include <algorithm>
#include <charconv>

namespace sangam::registry {

std::string Checkpoint::text() const {
    return origin + "\n" + std::to_string(tree_size) + "\n" + to_base64(root_hash.view()) + "\n";
}

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
    const auto bad = [](std::string why) {
        return fail("bad_checkpoint", "a checkpoint " + why, {},
                    "this is no registry's checkpoint; check the address");
    };
    std::string_view lines[3];
    for (std::string_view& line : lines) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return bad("has fewer than three lines");
        line = text.substr(0, end);
        if (line.empty()) return bad("has an empty line");
        text.remove_prefix(end + 1);
    }
    if (!text.empty()) return bad("has lines after its root hash");
    Checkpoint out;
    out.origin = lines[0];
    const std::string_view size = lines[1];
    const auto [end, errc] = std::from_chars(size.data(), size.data() + size.size(), out.tree_size);
    if (errc != std::errc{} || end != size.data() + size.size() ||
        (size.size() > 1 && size[0] == '0'))
        return bad("has a tree size that is not a plain number");
    const auto bytes = from_base64(lines[2]);
    if (!bytes) return bad("has a root hash that is not base64");
    const auto hash = Hash::from_bytes(*bytes);
    if (!hash) return bad("has a root hash that is not 32 bytes");
    out.root_hash = *hash;
    return out;
}

CheckpointKeys checkpoint_keys(std::string_view origin, const PublicKey& log,
                               const PublicKey& freshness) {
    return {{std::string(origin), NoteKeyType::ed25519, log},
            {std::string(origin) + "/freshness", NoteKeyType::cosignature, freshness}};
}

SignedCheckpoint sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& log,
                                 const SigningKey& freshness, Millis time) {
    const auto keys = checkpoint_keys(checkpoint.origin, log.public_key(), freshness.public_key());
    SignedCheckpoint out;
    out.checkpoint = checkpoint;
    out.time_s = static_cast<std::uint64_t>(std::max<Millis::rep>(time.count(), 0) / 1000);
    Note note;
    note.text = checkpoint.text();
    note.signatures.push_back(sign_note(note.text, keys.log.name, log));
    note.signatures.push_back(cosign_note(note.text, keys.freshness.name, freshness, out.time_s));
    out.note = note.encode();
    return out;
}

Result<SignedCheckpoint> verify_checkpoint(std::string_view bytes, const CheckpointKeys& keys) {
    const auto note = Note::parse(bytes);
    if (!note) return std::unexpected(note.error());
    const auto checkpoint = Checkpoint::parse(note->text);
    if (!checkpoint) return std::unexpected(checkpoint.error());
    if (checkpoint->origin != keys.log.name)
        return fail("bad_checkpoint", "a checkpoint is of another log", checkpoint->origin,
                    "expected " + keys.log.name);
    if (const auto log = check_signature(*note, keys.log); !log)
        return std::unexpected(log.error());
    const auto freshness = check_signature(*note, keys.freshness);
    if (!freshness) return std::unexpected(freshness.error());
    return SignedCheckpoint{*checkpoint, freshness->time_s, std::string(bytes)};
}

}  // namespace sangam::registry
