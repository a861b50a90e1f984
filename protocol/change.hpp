// SPDX-License-Identifier: Apache-2.0
// A change: one author's write to one record, with a salted leaf for each field, so that any field
// can be withheld and the rest still be verified (SEMANTICS section 2, docs/protocol.md "Changes").
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"
#include "protocol/path.hpp"
#include "protocol/value.hpp"
#include "protocol/version_vector.hpp"

namespace sangam {

inline constexpr std::size_t max_change_bytes =
    4 * 1024 * 1024;  ///< wire format, of the whole form
/// What hiding or opening one field can add to a change's encoding: a leaf hash or a salt, with
/// its CBOR heads. A partial form may be that much longer for each of its leaves.
inline constexpr std::size_t max_bytes_added_per_leaf = 40;
inline constexpr std::size_t max_change_fields = 4096;  ///< wire format

/// A field put (a value) or removed (no value).
struct FieldWrite {
    Path path;
    std::optional<Value> value;
    friend bool operator==(const FieldWrite&, const FieldWrite&) = default;
};

/// A field of a change that the holder may see.
struct OpenField {
    FieldWrite write;
    Salt salt;
    friend bool operator==(const OpenField&, const OpenField&) = default;
};

/// A change as its author wrote it or as a holder has it, with fields withheld or not.
///
/// Two forms. *Whole*: `secret` is set, `fields` are all of them in path order, blind and salts
/// derive from the secret, `hidden_leaves` is empty. *Partial*: no secret; the blind and each open
/// field's salt are given; `hidden_leaves` (ascending) are the leaf hashes of the fields withheld.
/// A change has at least one field; a partial one may have no open field left, or nothing hidden (a
/// holder was given all salts, one view after another, but never the secret). What a decoded change
/// says of itself is not yet verified: its hash must be found under a signed commit (commit.hpp).
struct Change {
    RecordKey key;
    VersionVector context;
    std::optional<ChangeSecret> secret;
    Salt blind;                     ///< set in both forms
    std::vector<OpenField> fields;  ///< in path order, no path twice, salts set in both forms
    std::vector<Hash> hidden_leaves;

    /// Makes the whole form: sorts the writes by path, derives blind and salts. Refuses no fields,
    /// too many, a path twice, a path and its prefix, a value beyond the bounds, an empty or
    /// over-long key, invalid UTF-8.
    static Result<Change> make(RecordKey key, VersionVector context, std::vector<FieldWrite> writes,
                               const ChangeSecret& secret);

    [[nodiscard]] bool is_whole() const { return secret.has_value(); }
    [[nodiscard]] std::size_t leaf_count() const { return fields.size() + hidden_leaves.size(); }
    /// The write to that path, if it is open here.
    [[nodiscard]] const OpenField* find(const Path& path) const;

    /// The hash under the commit (dataset, lane, sequence); SEMANTICS section 2.
    [[nodiscard]] Hash hash(const DatasetUid& dataset, const Dot& dot) const;
    /// The same for a change from outside: refuses two equal leaves, which no author's whole form
    /// has.
    [[nodiscard]] Result<Hash> checked_hash(const DatasetUid& dataset, const Dot& dot) const;
    /// The partial form in which only fields for which `is_visible(path)` holds stay open.
    /// Reserved `_life` fields always stay open.
    template <class Predicate>
    [[nodiscard]] Change redacted(Predicate is_visible) const {
        Change out = *this;
        out.secret.reset();
        std::erase_if(out.fields, [&](const OpenField& field) {
            if (field.write.path == life_path() || is_visible(field.write.path)) return false;
            out.hidden_leaves.push_back(leaf(field));
            return true;
        });
        if (out.hidden_leaves.empty()) return *this;
        std::sort(out.hidden_leaves.begin(), out.hidden_leaves.end());
        return out;
    }
    /// The leaf hash of one open field.
    [[nodiscard]] static Hash leaf(const OpenField& field);

    /// The one encoding on wire and disk: CBOR array beginning with the form (1 whole, 2 partial).
    [[nodiscard]] Bytes encode() const;
    /// How long encode() is, without making it.
    [[nodiscard]] std::size_t encoded_size() const;
    /// Strict and canonical; checks every bound that make() checks.
    static Result<Change> decode(ByteView bytes);
    friend bool operator==(const Change&, const Change&) = default;

private:
    [[nodiscard]] Hash hash_over(const DatasetUid& dataset, const Dot& dot,
                                 const std::vector<Hash>& leaves) const;
};

}  // namespace sangam
