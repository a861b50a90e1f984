// SPDX-License-Identifier: Apache-2.0
#include "registry/log_verifier.hpp"

#include <map>

#include "protocol/merkle.hpp"

namespace sangam::registry {
namespace {

constexpr std::size_t max_problems = 100;  ///< for a person to read

void check_documents(const Membership& members, std::span<const Bytes> documents,
                     LogReport& report) {
    std::map<Hash, const Bytes*> by_hash;
    for (const Bytes& document : documents) by_hash[document_hash(document)] = &document;
    for (const auto& [id, node] : members.nodes()) {
        const auto found = by_hash.find(node.document.hash);
        if (found == by_hash.end()) {
            if (!node.revoked) report.problems.push_back("no document of node " + id.hex());
            continue;
        }
        const auto document = SignedDocument::decode(*found->second);
        if (!document)
            report.problems.push_back("document of node " + id.hex() + ": " +
                                      document.error().text());
        else if (document->document.node != id ||
                 document->document.version != node.document.version ||
                 document->document.registry_id != members.registry_id() ||
                 !document->is_signed_by(node.key))
            report.problems.push_back("document of node " + id.hex() +
                                      " is not the signed one that the log names");
    }
}

}  // namespace

LogReport verify_log(ByteView root_chain, std::span<const Bytes> entries,
                     std::string_view checkpoint, std::span<const Bytes> documents,
                     const std::optional<Hash>& expected) {
    LogReport report;
    const auto problem = [&](std::string what) {
        if (report.problems.size() < max_problems) report.problems.push_back(std::move(what));
    };
    const auto roots =
        expected ? RootChain::verify(root_chain, *expected) : RootChain::verify_own(root_chain);
    if (!roots) {
        problem("root document: " + roots.error().text());
        return report;
    }
    const auto head = verify_checkpoint(checkpoint, roots->current().keys());
    if (!head) problem("checkpoint: " + head.error().text());

    // The root by the plain recursion of the RFC, not by the class that the registry signs with.
    std::vector<Hash> leaves;
    for (const Bytes& entry : entries) leaves.push_back(merkle::leaf_hash(entry));
    if (head) {
        report.tree_size = head->checkpoint.tree_size;
        if (leaves.size() < report.tree_size) {
            problem("the log holds " + std::to_string(leaves.size()) + " of the " +
                    std::to_string(report.tree_size) + " entries that were signed");
        } else {
            leaves.resize(report.tree_size);
        }
    }
    report.root_hash = merkle::root(leaves);
    if (head && report.root_hash != head->checkpoint.root_hash)
        problem("the entries give the root " + report.root_hash.hex() + ", signed was " +
                head->checkpoint.root_hash.hex());

    Membership members(roots->registry_id());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        const auto entry = Entry::decode(entries[i]);
        const auto taken =
            entry ? members.apply(*entry, Millis{}) : Result<void>(std::unexpected(entry.error()));
        ++report.entries_checked;
        if (!taken && taken.error().code != "optional_entry")
            problem("entry " + std::to_string(i) + ": " + taken.error().text());
    }
    if (!documents.empty()) check_documents(members, documents, report);
    report.ok = report.problems.empty();
    return report;
}

}  // namespace sangam::registry
