// SPDX-License-Identifier: Apache-2.0
#include "registry/note.hpp"

#include <algorithm>
#include <array>

namespace sangam::registry {
namespace {

constexpr std::string_view em_dash_space = "\xE2\x80\x94 ";
constexpr std::size_t key_id_bytes = 4;
constexpr std::size_t time_bytes = 8;

std::array<std::uint8_t, key_id_bytes> id_bytes(std::uint32_t id) {
    return {static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16),
            static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
}

std::uint32_t id_from(ByteView bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

/// The UTF-8 forms of the characters beyond ASCII that Unicode calls White_Space.
constexpr std::string_view unicode_spaces[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

/// What a cosignature/v1 signs.
std::string cosigned_text(std::string_view text, std::uint64_t time_s) {
    std::string out = "cosignature/v1\ntime " + std::to_string(time_s) + "\n";
    out += text;
    return out;
}

Result<NoteSignature> parse_line(std::string_view line) {
    const auto bad = [&](std::string why) {
        return fail("bad_note", "a signature line of a signed note " + why,
                    std::string(line.substr(0, 100)));
    };
    if (!line.starts_with(em_dash_space)) return bad("does not begin with an em dash and a space");
    line.remove_prefix(em_dash_space.size());
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return bad("has no signature after the name");
    NoteSignature out;
    out.name = line.substr(0, space);
    if (!is_key_name(out.name)) return bad("has a name that no key may have");
    auto bytes = from_base64(line.substr(space + 1));
    if (!bytes) return bad("is not base64: " + bytes.error().message);
    if (bytes->size() <= key_id_bytes) return bad("holds no signature");
    out.key_id = id_from(*bytes);
    out.signature.assign(bytes->begin() + key_id_bytes, bytes->end());
    return out;
}

}  // namespace

std::uint32_t VerifierKey::id() const {
    const std::uint8_t separator[] = {0x0A, static_cast<std::uint8_t>(type)};
    const Hash hash = sha256({as_bytes(name), separator, key.view()});
    return id_from(hash.view());
}

std::string VerifierKey::text() const {
    Bytes material{static_cast<std::uint8_t>(type)};
    material.insert(material.end(), key.bytes.begin(), key.bytes.end());
    return name + "+" + to_hex(id_bytes(id())) + "+" + to_base64(material);
}

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
    const auto bad = [&](std::string why) {
        return fail("bad_verifier_key", "a verifier key " + why, std::string(text.substr(0, 200)),
                    "expected NAME+HASH+BASE64");
    };
    const auto first = text.find('+');
    // Base64 may itself hold '+': only the first two separate.
    const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return bad("has fewer than three parts");
    VerifierKey out;
    out.name = text.substr(0, first);
    if (!is_key_name(out.name)) return bad("has a name that no key may have");
    const std::string_view hash_text = text.substr(first + 1, second - first - 1);
    auto material = from_base64(text.substr(second + 1));
    if (!material) return bad("has a third part that is not base64");
    if (material->size() != 1 + PublicKey::size) return bad("does not hold an Ed25519 key");
    const std::uint8_t type = material->front();
    if (type != static_cast<std::uint8_t>(NoteKeyType::ed25519) &&
        type != static_cast<std::uint8_t>(NoteKeyType::cosignature))
        return bad("has the unknown type " + std::to_string(type));
    out.type = static_cast<NoteKeyType>(type);
    std::copy(material->begin() + 1, material->end(), out.key.bytes.begin());
    if (hash_text != to_hex(id_bytes(out.id()))) return bad("has a hash that is not its key's");
    return out;
}

bool is_key_name(std::string_view name) {
    if (name.empty() || !is_utf8(name)) return false;
    for (const char c : name)
        if (static_cast<unsigned char>(c) <= 0x20 || c == '+') return false;
    return std::ranges::none_of(unicode_spaces, [&](std::string_view space) {
        return name.find(space) != std::string_view::npos;
    });
}

std::string Note::encode() const {
    std::string out = text + "\n";
    for (const NoteSignature& s : signatures) {
        const auto id = id_bytes(s.key_id);
        Bytes bytes(id.begin(), id.end());
        bytes.insert(bytes.end(), s.signature.begin(), s.signature.end());
        out += em_dash_space;
        out += s.name + " " + to_base64(bytes) + "\n";
    }
    return out;
}

Result<Note> Note::parse(std::string_view bytes) {
    const auto bad = [](std::string why) { return fail("bad_note", "a signed note " + why); };
    if (bytes.size() > max_note_bytes)
        return bad("is longer than " + std::to_string(max_note_bytes) + " bytes");
    if (!is_utf8(bytes)) return bad("is not UTF-8");
    if (std::ranges::any_of(
            bytes, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }))
        return bad("holds a control character");
    const auto blank = bytes.rfind("\n\n");
    if (blank == std::string_view::npos) return bad("has no blank line before its signatures");
    Note out;
    out.text = bytes.substr(0, blank + 1);
    std::string_view rest = bytes.substr(blank + 2);
    if (rest.empty()) return bad("has no signature");
    while (!rest.empty()) {
        if (out.signatures.size() == max_note_signatures)
            return bad("has more than " + std::to_string(max_note_signatures) + " signatures");
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) return bad("does not end in a newline");
        auto line = parse_line(rest.substr(0, end));
        if (!line) return std::unexpected(line.error());
        out.signatures.push_back(std::move(*line));
        rest.remove_prefix(end + 1);
    }
    return out;
}

NoteSignature sign_note(std::string_view text, std::string_view name, const SigningKey& key) {
    const VerifierKey verifier{std::string(name), NoteKeyType::ed25519, key.public_key()};
    const Signature signature = key.sign("", as_bytes(text));
    return {verifier.name, verifier.id(), Bytes(signature.bytes.begin(), signature.bytes.end())};
}

NoteSignature cosign_note(std::string_view text, std::string_view name, const SigningKey& key,
                          std::uint64_t time_s) {
    const VerifierKey verifier{std::string(name), NoteKeyType::cosignature, key.public_key()};
    const Signature signature = key.sign("", as_bytes(cosigned_text(text, time_s)));
    Bytes bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::uint8_t>(time_s >> shift));
    bytes.insert(bytes.end(), signature.bytes.begin(), signature.bytes.end());
    return {verifier.name, verifier.id(), std::move(bytes)};
}

Result<NoteStatement> check_signature(const Note& note, const VerifierKey& key) {
    const std::uint32_t id = key.id();
    bool found = false;
    NoteStatement out;
    for (const NoteSignature& s : note.signatures) {
        if (s.name != key.name || s.key_id != id) continue;
        const auto bad = [&](std::string why) {
            return fail("bad_signature", "the signature by " + key.name + " " + why, key.text(),
                        "the note was damaged or forged; fetch it again");
        };
        ByteView bytes = s.signature;
        std::uint64_t time_s = 0;
        std::string text = note.text;
        if (key.type == NoteKeyType::cosignature) {
            if (bytes.size() != time_bytes + Signature::size) return bad("has the wrong length");
            for (std::size_t i = 0; i < time_bytes; ++i) time_s = time_s << 8 | bytes[i];
            if (time_s >> 63 != 0) return bad("names a time beyond the format");
            bytes = bytes.subspan(time_bytes);
            text = cosigned_text(note.text, time_s);
        }
        const auto signature = Signature::from_bytes(bytes);
        if (!signature) return bad("has the wrong length");
        if (!verify_signature(key.key, "", as_bytes(text), *signature)) return bad("does not hold");
        found = true;
        out.time_s = std::max(out.time_s, time_s);
    }
    if (!found)
        return fail("unsigned", "a note has no signature by " + key.name, key.text(),
                    "the signer's key changed, or this is another log's note");
    return out;
}

}  // namespace sangam::registry
