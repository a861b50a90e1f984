// SPDX-License-Identifier: Apache-2.0
#include "registry/note.hpp"

#include <doctest/doctest.h>

#include "registry/checkpoint.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;
using registry::testing::key_from;

namespace {

// The examples of C2SP signed-note.md, tlog-checkpoint.md and tlog-cosignature.md.
constexpr const char* example_key =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr const char* example_note =
    "This is an example message.\n"
    "\n"
    "\xE2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";
constexpr const char* example_cosigned =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\xE2\x80\x94 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8="
    "\n"
    "\xE2\x80\x94 witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/"
    "zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

}  // namespace

TEST_CASE("note: the published example verifies under its published key") {
    init_crypto();
    const auto key = VerifierKey::parse(example_key);
    REQUIRE(key);
    CHECK(key->text() == example_key);
    CHECK(key->id() == 0x530d903a);
    const auto note = Note::parse(example_note);
    REQUIRE(note);
    CHECK(note->text == "This is an example message.\n");
    CHECK(note->encode() == example_note);
    CHECK(check_signature(*note, *key));

    auto other = *note;
    other.text = "This is another message.\n";
    CHECK(code_of(check_signature(other, *key)) == "bad_signature");
}

TEST_CASE("note: the published cosigned checkpoint reads and writes byte for byte") {
    const auto note = Note::parse(example_cosigned);
    REQUIRE(note);
    CHECK(note->encode() == example_cosigned);
    REQUIRE(note->signatures.size() == 2);
    CHECK(note->signatures[1].name == "witness.example.com/w1");
    CHECK(note->signatures[1].signature.size() == 8 + Signature::size);
    // The timestamp that tlog-cosignature.md shows in its signed message.
    std::uint64_t time = 0;
    for (int i = 0; i < 8; ++i) time = time << 8 | note->signatures[1].signature[i];
    CHECK(time == 1679315147);
    const auto checkpoint = Checkpoint::parse(note->text);
    REQUIRE(checkpoint);
    CHECK(checkpoint->tree_size == 20852163);
    CHECK(checkpoint->origin == "example.com/behind-the-sofa");
    CHECK(checkpoint->text() == note->text);
}

TEST_CASE("note: a cosignature covers its time and the text") {
    const SigningKey key = key_from(1);
    const std::string text = "origin\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    Note note{text, {cosign_note(text, "w", key, 1679315147)}};
    const VerifierKey verifier{"w", NoteKeyType::cosignature, key.public_key()};
    const auto statement = check_signature(note, verifier);
    REQUIRE(statement);
    CHECK(statement->time_s == 1679315147);
    // The message as the document spells it.
    const std::string message = "cosignature/v1\ntime 1679315147\n" + text;
    Signature signature;
    std::copy(note.signatures[0].signature.begin() + 8, note.signatures[0].signature.end(),
              signature.bytes.begin());
    CHECK(verify_signature(key.public_key(), "", as_bytes(message), signature));

    note.signatures[0].signature[7] ^= 1;
    CHECK(code_of(check_signature(note, verifier)) == "bad_signature");
}

TEST_CASE("note: an unknown signer is ignored, a false line by a known one is not") {
    const SigningKey known = key_from(1);
    const SigningKey stranger = key_from(2);
    const std::string text = "hello\n";
    const VerifierKey verifier{"known", NoteKeyType::ed25519, known.public_key()};
    Note note{text, {sign_note(text, "stranger", stranger)}};
    CHECK(code_of(check_signature(note, verifier)) == "unsigned");
    note.signatures.push_back(sign_note(text, "known", known));
    CHECK(check_signature(note, verifier));
    note.signatures.push_back(sign_note("other\n", "known", known));
    CHECK(code_of(check_signature(note, verifier)) == "bad_signature");
    // The same name with another key is another signer.
    Note impostor{text, {sign_note(text, "known", stranger)}};
    CHECK(code_of(check_signature(impostor, verifier)) == "unsigned");
}

TEST_CASE("note: what signed-note.md forbids is refused") {
    CHECK(code_of(Note::parse("")) == "bad_note");
    CHECK(code_of(Note::parse("text\n\n")) == "bad_note");
    CHECK(code_of(Note::parse("text\n\n- name c2lnbmF0dXJl\n")) == "bad_note");
    CHECK(code_of(Note::parse("text\n\n\xE2\x80\x94 name c2ln\n")) == "bad_note");  // no signature
    CHECK(code_of(Note::parse("text\n\n\xE2\x80\x94 name c2lnbmF0dXJl")) == "bad_note");
    CHECK(code_of(Note::parse("te\tt\n\n\xE2\x80\x94 name c2lnbmF0dXJl\n")) == "bad_note");
    CHECK(code_of(Note::parse("te\xFFt\n\n\xE2\x80\x94 name c2lnbmF0dXJl\n")) == "bad_note");
    CHECK(code_of(Note::parse("text\n\n\xE2\x80\x94 na+me c2lnbmF0dXJl\n")) == "bad_note");
    CHECK(code_of(Note::parse("text\n\n\xE2\x80\x94 na\xC2\xA0me c2lnbmF0dXJl\n")) == "bad_note");
    CHECK(Note::parse("text\n\n\xE2\x80\x94 name c2lnbmF0dXJl\n"));
    // Empty lines belong to the text; the last one separates.
    const auto note = Note::parse("a\n\nb\n\n\xE2\x80\x94 name c2lnbmF0dXJl\n");
    REQUIRE(note);
    CHECK(note->text == "a\n\nb\n");
}

TEST_CASE("note: sixteen signatures are taken, a flood is not") {
    Note note{"text\n", {}};
    for (int i = 0; i < 16; ++i) note.signatures.push_back({"n", 1, Bytes(64, 7)});
    CHECK(Note::parse(note.encode()));
    note.signatures.resize(max_note_signatures + 1, note.signatures[0]);
    CHECK(code_of(Note::parse(note.encode())) == "bad_note");
}

TEST_CASE("verifier key: a wrong hash, type or length is refused") {
    CHECK(code_of(VerifierKey::parse("example.com/foo")) == "bad_verifier_key");
    CHECK(code_of(VerifierKey::parse(
              "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")) ==
          "bad_verifier_key");
    CHECK(code_of(VerifierKey::parse(
              "example.com/foo+530d903a+CekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")) ==
          "bad_verifier_key");
    CHECK(code_of(VerifierKey::parse("example.com/foo+530d903a+Aeky")) == "bad_verifier_key");
}

TEST_CASE("checkpoint: both signatures are needed, and the origin must be the log's") {
    const SigningKey log = key_from(1);
    const SigningKey freshness = key_from(2);
    const Checkpoint checkpoint{"sangam/test", 3, sha256(as_bytes("x"))};
    const auto made = sign_checkpoint(checkpoint, log, freshness, Millis(1'679'315'147'999));
    const auto keys = checkpoint_keys("sangam/test", log.public_key(), freshness.public_key());
    const auto good = verify_checkpoint(made.note, keys);
    REQUIRE(good);
    CHECK(good->checkpoint == checkpoint);
    CHECK(good->time_s == 1'679'315'147);

    auto note = Note::parse(made.note);
    REQUIRE(note);
    auto without = *note;
    without.signatures.pop_back();
    CHECK(code_of(verify_checkpoint(without.encode(), keys)) == "unsigned");
    without = *note;
    without.signatures.erase(without.signatures.begin());
    CHECK(code_of(verify_checkpoint(without.encode(), keys)) == "unsigned");
    CHECK(code_of(verify_checkpoint(made.note, checkpoint_keys("sangam/other", log.public_key(),
                                                               freshness.public_key()))) ==
          "bad_checkpoint");
    CHECK(
        code_of(verify_checkpoint(made.note, checkpoint_keys("sangam/test", freshness.public_key(),
                                                             log.public_key()))) == "unsigned");
}

TEST_CASE("checkpoint: lines that are not exactly its own are refused") {
    const std::string hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    CHECK(Checkpoint::parse("o\n0\n" + hash));
    CHECK(code_of(Checkpoint::parse("o\n00\n" + hash)) == "bad_checkpoint");
    CHECK(code_of(Checkpoint::parse("o\n-1\n" + hash)) == "bad_checkpoint");
    CHECK(code_of(Checkpoint::parse("o\n18446744073709551616\n" + hash)) == "bad_checkpoint");
    CHECK(code_of(Checkpoint::parse("\n0\n" + hash)) == "bad_checkpoint");
    CHECK(code_of(Checkpoint::parse("o\n0\nAAAA\n")) == "bad_checkpoint");
    CHECK(code_of(Checkpoint::parse("o\n0\n" + hash + "extension\n")) == "bad_checkpoint");
    CHECK(code_of(Checkpoint::parse("o\n0\n")) == "bad_checkpoint");
}

TEST_CASE("checkpoint: cut short or with any byte changed it is refused") {
    const auto made = sign_checkpoint({"sangam/test", 3, sha256(as_bytes("x"))}, key_from(1),
                                      key_from(2), Millis(1'679'315'147'000));
    const auto keys =
        checkpoint_keys("sangam/test", key_from(1).public_key(), key_from(2).public_key());
    for (std::size_t n = 0; n < made.note.size(); ++n) {
        CHECK_FALSE(verify_checkpoint(std::string_view(made.note).substr(0, n), keys));
        std::string changed = made.note;
        changed[n] ^= 1;
        CHECK_FALSE(verify_checkpoint(changed, keys));
    }
}
