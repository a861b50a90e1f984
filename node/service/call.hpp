// SPDX-License-Identifier: Apache-2.0
// One request to the service: who asks, with which role, and what every verb needs to answer.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/service/service.hpp"
#include "storage/store.hpp"
#include "sync/asker.hpp"
#include "sync/directory_view.hpp"
#include "sync/policy.hpp"

namespace sangam::node {

class ConflictIndex;
class Metrics;
class RunningImports;

/// What a token lets its bearer do; each includes the ones before.
enum class Role : std::uint8_t {
    nobody,      ///< no token: asks as the audience `public`
    researcher,  ///< reads and searches as the institution's people
    curator,     ///< also writes records
    admin,       ///< everything
};

/// A verb's answer: a document, or a file that is deleted after it was sent.
struct Reply {
    boost::json::value document;
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<std::string> file;
    std::string content_type = "application/json";

    Reply() = default;
    Reply(boost::json::object d) : document(std::move(d)) {}
};

/// Valid while the request is handled, on the worker thread that handles it.
struct Call {
    const ServiceContext& context;
    const http::Request& request;
    ConflictIndex& conflicts;
    Metrics& metrics;
    RunningImports& imports;
    sync::Asker asker;
    Role role = Role::nobody;
    Millis now{};
    /// The parts of the path that the route leaves open, in order.
    std::vector<std::string> arguments;
    std::shared_ptr<const sync::DirectoryView> directory;
    InstitutionId own_institution;
    std::string own_handle;

    [[nodiscard]] std::unique_ptr<storage::Reader> reader() const {
        return context.store->reader();
    }
    /// The handle that people know an institution by.
    [[nodiscard]] std::string handle_of(const InstitutionId& institution) const;
    /// The handle of a node's institution; the node id in hexadecimal when the directory does not
    /// know it.
    [[nodiscard]] std::string author_text(const NodeId& node) const;
    /// INSTITUTION/NAME.
    [[nodiscard]] std::string dataset_text(const Manifest& manifest) const;
    /// The institution by its handle. Asks the registry once when it is not known.
    [[nodiscard]] Result<InstitutionId> find_institution(const std::string& handle);
    /// The dataset "INSTITUTION/NAME", or "NAME" of the own institution. One that the asker may not
    /// discover is answered as one that does not exist.
    [[nodiscard]] Result<storage::DatasetInfo> find_dataset(const storage::Reader& reader,
                                                            const std::string& text);
    /// The dataset that the path names, by one segment or by two, as find_dataset() takes it.
    [[nodiscard]] std::string dataset_argument() const;
    /// What the asker may do with it.
    [[nodiscard]] sync::Scope decide(Action action, const storage::Reader& reader,
                                     const DatasetUid& dataset) const {
        return sync::decide(asker, action, dataset, reader, *directory);
    }
    /// The request's body as a JSON object, with no key but these.
    [[nodiscard]] Result<boost::json::object> body(const std::set<std::string_view>& keys) const;
    /// Whether long work should come to an end (http::Request::interruption).
    [[nodiscard]] http::Interruption interruption() const {
        return request.interruption ? request.interruption() : http::Interruption::none;
    }
    /// A parameter of the query that is "true" or "1".
    [[nodiscard]] bool flag(const std::string& name) const;
    /// All values of a parameter that may be repeated.
    [[nodiscard]] std::vector<std::string> parameters(const std::string& name) const;
};

// Reading a body: a key that is missing reads as nothing, one of another type is an error.
[[nodiscard]] Result<std::optional<std::string>> optional_text(const boost::json::object& body,
                                                               std::string_view key);
[[nodiscard]] Result<std::string> required_text(const boost::json::object& body,
                                                std::string_view key);
[[nodiscard]] Result<std::vector<std::string>> text_list(const boost::json::object& body,
                                                         std::string_view key);

/// "2026-11-24T03:35:07.123Z".
[[nodiscard]] std::string time_text(Millis time);
/// The same, or null for zero: never.
[[nodiscard]] boost::json::value time_or_null(Millis time);
/// Refuses what is below `role` in words that name it.
[[nodiscard]] Result<void> require_role(const Call& call, Role role);
[[nodiscard]] std::string_view to_text(Role role);
[[nodiscard]] std::optional<Role> role_from_text(std::string_view text);

}  // namespace sangam::node
