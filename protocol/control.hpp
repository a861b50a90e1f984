// SPDX-License-Identifier: Apache-2.0
// The control log (SEMANTICS section 3): owner-signed, numbered, hash-chained entries of a dataset.
// One chain for all (manifests, later erasures) and one for each audience (its grants, their end).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"
#include "protocol/path.hpp"

namespace sangam {

inline constexpr std::size_t max_control_bytes = 512 * 1024;  ///< wire format, of an entry
inline constexpr std::size_t max_control_items = 4096;        ///< wire format, of each list in it
inline constexpr std::size_t max_control_text_bytes =
    4 * 1024;  ///< wire format; COMMANDS' conditions

/// Whom a grant is for.
struct Audience {
    enum class Kind { institution, group, members, everyone };
    Kind kind = Kind::members;
    InstitutionId institution;  ///< for Kind::institution
    std::string group;          ///< for Kind::group

    /// The chain of the control log that carries this audience's entries, and the audience's form
    /// under a signature: "institution/HEX", "group/NAME", "members", "public".
    [[nodiscard]] std::string chain() const;
    static Result<Audience> parse_chain(std::string_view chain);
    friend auto operator<=>(const Audience&, const Audience&) = default;
};

/// The chain that everybody who holds, writes or may discover the dataset gets.
inline constexpr std::string_view chain_for_all = "all";

/// What a grant lets its audience do (COMMANDS, "Rights in a word").
enum class Action : std::uint8_t {
    discover,   ///< see that the dataset exists, and its description
    search,     ///< match and show; includes discover
    aggregate,  ///< counts and statistics only; includes discover
    replicate,  ///< hold a copy; includes discover
};
[[nodiscard]] std::string_view to_text(Action action);
[[nodiscard]] Result<Action> action_from_text(std::string_view text);

/// How a dataset's fields are typed and merged; part of the manifest, so under its signature.
struct Schema {
    /// Which defaults of docs/protocol.md apply beneath what stands here (1: MCPD and BrAPI).
    std::uint32_t defaults = 1;
    std::map<std::string, std::string> types;       ///< field path text -> text|number|date|code
    std::map<std::string, std::string> strategies;  ///< field path or group -> strategy
    std::map<std::string, std::vector<std::string>> groups;  ///< group -> its field paths
    friend bool operator==(const Schema&, const Schema&) = default;
};

/// Ends what counts of a lane (SEMANTICS section 3). One with epoch 0, which no lane has, ends
/// every lane of the node that has no cut of its own, before its first commit: nobody knows under
/// which epochs a revoked key may still be used. Its sequence and hash are zero.
struct Cut {
    Lane lane;
    Sequence last{};
    Hash header_hash;
    friend auto operator<=>(const Cut&, const Cut&) = default;
};

/// What a dataset is, who owns it and who may write. The first one's entry hash is the dataset uid.
struct Manifest {
    InstitutionId owner;
    std::string name;  ///< the part after the slash of `irri/rice-genebank`
    std::string title;
    std::string licence;
    Hash nonce;                          ///< random: two datasets made alike are still two
    std::vector<InstitutionId> writers;  ///< besides the owner; ascending
    std::vector<Cut> cuts;               ///< ascending
    Schema schema;
    /// The cut that ends the lane; nullptr for none.
    [[nodiscard]] const Cut* cut_of(const Lane& lane) const;
    /// False for what lies beyond the lane's cut.
    [[nodiscard]] bool counts(const Lane& lane, Sequence sequence) const;
    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// What an owner lets an audience do with a dataset. A holder that does not know a key of a grant's
/// encoding refuses the entry: a restriction not understood must not become a permission.
struct Grant {
    GrantId id;
    Audience audience;
    std::set<Action> actions;
    std::string where;       ///< row condition in COMMANDS' language; empty: all rows
    std::vector<Path> hide;  ///< hidden fields and all below them; ascending
    friend bool operator==(const Grant&, const Grant&) = default;
    /// True when `action` is among the actions or included in one.
    [[nodiscard]] bool allows(Action action) const;
};

/// The end of a grant.
struct Revocation {
    GrantId grant;
    friend bool operator==(const Revocation&, const Revocation&) = default;
};

/// One entry of a chain.
struct ControlEntry {
    DatasetUid dataset;        ///< zero in the very first manifest, which names the dataset
    std::string chain;         ///< chain_for_all or Audience::chain()
    std::uint64_t number = 0;  ///< 1, 2, 3, ... in its chain
    Hash previous;             ///< hash of the entry before; zero for number 1
    Hlc hlc;
    NodeId author;  ///< a node of the owner institution
    std::variant<Manifest, Grant, Revocation> body;

    /// What decode() refuses, told before an entry is signed: bounds, order of lists, a body in a
    /// chain where it does not belong, a first entry with a predecessor.
    [[nodiscard]] Result<void> validate() const;
    [[nodiscard]] Bytes encode() const;
    static Result<ControlEntry> decode(ByteView bytes);
    [[nodiscard]] Hash hash() const;
    /// The dataset that it belongs to: `dataset`, or its own hash for the very first manifest.
    [[nodiscard]] DatasetUid dataset_uid() const;
    friend bool operator==(const ControlEntry&, const ControlEntry&) = default;
};

/// An entry under the author's signature.
struct SignedControl {
    ControlEntry entry;
    PublicKey key;
    Signature signature;

    static SignedControl sign(const ControlEntry& entry, const SigningKey& key);
    [[nodiscard]] bool has_valid_signature() const;
    [[nodiscard]] Bytes encode() const;
    static Result<SignedControl> decode(ByteView bytes);
    friend bool operator==(const SignedControl&, const SignedControl&) = default;
};

}  // namespace sangam
