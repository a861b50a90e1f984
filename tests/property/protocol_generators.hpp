// SPDX-License-Identifier: Apache-2.0
// rapidcheck generators for the property tests of protocol/: values, paths, changes, commits.
// Everything that is random comes from rapidcheck, so that a failure shrinks and replays.
#pragma once

#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "protocol/commit.hpp"

namespace sangam::generators {

/// Valid UTF-8 of all lengths of characters, often short, often empty.
inline rc::Gen<std::string> text() {
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                            "a", "b", "Z", "0", ".", "\"", " ", "\n", "\\", "_", "\u00fc", "\u6c34",
                            "\U00010151", std::string(1, '\0'), "genus", "Oryza sativa")),
                        [](const std::vector<std::string>& pieces) {
                            std::string out;
                            for (const auto& piece : pieces) out += piece;
                            return out;
                        });
}

/// Every kind of number, those at the edges of an encoding more often than others.
inline rc::Gen<double> number() {
    return rc::gen::suchThat(
        rc::gen::oneOf(rc::gen::element(0.0, -0.0, 1.5, 65504.0, 65505.0, 5.960464477539063e-8, 1.1,
                                        26.183333000000001, 5e-324, 1e300),
                       rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                                    [](std::uint64_t bits) { return std::bit_cast<double>(bits); }),
                       rc::gen::map(rc::gen::arbitrary<float>(),
                                    [](float f) { return static_cast<double>(f); })),
        [](double d) { return std::isfinite(d); });
}

inline rc::Gen<Value> value(int depth = 3) {
    std::vector<rc::Gen<Value>> kinds;
    const auto leaf = rc::gen::oneOf(
        rc::gen::just(Value(nullptr)),
        rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Value(b); }),
        rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t i) { return Value(i); }),
        rc::gen::map(rc::gen::inRange<std::int64_t>(-300, 300),
                     [](std::int64_t i) { return Value(i); }),
        rc::gen::map(number(), [](double d) { return Value(d); }),
        rc::gen::map(text(), [](std::string s) { return Value(std::move(s)); }));
    if (depth == 0) return leaf;
    return rc::gen::oneOf(
        leaf, leaf,
        rc::gen::map(rc::gen::resize(6, rc::gen::container<Value::Array>(value(depth - 1))),
                     [](Value::Array a) { return Value(std::move(a)); }),
        rc::gen::map(
            rc::gen::resize(6, rc::gen::container<std::vector<std::pair<std::string, Value>>>(
                                   rc::gen::pair(text(), value(depth - 1)))),
            [](const std::vector<std::pair<std::string, Value>>& entries) {
                Value::Map map;
                for (const auto& [key, element] : entries) map[key] = element;
                return Value(std::move(map));
            }));
}

inline rc::Gen<Path> path() {
    return rc::gen::map(
        rc::gen::resize(4, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(text()))),
        [](std::vector<std::string> names) { return Path(std::move(names)); });
}

/// Bytes from a seed: what need not shrink (keys, secrets, hashes).
template <class Fixed>
Fixed fixed(std::uint64_t seed) {
    SeededRandom random(seed);
    return random.draw<Fixed>();
}

inline SigningKey key(std::uint64_t seed) {
    init_crypto();
    return SigningKey::from_seed(fixed<ChangeSecret>(seed).view());
}

inline rc::Gen<VersionVector> version_vector() {
    return rc::gen::map(
        rc::gen::resize(
            5,
            rc::gen::container<std::vector<std::tuple<std::uint8_t, std::uint64_t, std::uint64_t>>>(
                rc::gen::tuple(rc::gen::inRange<std::uint8_t>(0, 4),
                               rc::gen::arbitrary<std::uint64_t>(),
                               rc::gen::arbitrary<std::uint64_t>()))),
        [](const auto& entries) {
            VersionVector out;
            for (const auto& [node, epoch, sequence] : entries)
                out.add({{fixed<NodeId>(node), Epoch{epoch % 3}}, Sequence{sequence}});
            return out;
        });
}

/// Writes to paths of which none begins another.
inline std::vector<FieldWrite> writes() {
    const auto drawn = *rc::gen::resize(
        8, rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<Path, Value>>>(
               rc::gen::pair(path(), value(2)))));
    std::vector<FieldWrite> out;
    for (const auto& [p, v] : drawn) {
        const bool clashes = std::ranges::any_of(out, [&](const FieldWrite& w) {
            return p.is_at_or_below(w.path) || w.path.is_at_or_below(p);
        });
        if (clashes) continue;
        out.push_back({p, *rc::gen::element(false, false, true) ? std::nullopt : std::optional(v)});
    }
    return out;
}

/// A whole change to the record `id`.
inline Change change(std::string id, VersionVector context = {}) {
    auto out = Change::make({"germplasm", std::move(id)}, std::move(context), writes(),
                            fixed<ChangeSecret>(*rc::gen::arbitrary<std::uint64_t>()));
    RC_ASSERT(out.has_value());
    return *out;
}

/// The change with some fields hidden, which ones at random.
inline Change hidden_at_random(const Change& change) {
    return change.redacted([](const Path&) { return *rc::gen::arbitrary<bool>(); });
}

/// A commit of one to `most` changes.
inline VerifiedPart commit(std::uint32_t most) {
    const auto author = key(1);
    CommitHeader header;
    header.dataset = fixed<DatasetUid>(2);
    header.lane = {*NodeId::from_bytes(author.public_key().view()), Epoch{7}};
    header.sequence = Sequence{1};
    header.manifest_number = 1;
    header.manifest_hash = fixed<Hash>(3);
    header.hlc = Hlc{*rc::gen::arbitrary<std::uint64_t>()};
    std::vector<Change> changes;
    const auto count = *rc::gen::inRange<std::uint32_t>(1, most + 1);
    for (std::uint32_t i = 0; i < count; ++i) changes.push_back(change("r" + std::to_string(i)));
    auto out = build_commit(header, std::move(changes), author);
    RC_ASSERT(out.has_value());
    return *out;
}

/// A non-empty subset of 0..size-1, ascending.
inline std::vector<std::uint32_t> subset(std::uint32_t size) {
    std::vector<std::uint32_t> out;
    for (std::uint32_t i = 0; i < size; ++i)
        if (*rc::gen::arbitrary<bool>()) out.push_back(i);
    if (out.empty()) out.push_back(*rc::gen::inRange<std::uint32_t>(0, size));
    return out;
}

inline bool anyone_may_sign(const NodeId&, const PublicKey&) { return true; }

}  // namespace sangam::generators
