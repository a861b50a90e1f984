// SPDX-License-Identifier: Apache-2.0
#include "registry/log.hpp"

#include <algorithm>
#include <bit>

#include "protocol/merkle.hpp"

namespace sangam::registry {
namespace {

/// The largest power of two below n; n > 1 (RFC 9162 section 2.1.1).
std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

}  // namespace

void Log::append(Bytes entry) {
    SANGAM_ASSERT(!entry.empty() && entry.size() <= max_entry_bytes);
    Hash hash = merkle::leaf_hash(entry);
    entries_.push_back(std::move(entry));
    for (std::size_t level = 0;; ++level) {
        if (level == levels_.size()) levels_.emplace_back();
        auto& row = levels_[level];
        row.push_back(hash);
        if (row.size() % 2 != 0) return;
        hash = merkle::node_hash(row[row.size() - 2], row[row.size() - 1]);
    }
}

void Log::truncate(std::uint64_t size) {
    if (size >= entries_.size()) return;
    entries_.resize(size);
    for (std::size_t level = 0; level < levels_.size(); ++level)
        levels_[level].resize(size >> level);
}

const Hash& Log::subtree(unsigned level, std::uint64_t index) const {
    SANGAM_ASSERT(level < levels_.size() && index < levels_[level].size());
    return levels_[level][index];
}

Hash Log::range_hash(std::uint64_t begin, std::uint64_t end) const {
    const std::uint64_t n = end - begin;
    if (std::has_single_bit(n)) {
        const auto level = static_cast<unsigned>(std::countr_zero(n));
        return subtree(level, begin >> level);
    }
    const std::uint64_t middle = begin + split_of(n);
    return merkle::node_hash(range_hash(begin, middle), range_hash(middle, end));
}

Hash Log::root_at(std::uint64_t size) const {
    SANGAM_ASSERT(size <= entries_.size());
    return size == 0 ? merkle::root({}) : range_hash(0, size);
}

std::vector<Hash> Log::inclusion_proof(std::uint64_t index, std::uint64_t tree_size) const {
    SANGAM_ASSERT(index < tree_size && tree_size <= entries_.size());
    std::vector<Hash> path;
    std::uint64_t begin = 0;
    std::uint64_t end = tree_size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + split_of(end - begin);
        if (index < middle) {
            path.push_back(range_hash(middle, end));
            end = middle;
        } else {
            path.push_back(range_hash(begin, middle));
            begin = middle;
        }
    }
    std::ranges::reverse(path);  // the RFC lists them from the leaf up
    return path;
}

std::vector<Hash> Log::consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const {
    SANGAM_ASSERT(old_size > 0 && old_size <= new_size && new_size <= entries_.size());
    std::vector<Hash> path;
    std::uint64_t begin = 0;
    std::uint64_t end = new_size;
    bool old_is_whole =
        true;  // the part up to old_size is a tree that the client knows the root of
    while (old_size != end) {
        const std::uint64_t middle = begin + split_of(end - begin);
        if (old_size <= middle) {
            path.push_back(range_hash(middle, end));
            end = middle;
        } else {
            path.push_back(range_hash(begin, middle));
            begin = middle;
            old_is_whole = false;
        }
    }
    if (!old_is_whole) path.push_back(range_hash(begin, end));
    std::ranges::reverse(path);
    return path;
}

}  // namespace sangam::registry
