// SPDX-License-Identifier: Apache-2.0
#include "node/service/running_imports.hpp"

#include <boost/json/array.hpp>

#include "node/service/verbs.hpp"

namespace sangam::node {

RunningImports::Entry::Entry(RunningImports& all, RunningImport row) : all_(all) {
    const std::lock_guard lock(all_.mutex_);
    key_ = ++all_.last_key_;
    all_.rows_.emplace(key_, std::move(row));
}

RunningImports::Entry::~Entry() {
    const std::lock_guard lock(all_.mutex_);
    all_.rows_.erase(key_);
}

void RunningImports::Entry::update(std::uint64_t bytes_done, std::uint64_t bytes_total,
                                   std::uint64_t rows) {
    const std::lock_guard lock(all_.mutex_);
    auto& row = all_.rows_.at(key_);
    row.bytes_done = bytes_done;
    row.bytes_total = bytes_total;
    row.rows = rows;
}

std::vector<RunningImport> RunningImports::rows() const {
    const std::lock_guard lock(mutex_);
    std::vector<RunningImport> out;
    for (const auto& [key, row] : rows_) out.push_back(row);
    return out;
}

Result<Reply> list_imports(Call& call) {
    boost::json::array imports;
    for (const auto& row : call.imports.rows()) {
        boost::json::object entry;
        entry["name"] = row.name;
        entry["dataset"] = row.dataset;
        entry["started"] = time_text(row.started);
        entry["bytes_done"] = row.bytes_done;
        entry["bytes_total"] = row.bytes_total;
        entry["rows"] = row.rows;
        imports.push_back(std::move(entry));
    }
    boost::json::object document;
    document["imports"] = std::move(imports);
    return Reply(std::move(document));
}

}  // namespace sangam::node
