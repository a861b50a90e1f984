// SPDX-License-Identifier: Apache-2.0
// Signed notes (C2SP signed-note.md) and the timestamped cosignature/v1 (C2SP tlog-cosignature.md):
// the text form of everything that the log key and the freshness key sign.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/crypto.hpp"
#include "protocol/error.hpp"
#include "protocol/ids.hpp"

namespace sangam::registry {

/// The signature types of signed-note.md that Sangam verifies; lines of other types are kept and
/// ignored.
enum class NoteKeyType : std::uint8_t {
    ed25519 = 0x01,      ///< Ed25519 over the note text
    cosignature = 0x04,  ///< Ed25519 over time and note text
};

/// Who signs a note, as a client is configured with it: "name+hash+base64".
struct VerifierKey {
    std::string name;  ///< not empty, no white space, no '+'
    NoteKeyType type = NoteKeyType::ed25519;
    PublicKey key;

    /// First four bytes, big-endian, of SHA-256(name || 0x0A || type || key).
    [[nodiscard]] std::uint32_t id() const;
    [[nodiscard]] std::string text() const;
    /// Refuses unknown types and an id that is not the one of name, type and key.
    static Result<VerifierKey> parse(std::string_view text);
    friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

/// One signature line. What the bytes are depends on the key.
struct NoteSignature {
    std::string name;
    std::uint32_t key_id = 0;
    Bytes signature;  ///< what follows the four bytes of the key id; not empty
    friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

/// Bounds of a note that is read; signed-note.md wants at least 16 signatures accepted.
inline constexpr std::size_t max_note_bytes = 128 * 1024;
inline constexpr std::size_t max_note_signatures = 64;

/// A text that ends in a newline and the signatures over it. A parsed note says nothing about
/// their validity: see check_signature().
struct Note {
    std::string text;
    std::vector<NoteSignature> signatures;

    [[nodiscard]] std::string encode() const;
    /// Refuses what is not UTF-8, control characters other than newline, a missing blank line, no
    /// signature, and lines of another form.
    static Result<Note> parse(std::string_view bytes);
    friend bool operator==(const Note&, const Note&) = default;
};

/// True for a name that may stand in a signature line.
[[nodiscard]] bool is_key_name(std::string_view name);

/// A signature of type ed25519 over `text`.
[[nodiscard]] NoteSignature sign_note(std::string_view text, std::string_view name,
                                      const SigningKey& key);
/// A cosignature/v1 over `text`, which must be a checkpoint's, as of `time_s` (Unix seconds).
[[nodiscard]] NoteSignature cosign_note(std::string_view text, std::string_view name,
                                        const SigningKey& key, std::uint64_t time_s);

/// What a valid signature states beside the text.
struct NoteStatement {
    std::uint64_t time_s = 0;  ///< of a cosignature; 0 for type ed25519
};
/// Looks for `key`'s signature in the note. Error "unsigned" when there is none by it,
/// "bad_signature" when one is there and false. With several by one key, all must hold and the
/// newest counts.
[[nodiscard]] Result<NoteStatement> check_signature(const Note& note, const VerifierKey& key);

}  // namespace sangam::registry
