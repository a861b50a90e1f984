// SPDX-License-Identifier: Apache-2.0
// Commands of operator and nodes. Loading and what everybody may read: service_load.cpp.
#include "registry/service.hpp"

#include <algorithm>

#include "registry/handle.hpp"
#include "registry/impl/plain_text.hpp"
#include "registry/tiles.hpp"

namespace sangam::registry {
namespace {

constexpr Millis an_hour = std::chrono::hours(1);
/// How long an admission waits for its node.
constexpr Millis expected_wait = std::chrono::hours(24 * 7);
/// An expired invitation is remembered, to tell "expired" from "never issued".
constexpr Millis invitation_memory = std::chrono::hours(24 * 30);
constexpr Millis min_resign = std::chrono::seconds(1);
constexpr Millis max_resign = std::chrono::minutes(10);

std::unexpected<Error> refused(std::string_view code, std::string message, std::string subject,
                               std::string fix = {}) {
    return fail(code, std::move(message), std::move(subject), std::move(fix), ErrorKind::refused);
}

std::unexpected<Error> usage(std::string_view code, std::string message, std::string subject,
                             std::string fix) {
    return fail(code, std::move(message), std::move(subject), std::move(fix), ErrorKind::usage);
}

/// FAO WIEWS: the country in three letters, then three or four digits.
bool is_wiews(std::string_view code) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return (code.size() == 6 || code.size() == 7) &&
           std::ranges::all_of(code.substr(0, 3), is_upper) &&
           std::ranges::all_of(code.substr(3), is_digit);
}

bool is_ror(std::string_view url) {
    constexpr std::string_view prefix = "https://ror.org/";
    return url.starts_with(prefix) && url.size() == prefix.size() + 9 &&
           std::ranges::all_of(url.substr(prefix.size()), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
           });
}

Result<void> check_options(const InviteOptions& o) {
    if (auto ok = check_handle(o.handle); !ok) return ok;
    if (!o.wiews.empty() && !is_wiews(o.wiews))
        return usage("bad_wiews", "not a FAO WIEWS code", o.wiews,
                     "three capital letters and three or four digits, as PHL001");
    if (!o.ror.empty() && !is_ror(o.ror))
        return usage("bad_ror", "not a ROR id", o.ror,
                     "write the URL, as https://ror.org/0593p4448");
    if (o.valid <= Millis{} || o.valid > std::chrono::hours(24 * 366))
        return usage("bad_validity", "an invitation is valid for some time, at most a year",
                     std::to_string(o.valid.count() / 1000) + " s", "for example --valid 7d");
    return {};
}

}  // namespace

Millis Service::entry_time(Millis now) const { return std::max(now, last_entry_time_); }

Result<void> Service::take_entry(std::uint64_t index, const Entry& entry) {
    if (auto ok = membership_.apply(entry, Millis{}); !ok) return ok;
    document_index_.take(index, entry);
    if (const auto* revoked = std::get_if<InstitutionRevoked>(&entry.body))
        for (const NodeId& node : membership_.institution(revoked->institution)->nodes)
            document_index_.drop(node);
    if (const auto* updated = std::get_if<DocumentUpdated>(&entry.body))
        published_[updated->node].push_back(entry.time);
    last_entry_time_ = std::max(last_entry_time_, entry.time);
    return {};
}

void Service::append(const Entry& entry, Effects& effects) {
    const auto taken = take_entry(log_.size(), entry);
    SANGAM_ASSERT(taken.has_value());
    Bytes bytes = entry.encode();
    append_framed(effects.entries, bytes);
    log_.append(std::move(bytes));
}

void Service::sign(Millis now, Effects& effects) {
    SANGAM_ASSERT(keys_.has_value());
    checkpoint_ = sign_checkpoint({roots_.current().origin, log_.size(), log_.root()}, keys_->log,
                                  keys_->freshness, now);
    effects.checkpoint = checkpoint_.note;
}

void Service::keep_document(const SignedDocument& document, Effects& effects) {
    Bytes encoded = document.encode();
    const Hash hash = document_hash(encoded);
    effects.documents.push_back(encoded);
    documents_[hash] = std::move(encoded);
}

Result<Done<Invitation>> Service::invite(const InviteOptions& options, std::string_view url,
                                         Millis now, Random& random) {
    if (auto ok = check_options(options); !ok) return std::unexpected(ok.error());
    auto checked_url = check_registry_url(url);
    if (!checked_url) return std::unexpected(checked_url.error());
    OpenInvitation invitation{options.handle, options.name,        options.wiews,
                              options.ror,    now + options.valid, options.auto_approve,
                              false,          std::nullopt};
    if (const Institution* member = membership_.by_skeleton(options.handle)) {
        if (member->handle != options.handle)
            return refused("handle_taken", "the handle looks like " + member->handle,
                           options.handle, "choose another handle");
        if (member->revoked)
            return refused("revoked", "the institution of that handle is revoked", options.handle,
                           "invite it under a new handle");
        invitation.further_node = true;
        invitation.name = member->name;
    } else if (!impl::is_plain_line(options.name, 1, max_name_bytes)) {
        return usage("bad_name", "an institution needs a name of one line", options.handle,
                     "give --name");
    }
    if (state_.invitations.size() >= max_open_invitations)
        return refused("too_many", "too many invitations are open",
                       std::to_string(state_.invitations.size()), "wait until some expire");
    for (const auto& [hash, other] : state_.invitations)
        if (other.expires > now && other.handle != options.handle &&
            handle_skeleton(other.handle) == handle_skeleton(options.handle))
            return refused("handle_taken", "the handle looks like the invited " + other.handle,
                           options.handle, "choose another handle");
    Done<Invitation> out{{*checked_url, registry_id(), options.handle, random.draw<InviteToken>()},
                         {}};
    state_.invitations[token_hash(out.value.token)] = std::move(invitation);
    out.effects.state = state_.encode();
    out.effects.audit.push_back({now, "operator", "invited", options.handle,
                                 options.auto_approve ? "approved in advance" : ""});
    return out;
}

Result<void> Service::check_free(const NodeId& node, const OpenInvitation& invitation) const {
    const Institution* member = membership_.by_skeleton(invitation.handle);
    if (invitation.further_node) {
        if (member == nullptr || member->revoked)
            return refused("revoked", "the institution is no longer a member", invitation.handle);
        return {};
    }
    const std::string skeleton = handle_skeleton(invitation.handle);
    const bool waits = std::ranges::any_of(state_.pending, [&](const auto& p) {
        const auto by = state_.invitations.find(p.second.token);
        return p.first != node && by != state_.invitations.end() &&
               handle_skeleton(by->second.handle) == skeleton;
    });
    if (member != nullptr || waits)
        return refused("handle_taken", "another node came first under this handle",
                       invitation.handle, "ask the registry's operator for a new invitation");
    return {};
}

Result<Entry> Service::entry_for(const NodeId& node, const PendingEnrolment& pending,
                                 Millis now) const {
    const auto found = state_.invitations.find(pending.token);
    if (found == state_.invitations.end())
        return refused("unknown_token", "the invitation is not known any more", node.hex());
    const OpenInvitation& invitation = found->second;
    const DocumentRef document{pending.document.document.version, pending.document.hash()};
    Entry out;
    out.time = entry_time(now);
    if (auto ok = check_free(node, invitation); !ok) return std::unexpected(ok.error());
    if (invitation.further_node) {
        const InstitutionId institution = membership_.by_handle(invitation.handle)->id;
        const auto expected = state_.expected.find({node, institution});
        const Authority by = expected == state_.expected.end() ? Authority(ByOperator{})
                                                               : Authority(expected->second.by);
        out.body = NodeAdded{node, institution, document, by};
        // The signer may have been revoked since; then the operator's word is what there is.
        if (!membership_.check(out))
            out.body = NodeAdded{node, institution, document, ByOperator{}};
    } else {
        out.body = InstitutionAdmitted{
            node, invitation.handle, invitation.name, invitation.wiews, invitation.ror, document};
    }
    if (auto ok = membership_.check(out); !ok) return std::unexpected(ok.error());
    return out;
}

void Service::admit(std::span<const NodeId> nodes, std::span<const Entry> entries,
                    std::string_view actor, Millis now, Effects& effects) {
    for (std::size_t i = 0; i < nodes.size(); ++i) state_.pending.at(nodes[i]).approved = true;
    // Written before the entries, so that a crash between the two finds the approval.
    effects.state = state_.encode();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        append(entries[i], effects);
        effects.audit.push_back(
            {now, std::string(actor), "admitted", nodes[i].hex(), std::string(entries[i].kind())});
        state_.pending.erase(nodes[i]);
        std::erase_if(state_.expected, [&](const auto& e) { return e.first.node == nodes[i]; });
    }
    sign(now, effects);
}

Result<Done<EnrolmentReply>> Service::enrol_expected(const EnrolRequest& request, Millis now) {
    const NodeId& node = request.document.document.node;
    const Institution* institution = membership_.by_handle(request.handle);
    const auto expected = institution == nullptr ? state_.expected.end()
                                                 : state_.expected.find({node, institution->id});
    if (expected == state_.expected.end())
        return refused("not_expected", "no current node of the institution has admitted this node",
                       node.hex(),
                       "run `sangam node admit " + node.hex() +
                           "` at a node of the institution first, or join by an invitation");
    const Entry entry{entry_time(now), NodeAdded{node, institution->id,
                                                 DocumentRef{request.document.document.version,
                                                             request.document.hash()},
                                                 expected->second.by}};
    if (auto ok = membership_.check(entry); !ok) return std::unexpected(ok.error());
    Done<EnrolmentReply> out{{EnrolmentState::member, request.handle}, {}};
    keep_document(request.document, out.effects);
    append(entry, out.effects);
    std::erase_if(state_.expected, [&](const auto& e) { return e.first.node == node; });
    state_.pending.erase(node);
    out.effects.state = state_.encode();
    out.effects.audit.push_back({now, node.hex(), "admitted", node.hex(), "by a node's signature"});
    sign(now, out.effects);
    return out;
}

Result<Done<EnrolmentReply>> Service::enrol(const EnrolRequest& request, Millis now) {
    if (auto ok = request.verify(registry_id()); !ok) return std::unexpected(ok.error());
    const NodeId& node = request.document.document.node;
    if (const Node* known = membership_.node(node)) {
        if (known->revoked)
            return refused("revoked", "the node was revoked: " + known->revoked->reason, node.hex(),
                           "make a new identity with `sangam node init` and ask for a new "
                           "invitation");
        return Done<EnrolmentReply>{enrolment(node), {}};
    }
    if (request.token.is_zero()) return enrol_expected(request, now);
    const Hash token = token_hash(request.token);
    const auto found = state_.invitations.find(token);
    if (found == state_.invitations.end())
        return refused("unknown_token", "the registry has not issued this invitation",
                       request.handle, "ask the registry's operator for a new invitation");
    OpenInvitation& invitation = found->second;
    if (invitation.handle != request.handle)
        return refused("unknown_token", "the invitation is for another institution",
                       request.handle);
    if (invitation.used_by && *invitation.used_by != node)
        return refused("token_used", "the invitation was used by another node", request.handle,
                       "an invitation serves one node; ask the operator for one more");
    if (!invitation.used_by && invitation.expires <= now)
        return refused("token_expired", "the invitation has expired", request.handle,
                       "ask the registry's operator for a new invitation");
    if (invitation.used_by && !state_.pending.contains(node))
        return refused("turned_down", "the registry's operator turned this node down", node.hex(),
                       "ask the operator");
    if (const auto waiting = state_.pending.find(node);
        waiting != state_.pending.end() && waiting->second.token != token)
        return refused("waiting", "this node waits for approval under another invitation",
                       node.hex());
    if (auto ok = check_free(node, invitation); !ok) return std::unexpected(ok.error());

    Done<EnrolmentReply> out{{EnrolmentState::pending, invitation.handle}, {}};
    const bool is_repeat = invitation.used_by.has_value();
    PendingEnrolment pending{token, request.document, now, false};
    if (is_repeat) {
        const PendingEnrolment& held = state_.pending.at(node);
        pending.since = held.since;
        // A node whose answer got lost asks again, perhaps with a document made anew. The log has
        // none of them yet, so the version need only not fall.
        if (held.document == request.document ||
            held.document.document.version > request.document.document.version)
            return out;
    }
    // Whatever could stop an approval is said now, to the one who can do something about it.
    auto entry = entry_for(node, pending, now);
    if (!entry) return std::unexpected(entry.error());
    invitation.used_by = node;
    state_.pending[node] = std::move(pending);
    keep_document(request.document, out.effects);
    out.effects.audit.push_back({now, node.hex(), "enrolled", invitation.handle, ""});
    const auto* added = std::get_if<NodeAdded>(&entry->body);
    const bool is_signed_for = added != nullptr && std::holds_alternative<ByNode>(added->by);
    if (invitation.auto_approve || is_signed_for) {
        out.value.state = EnrolmentState::member;
        admit(std::span(&node, 1), std::span(&*entry, 1), "registry", now, out.effects);
    } else {
        out.effects.state = state_.encode();
    }
    return out;
}

Result<Done<std::vector<std::string>>> Service::approve(std::span<const NodeId> nodes, Millis now) {
    std::vector<NodeId> todo;
    std::vector<Entry> entries;
    Done<std::vector<std::string>> out;
    for (const NodeId& node : nodes) {
        if (const Institution* of =
                membership_.is_current(node)
                    ? membership_.institution(membership_.node(node)->institution)
                    : nullptr) {
            out.value.push_back(of->handle);  // approved before
            continue;
        }
        if (std::ranges::find(todo, node) != todo.end()) continue;
        const auto pending = state_.pending.find(node);
        if (pending == state_.pending.end())
            return fail("not_pending", "no node with this id waits for approval", node.hex(),
                        "`sangam registry members` lists those that wait", ErrorKind::not_found);
        auto entry = entry_for(node, pending->second, now);
        if (!entry) return std::unexpected(entry.error());
        out.value.push_back(state_.invitations.at(pending->second.token).handle);
        todo.push_back(node);
        entries.push_back(std::move(*entry));
    }
    if (!todo.empty()) admit(todo, entries, "operator", now, out.effects);
    return out;
}

Result<Effects> Service::revoke_node(const NodeId& node, const std::string& reason, Millis now) {
    if (!impl::is_plain_line(reason, 1, max_reason_bytes))
        return usage("bad_reason", "a revocation needs a reason of one line", node.hex(),
                     "give --reason");
    Effects out;
    if (!membership_.node(node) && state_.pending.erase(node) > 0) {
        out.state = state_.encode();
        out.audit.push_back({now, "operator", "turned_down", node.hex(), reason});
        return out;
    }
    const Entry entry{entry_time(now), NodeRevoked{node, reason, ByOperator{}}};
    if (auto ok = membership_.check(entry); !ok) return std::unexpected(ok.error());
    append(entry, out);
    out.audit.push_back({now, "operator", "revoked", node.hex(), reason});
    sign(now, out);
    return out;
}

Result<Effects> Service::revoke_institution(std::string_view handle, const std::string& reason,
                                            Millis now) {
    if (!impl::is_plain_line(reason, 1, max_reason_bytes))
        return usage("bad_reason", "a revocation needs a reason of one line", std::string(handle),
                     "give --reason");
    const Institution* of = membership_.by_handle(handle);
    if (of == nullptr)
        return fail("unknown_institution", "no institution has this handle", std::string(handle),
                    "`sangam registry members` lists them", ErrorKind::not_found);
    const Entry entry{entry_time(now), InstitutionRevoked{of->id, reason}};
    if (auto ok = membership_.check(entry); !ok) return std::unexpected(ok.error());
    Effects out;
    append(entry, out);
    out.audit.push_back({now, "operator", "revoked", std::string(handle), reason});
    sign(now, out);
    return out;
}

Result<Done<EnrolmentReply>> Service::admit(const AdmitRequest& request, Millis now) {
    if (const Node* known = membership_.node(request.node)) {
        if (known->institution != request.institution || known->revoked)
            return refused("node_known", "a node id is admitted once and for ever",
                           request.node.hex());
        return Done<EnrolmentReply>{enrolment(request.node), {}};
    }
    const ByNode by{request.signer, request.signature};
    const auto pending = state_.pending.find(request.node);
    // Until the node has enrolled, any document stands in for its own.
    const DocumentRef document = pending == state_.pending.end()
                                     ? DocumentRef{1, Hash{}}
                                     : DocumentRef{pending->second.document.document.version,
                                                   pending->second.document.hash()};
    const Entry entry{entry_time(now), NodeAdded{request.node, request.institution, document, by}};
    if (auto ok = membership_.check(entry); !ok) return std::unexpected(ok.error());
    const std::string handle = membership_.institution(request.institution)->handle;
    Done<EnrolmentReply> out{{EnrolmentState::member, handle}, {}};
    // A node that waits under another institution's invitation did not ask for this one.
    const bool asked = pending != state_.pending.end() &&
                       state_.invitations.at(pending->second.token).handle == handle;
    if (asked) {
        admit(std::span(&request.node, 1), std::span(&entry, 1), request.signer.hex(), now,
              out.effects);
        return out;
    }
    const auto waiting = std::ranges::count_if(
        state_.expected, [&](const auto& e) { return e.first.institution == request.institution; });
    const ExpectedKey key{request.node, request.institution};
    if (static_cast<std::size_t>(waiting) >= max_expected_per_institution &&
        !state_.expected.contains(key))
        return refused("too_many", "too many admitted nodes have not enrolled yet", handle,
                       "let them join, or wait until their admissions lapse after a week");
    out.value.state = EnrolmentState::expected;
    if (const auto held = state_.expected.find(key);
        held != state_.expected.end() && held->second.by == by)
        return out;
    state_.expected[key] = {by, now};
    out.effects.state = state_.encode();
    out.effects.audit.push_back({now, request.signer.hex(), "expects", request.node.hex(), handle});
    return out;
}

Result<Done<EnrolmentReply>> Service::revoke_by_node(const RevokeRequest& request, Millis now) {
    const Entry entry{entry_time(now), NodeRevoked{request.node, request.reason,
                                                   ByNode{request.signer, request.signature}}};
    if (auto ok = membership_.check(entry); !ok) return std::unexpected(ok.error());
    Done<EnrolmentReply> out;
    append(entry, out.effects);
    out.effects.audit.push_back(
        {now, request.signer.hex(), "revoked", request.node.hex(), request.reason});
    sign(now, out.effects);
    out.value = enrolment(request.node);
    return out;
}

Result<Effects> Service::publish(const SignedDocument& document, Millis now) {
    const NodeId& id = document.document.node;
    const Node* node = membership_.node(id);
    if (node == nullptr)
        return fail("unknown_node", "no member node has this id", id.hex(),
                    "join the federation first", ErrorKind::not_found);
    if (node->revoked) return refused("revoked", "the node is revoked", id.hex());
    if (document.document.registry_id != registry_id() || !document.is_signed_by(node->key))
        return refused("bad_signature", "the public document is not this node's for this registry",
                       id.hex());
    const DocumentRef ref{document.document.version, document.hash()};
    if (node->document == ref) return Effects{};
    const Entry entry{entry_time(now), DocumentUpdated{id, ref}};
    if (auto ok = membership_.check(entry); !ok) return std::unexpected(ok.error());
    auto& times = published_[id];
    while (!times.empty() && times.front() + an_hour <= now) times.pop_front();
    if (times.size() >= max_documents_per_hour)
        return refused("too_often",
                       "the node published " + std::to_string(times.size()) +
                           " public documents within an hour",
                       id.hex(), "it may publish again later; let its address settle");
    Effects out;
    keep_document(document, out);
    append(entry, out);
    sign(now, out);
    return out;
}

Millis Service::resign_interval() const {
    return std::clamp<Millis>(roots_.current().expiry() / 100, min_resign, max_resign);
}

Effects Service::tick(Millis now) {
    Effects out;
    const auto before = state_.invitations.size() + state_.expected.size();
    std::erase_if(state_.invitations, [&](const auto& i) {
        return i.second.expires + invitation_memory <= now &&
               !std::ranges::any_of(state_.pending,
                                    [&](const auto& p) { return p.second.token == i.first; });
    });
    std::erase_if(state_.expected,
                  [&](const auto& e) { return e.second.since + expected_wait <= now; });
    if (state_.invitations.size() + state_.expected.size() != before) out.state = state_.encode();
    // A checkpoint from the future (the clock was set back) is of no use to anybody.
    const bool is_due =
        checkpoint_.time() + resign_interval() <= now || checkpoint_.time() > now + max_clock_ahead;
    if (is_due) sign(now, out);
    return out;
}

Effects Service::recover(Millis now) {
    Effects out;
    std::vector<NodeId> gone;
    for (const auto& [node, pending] : state_.pending)
        if (membership_.node(node) != nullptr) gone.push_back(node);
    for (const NodeId& node : gone) state_.pending.erase(node);
    std::vector<NodeId> nodes;
    std::vector<Entry> entries;
    std::vector<std::pair<NodeId, Error>> failed;
    for (const auto& [node, pending] : state_.pending) {
        if (!pending.approved) continue;
        auto entry = entry_for(node, pending, now);
        if (entry) {
            nodes.push_back(node);
            entries.push_back(std::move(*entry));
        } else {
            failed.emplace_back(node, entry.error());
        }
    }
    for (const auto& [node, why] : failed) {
        state_.pending.at(node).approved = false;
        out.audit.push_back({now, "registry", "approval_failed", node.hex(), why.text()});
    }
    if (!gone.empty() || !failed.empty()) out.state = state_.encode();
    if (!nodes.empty()) admit(nodes, entries, "registry", now, out);
    sign(now, out);
    return out;
}

}  // namespace sangam::registry
