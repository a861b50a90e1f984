// SPDX-License-Identifier: Apache-2.0
// The registry's logic without I/O: takes commands with `now` and randomness, returns what to
// answer and the effects to make durable first. The node module owns files, sockets and the clock.
//
// Durability. Effects are carried out in the order of their fields, each synced before the next,
// and all before the answer leaves. A crash in between is repaired by load() and recover():
// an approval is in the state before its entry is in the log, an entry is in the log before a
// checkpoint covers it. When carrying out fails (disk full), drop the Service and load() it anew.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/messages/directory_messages.hpp"
#include "registry/audit.hpp"
#include "registry/checkpoint.hpp"
#include "registry/document_index.hpp"
#include "registry/enrolment.hpp"
#include "registry/invitation.hpp"
#include "registry/log.hpp"
#include "registry/membership.hpp"
#include "registry/root_document.hpp"
#include "registry/service_state.hpp"

namespace sangam::registry {

/// Names of a registry's files below its directory.
namespace file {
inline constexpr const char* roots = "root.cbor";
inline constexpr const char* entries = "log.entries";    ///< append only, framed (tiles.hpp)
inline constexpr const char* checkpoint = "checkpoint";  ///< replaced whole
inline constexpr const char* state = "service.cbor";     ///< replaced whole
inline constexpr const char* documents = "documents";    ///< a folder; files named by hash, hex
inline constexpr const char* audit = "audit.jsonl";      ///< append only
}  // namespace file

/// The contents of those files as read from disk.
struct StoredRegistry {
    Bytes roots;
    Bytes entries;
    Bytes checkpoint;
    Bytes state;
    std::vector<Bytes> documents;  ///< in any order; strays are ignored
};

/// What to make durable, in this order.
struct Effects {
    std::vector<Bytes> documents;           ///< write to documents/<document_hash hex>
    std::optional<Bytes> state;             ///< replace file::state
    Bytes entries;                          ///< append to file::entries (framed already)
    std::optional<std::string> checkpoint;  ///< replace file::checkpoint
    std::vector<AuditEvent> audit;          ///< append lines to file::audit

    [[nodiscard]] bool empty() const {
        return documents.empty() && !state && entries.empty() && !checkpoint && audit.empty();
    }
};

/// An answer and what must be durable before it is given.
template <class T>
struct Done {
    T value;
    Effects effects;
};

/// The two keys that the running service needs; the root keys stay outside.
struct RegistryKeys {
    SigningKey log;
    SigningKey freshness;
};

struct InitOptions {
    std::string name;
    std::string origin;  ///< empty: made from the name and the log key
    std::uint32_t threshold = 1;
    Millis expiry = std::chrono::hours(24);
};
struct NewRegistry {
    StoredRegistry files;  ///< no documents
    Hash registry_id;
    AuditEvent audit;
};
/// A new registry: root document signed by all `root_keys`, empty log, first checkpoint.
[[nodiscard]] Result<NewRegistry> create_registry(const InitOptions& options,
                                                  std::span<const SigningKey> root_keys,
                                                  const RegistryKeys& keys, Millis now);

struct InviteOptions {
    std::string handle;
    std::string name;   ///< may be empty for a further node of a member
    std::string wiews;  ///< three letters and three or four digits, or empty
    std::string ror;    ///< "https://ror.org/…", or empty
    Millis valid = std::chrono::hours(24 * 7);
    bool auto_approve = false;
};

/// `registry members` (COMMANDS), as plain values.
struct MembersReport {
    struct NodeRow {
        NodeId node;
        std::string name;
        std::vector<std::string> endpoints;
        std::string
            state;  ///< "active", "waiting" (operator-added, before the 72 hours), "revoked"
    };
    struct InstitutionRow {
        InstitutionId id;
        std::string handle;
        std::string name;
        std::string wiews;
        std::string ror;
        std::string state;  ///< "active" or "revoked"
        std::vector<NodeRow> nodes;
    };
    struct PendingRow {
        NodeId node;
        std::string institution;  ///< handle
        Millis since{};
    };
    std::uint64_t tree_size = 0;
    std::vector<InstitutionRow> institutions;  ///< by handle
    std::vector<PendingRow> pending;           ///< oldest first
};

inline constexpr std::size_t max_open_invitations = 10'000;
inline constexpr std::size_t max_expected_per_institution = 16;
/// A node that publishes more often is told to wait: a log is for ever.
inline constexpr std::size_t max_documents_per_hour = 30;

/// Not thread-safe: one at a time, on one strand.
class Service {
public:
    /// Checks everything that is stored: root chain, entries against the checkpoint, documents
    /// against their hashes. A torn last entry beyond the checkpoint is dropped. Errors:
    /// "bad_root", "log_lost" (fewer or other entries than a checkpoint was signed for: a restored
    /// backup must not go on signing), "bad_state". Without keys only the const members may be
    /// called.
    static Result<Service> load(const StoredRegistry& stored, std::optional<RegistryKeys> keys);
    /// Length of the readable part of the entries file: cut the file to it before appending.
    [[nodiscard]] std::size_t entries_file_bytes() const { return entries_file_bytes_; }
    /// Finishes what a crash interrupted and signs a checkpoint. Once, before the first answer.
    [[nodiscard]] Effects recover(Millis now);

    // --- the operator
    [[nodiscard]] Result<Done<Invitation>> invite(const InviteOptions& options,
                                                  std::string_view url, Millis now, Random& random);
    /// All or none. Returns the handles of the institutions, in the order given.
    [[nodiscard]] Result<Done<std::vector<std::string>>> approve(std::span<const NodeId> nodes,
                                                                 Millis now);
    /// A node in the log is revoked; one that only waits is turned down.
    [[nodiscard]] Result<Effects> revoke_node(const NodeId& node, const std::string& reason,
                                              Millis now);
    [[nodiscard]] Result<Effects> revoke_institution(std::string_view handle,
                                                     const std::string& reason, Millis now);
    [[nodiscard]] MembersReport members(Millis now) const;

    // --- nodes
    /// Repeating a request that succeeded gives the same answer again.
    [[nodiscard]] Result<Done<EnrolmentReply>> enrol(const EnrolRequest& request, Millis now);
    [[nodiscard]] Result<Done<EnrolmentReply>> admit(const AdmitRequest& request, Millis now);
    [[nodiscard]] Result<Done<EnrolmentReply>> revoke_by_node(const RevokeRequest& request,
                                                              Millis now);
    /// Error "not_newer" for a version that does not grow, "too_often" past the rate; publishing
    /// the newest document again is answered as done.
    [[nodiscard]] Result<Effects> publish(const SignedDocument& document, Millis now);

    // --- time
    /// Signs the checkpoint anew when resign_interval() has passed, drops invitations that expired
    /// a while ago. Call about every second; cheap.
    [[nodiscard]] Effects tick(Millis now);
    /// A hundredth of the expiry, at least 1 s and at most 10 min: ages stay far from stale.
    [[nodiscard]] Millis resign_interval() const;

    // --- what everybody may read
    [[nodiscard]] const RootChain& roots() const { return roots_; }
    [[nodiscard]] const Hash& registry_id() const { return roots_.registry_id(); }
    [[nodiscard]] const SignedCheckpoint& checkpoint() const { return checkpoint_; }
    [[nodiscard]] const Log& log() const { return log_; }
    [[nodiscard]] const Membership& membership() const { return membership_; }
    /// A stored document by its hash; nullptr when unknown.
    [[nodiscard]] const Bytes* document(const Hash& hash) const;
    [[nodiscard]] EnrolmentReply enrolment(const NodeId& node) const;
    /// As Directory::update_from().
    [[nodiscard]] Result<messages::DirectoryUpdate> update_from(std::uint64_t from_size,
                                                                std::size_t max_bytes) const;
    [[nodiscard]] const ServiceState& state() const { return state_; }

private:
    Service(RootChain roots, std::optional<RegistryKeys> keys);
    /// The entry that makes this node a member; checked.
    [[nodiscard]] Result<Entry> entry_for(const NodeId& node, const PendingEnrolment& pending,
                                          Millis now) const;
    /// Error when the invitation's handle is no longer free for this node.
    [[nodiscard]] Result<void> check_free(const NodeId& node,
                                          const OpenInvitation& invitation) const;
    [[nodiscard]] Result<Done<EnrolmentReply>> enrol_expected(const EnrolRequest& request,
                                                              Millis now);
    /// Appends the entries of approved enrolments, whose `entries` were checked, and forgets those.
    void admit(std::span<const NodeId> nodes, std::span<const Entry> entries,
               std::string_view actor, Millis now, Effects& effects);
    /// Takes a checked entry into log and members.
    void append(const Entry& entry, Effects& effects);
    /// Members, document index and publication times after an entry.
    [[nodiscard]] Result<void> take_entry(std::uint64_t index, const Entry& entry);
    void keep_document(const SignedDocument& document, Effects& effects);
    void sign(Millis now, Effects& effects);
    /// `now`, or the last entry's time where the clock went back.
    [[nodiscard]] Millis entry_time(Millis now) const;

    RootChain roots_;
    std::optional<RegistryKeys> keys_;
    Log log_;
    Membership membership_;
    SignedCheckpoint checkpoint_;
    ServiceState state_;
    std::map<Hash, Bytes> documents_;
    DocumentIndex document_index_;
    std::map<NodeId, std::deque<Millis>> published_;  ///< within the last hour
    Millis last_entry_time_{};
    std::size_t entries_file_bytes_ = 0;
};

}  // namespace sangam::registry
