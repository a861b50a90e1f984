// SPDX-License-Identifier: Apache-2.0
// The log's tree head as a signed note (C2SP tlog-checkpoint.md), signed by the log key and, with
// the time, by the freshness key (SEMANTICS section 6: checkpoints have no expiry line of their
// own).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/hlc.hpp"
#include "registry/note.hpp"

namespace sangam::registry {

/// The three lines of a checkpoint.
struct Checkpoint {
    std::string origin;  ///< names the log; one line, not empty
    std::uint64_t tree_size = 0;
    Hash root_hash;

    [[nodiscard]] std::string text() const;
    /// Reads a note's text. Extension lines are refused: this log writes none, and what a client
    /// does not understand it must not trust.
    static Result<Checkpoint> parse(std::string_view text);
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// Whose signatures a checkpoint needs.
struct CheckpointKeys {
    VerifierKey log;        ///< type ed25519, its name is the origin
    VerifierKey freshness;  ///< type cosignature
};
/// The two verifier keys of a log with this origin.
[[nodiscard]] CheckpointKeys checkpoint_keys(std::string_view origin, const PublicKey& log,
                                             const PublicKey& freshness);

/// A checkpoint with both signatures found valid.
struct SignedCheckpoint {
    Checkpoint checkpoint;
    std::uint64_t time_s = 0;  ///< Unix time at which the freshness key saw this as the newest tree
    std::string note;          ///< its bytes as received, with all signature lines

    [[nodiscard]] Millis time() const { return Millis(static_cast<std::int64_t>(time_s) * 1000); }
    friend bool operator==(const SignedCheckpoint&, const SignedCheckpoint&) = default;
};

/// Signs with both keys. `time` is cut to whole seconds.
[[nodiscard]] SignedCheckpoint sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& log,
                                               const SigningKey& freshness, Millis time);
/// Parses and checks both signatures and the origin.
[[nodiscard]] Result<SignedCheckpoint> verify_checkpoint(std::string_view note,
                                                         const CheckpointKeys& keys);

}  // namespace sangam::registry
