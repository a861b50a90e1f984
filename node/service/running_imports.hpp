// SPDX-License-Identifier: Apache-2.0
// The imports that run now and how far each is, for those who wait for one.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/hlc.hpp"

namespace sangam::node {

struct RunningImport {
    std::string name;     ///< as whoever started it named it; may be empty
    std::string dataset;  ///< INSTITUTION/NAME
    Millis started{};
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t rows = 0;
};

/// Thread-safe.
class RunningImports {
public:
    /// In the list from its making to its end. RunningImports outlives it.
    class Entry {
    public:
        Entry(RunningImports& all, RunningImport row);
        ~Entry();
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        void update(std::uint64_t bytes_done, std::uint64_t bytes_total, std::uint64_t rows);

    private:
        RunningImports& all_;
        std::uint64_t key_;
    };

    /// In the order in which they began.
    [[nodiscard]] std::vector<RunningImport> rows() const;

private:
    mutable std::mutex mutex_;
    std::uint64_t last_key_ = 0;
    std::map<std::uint64_t, RunningImport> rows_;
};

}  // namespace sangam::node
