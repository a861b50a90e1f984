// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/federation_membership.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace sangam::node {
namespace {

/// The longest wait after failures: a registry that is back is noticed within a minute, and within
/// a few polls where the admin wants it to be looked at often.
constexpr std::chrono::milliseconds longest_backoff{60'000};
constexpr int longest_backoff_polls = 8;
/// How often age and waiting times are looked at, whatever the poll interval.
constexpr std::chrono::milliseconds look_interval{1'000};
/// While the operator's approval is awaited.
constexpr std::chrono::milliseconds pending_poll{2'000};
/// Between two looks that others cause.
constexpr std::chrono::milliseconds kick_interval{2'000};
/// Peers are offered the checkpoint again after this (SEMANTICS section 6: "hourly").
constexpr Millis offer_interval = std::chrono::hours(1);
/// Chunks in one visit: far beyond any log, so that a lying registry cannot hold the thread.
constexpr int max_chunks = 10'000;
/// Documents fetched one by one in one visit.
constexpr std::size_t max_documents = 256;

/// A registry that rotated its keys signs by keys that are not known yet.
bool may_be_newer_root(const Error& error) {
    return error.code == "unsigned" || error.code == "bad_signature";
}

}  // namespace

FederationMembership::FederationMembership(MembershipSetup setup)
    : setup_(std::move(setup)),
      self_{NodeId{setup_.key->public_key().bytes}, setup_.key->public_key(),
            setup_.provisional_handle} {}

Result<std::unique_ptr<FederationMembership>> FederationMembership::open(MembershipSetup setup) {
    std::unique_ptr<FederationMembership> out(new FederationMembership(std::move(setup)));
    auto stored = load_membership(out->setup_.folder);
    if (!stored) return std::unexpected(stored.error());
    if (!stored->problem.empty())
        spdlog::warn("the directory in {} does not verify and is fetched anew: {}",
                     out->setup_.folder, stored->problem);
    const std::lock_guard lock(out->mutex_);
    out->file_ = std::move(stored->membership);
    out->directory_ = std::move(stored->directory);
    out->announcements_ = std::move(stored->announcements);
    out->replace_snapshot_locked();
    return out;
}

FederationMembership::~FederationMembership() { stop(); }

void FederationMembership::start() {
    thread_ = std::thread([this] { loop(); });
}

void FederationMembership::stop() {
    {
        const std::lock_guard lock(loop_mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

// ---- following
// -----------------------------------------------------------------------------------------

std::chrono::milliseconds FederationMembership::next_delay(unsigned failures) const {
    auto delay = setup_.poll;
    const auto longest =
        std::max(setup_.poll, std::min(longest_backoff, setup_.poll * longest_backoff_polls));
    for (unsigned i = 0; i < failures && delay < longest; ++i) delay *= 2;
    delay = std::min(delay, longest);
    // A tenth either way, so that a federation does not ask in step.
    const auto spread = std::max<std::int64_t>(1, delay.count() / 5);
    const auto drawn = setup_.random->draw_u64() % static_cast<std::uint64_t>(spread);
    return delay - std::chrono::milliseconds(spread / 2) +
           std::chrono::milliseconds(static_cast<std::int64_t>(drawn));
}

void FederationMembership::loop() {
    using Clock = std::chrono::steady_clock;
    auto due = Clock::now();
    unsigned failures = 0;
    try {
        announce();
    } catch (const std::exception& error) {
        spdlog::error("cannot keep the node's own document: {}", error.what());
    }
    for (;;) {
        {
            std::unique_lock lock(loop_mutex_);
            const auto until = std::min(due, Clock::now() + look_interval);
            wake_.wait_until(lock, until, [&] { return is_stopping_ || is_kicked_; });
            if (is_stopping_) return;
            if (is_kicked_) due = Clock::now();
            is_kicked_ = false;
        }
        look_at_clock();
        if (Clock::now() < due) continue;
        bool is_done = false;
        try {
            is_done = refresh().has_value();
        } catch (const std::exception& error) {
            // The disk: said, and tried again.
            spdlog::error("cannot keep the directory: {}", error.what());
            const std::lock_guard lock(mutex_);
            last_error_ = error.what();
        }
        failures = is_done ? 0 : std::min(failures + 1, 16U);
        due = Clock::now() + next_delay(failures);
        // Somebody sits and waits for the approval.
        if (is_done && state().state == "pending") due = std::min(due, Clock::now() + pending_poll);
    }
}

void FederationMembership::look_at_clock() {
    bool has_changed = false;
    bool offers = false;
    {
        const std::lock_guard lock(mutex_);
        has_changed = replace_snapshot_locked();
        offers = directory_ && setup_.clock() - last_offer_ > offer_interval;
    }
    after_change(has_changed, offers);
    share_announcements();
}

void FederationMembership::look_soon() {
    {
        const std::lock_guard lock(loop_mutex_);
        const auto now = std::chrono::steady_clock::now();
        if (now - last_kick_ < kick_interval) return;
        last_kick_ = now;
        is_kicked_ = true;
    }
    wake_.notify_all();
}

Result<void> FederationMembership::refresh() {
    const std::lock_guard contact_lock(contact_mutex_);
    const auto done = contact();
    std::string before;
    {
        const std::lock_guard lock(mutex_);
        before = last_error_;
        last_error_ = done ? "" : done.error().text();
    }
    if (!done && before != done.error().text())
        spdlog::warn("following the registry: {}", done.error().text());
    if (done && !before.empty()) spdlog::info("the registry answers again");
    return done;
}

/// One visit: what is new in the log, documents that lack, our own standing and document.
Result<void> FederationMembership::contact() {
    std::string url;
    Hash registry_id;
    bool has_directory = false;
    {
        const std::lock_guard lock(mutex_);
        if (!file_) return {};
        url = file_->registry_url;
        registry_id = file_->registry_id;
        has_directory = directory_.has_value();
    }
    const RegistryClient client(url, setup_.fetch);
    if (!has_directory) {
        const auto roots = client.roots();
        if (!roots) return std::unexpected(roots.error());
        auto made = registry::Directory::create(registry_id, *roots);
        if (!made) return std::unexpected(made.error());
        const std::lock_guard lock(mutex_);
        directory_ = std::move(*made);
        save_directory(setup_.folder, *directory_, registry::Directory::file_names());
    }
    if (auto done = follow(client); !done) return done;
    if (auto done = fetch_documents(client); !done) return done;
    if (!snapshot()->is_member()) return ask_enrolment(client);
    const auto published = publish_if_changed(client);
    if (!published) return std::unexpected(published.error());
    // So that we see our own new document at once and can pass it on.
    return *published ? follow(client) : Result<void>{};
}

Result<void> FederationMembership::follow(const RegistryClient& client) {
    registry::UpdateAssembler assembler;
    std::uint64_t from = 0;
    registry::CheckpointKeys keys;
    const auto begin = [&] {
        const std::lock_guard lock(mutex_);
        assembler.clear();
        from = directory_->next_from();
        keys = directory_->root().keys();
    };
    begin();
    bool has_tried_roots = false;
    bool has_tried_whole = false;
    for (int chunk_count = 0; chunk_count < max_chunks; ++chunk_count) {
        auto chunk = client.directory(from);
        if (!chunk) return std::unexpected(chunk.error());
        std::optional<Error> problem;
        auto whole = assembler.add(std::move(*chunk), keys);
        if (!whole) {
            problem = whole.error();
        } else if (!*whole) {
            from = *assembler.wanted();
            continue;
        } else {
            bool has_changed = false;
            bool has_grown = false;
            {
                const std::lock_guard lock(mutex_);
                const auto applied = apply_locked(**whole);
                if (!applied) {
                    problem = applied.error();
                } else {
                    has_grown = applied->new_size > applied->old_size;
                    has_changed = replace_snapshot_locked();
                }
            }
            if (!problem) {
                after_change(has_changed, has_grown);
                return {};
            }
        }
        if (may_be_newer_root(*problem) && !std::exchange(has_tried_roots, true)) {
            const auto roots = client.roots();
            if (!roots) return std::unexpected(roots.error());
            {
                const std::lock_guard lock(mutex_);
                const auto updated = directory_->update_roots(*roots);
                if (!updated) return std::unexpected(updated.error());
                if (!*updated) return std::unexpected(*problem);
                save_directory(setup_.folder, *directory_, registry::Directory::file_names());
            }
            begin();
            continue;
        }
        // The directory then asks for the whole log, which shows who is wrong.
        if (problem->code == "log_mismatch" && !std::exchange(has_tried_whole, true)) {
            begin();
            continue;
        }
        return std::unexpected(*problem);
    }
    return fail("bad_reply", "the registry sends its log in too many pieces");
}

Result<void> FederationMembership::fetch_documents(const RegistryClient& client) {
    std::vector<Hash> missing;
    {
        const std::lock_guard lock(mutex_);
        missing = directory_->missing_documents();
    }
    if (missing.size() > max_documents) missing.resize(max_documents);
    bool has_changed = false;
    for (const auto& hash : missing) {
        const auto bytes = client.document(hash);
        if (!bytes) {
            // One lost document must not keep us from the rest; its node has no endpoints here.
            if (bytes.error().kind == ErrorKind::unreachable) return std::unexpected(bytes.error());
            continue;
        }
        const std::lock_guard lock(mutex_);
        if (const auto added = directory_->add_document(*bytes); added) has_changed = true;
    }
    if (!has_changed) return {};
    bool snapshot_changed = false;
    {
        const std::lock_guard lock(mutex_);
        save_directory(setup_.folder, *directory_, registry::Directory::file_names());
        snapshot_changed = replace_snapshot_locked();
    }
    after_change(snapshot_changed, false);
    return {};
}

Result<void> FederationMembership::ask_enrolment(const RegistryClient& client) {
    const auto reply = client.enrolment(self_.node);
    if (!reply) return std::unexpected(reply.error());
    const std::lock_guard lock(mutex_);
    enrolment_ = reply->state;
    if (reply->state == registry::EnrolmentState::unknown)
        return fail("not_enrolled", "the registry has no request of this node", {},
                    "ask its operator for a new invitation and join again", ErrorKind::refused);
    return {};
}

registry::NodeDocument FederationMembership::own_document(const MembershipFile& file,
                                                          std::uint64_t version) const {
    registry::NodeDocument document;
    document.registry_id = file.registry_id;
    document.node = self_.node;
    document.version = version;
    document.name = setup_.node_name;
    for (const auto& text : setup_.endpoints(file.registry_url)) {
        const auto endpoint = registry::Endpoint::parse(text);
        if (endpoint && document.endpoints.size() < registry::max_endpoints)
            document.endpoints.push_back(*endpoint);
    }
    document.software = setup_.software;
    document.issued = setup_.clock();
    return document;
}

void FederationMembership::renew_own_document_locked() {
    const auto* logged = directory_->document(self_.node);
    const auto* announced = announcements_.of(self_.node);
    const auto* latest = announced ? &announced->document : logged;
    const std::uint64_t known = std::max(latest ? latest->version : 0, file_->document_version);
    const auto wanted = own_document(*file_, known + 1);
    if (latest && latest->name == wanted.name && latest->endpoints == wanted.endpoints &&
        latest->software == wanted.software && latest->min_protocol == wanted.min_protocol &&
        latest->max_protocol == wanted.max_protocol)
        return;
    // Before it leaves: a version that was seen outside must never come back with other words.
    file_->document_version = wanted.version;
    save_membership(setup_.folder, *file_);
    const auto document = registry::SignedDocument::sign(wanted, *setup_.key);
    if (announcements_.take(document.encode(), *directory_)) {
        save_announcements(setup_.folder, announcements_);
        has_news_to_share_ = true;
    }
}

void FederationMembership::announce() {
    if (!snapshot()->is_member()) return;
    {
        const std::lock_guard lock(mutex_);
        renew_own_document_locked();
    }
    share_announcements();
}

/// True when a new version went out.
Result<bool> FederationMembership::publish_if_changed(const RegistryClient& client) {
    std::optional<registry::SignedDocument> document;
    {
        const std::lock_guard lock(mutex_);
        renew_own_document_locked();
        if (const auto* announced = announcements_.of(self_.node)) document = *announced;
    }
    if (!document) return false;
    const auto published = client.publish(*document);
    if (!published) return std::unexpected(published.error());
    return true;
}

// ---- joining
// -------------------------------------------------------------------------------------------

Result<std::string> FederationMembership::join(const std::string& text) {
    const auto invitation = registry::Invitation::parse(text);
    if (!invitation) return std::unexpected(invitation.error());
    const std::lock_guard contact_lock(contact_mutex_);
    MembershipFile file{invitation->url, invitation->registry_id, 0};
    {
        const std::lock_guard lock(mutex_);
        if (file_) {
            if (file_->registry_id != invitation->registry_id)
                return fail(
                    "already_joined",
                    "the node already belongs to a federation, that of " + file_->registry_url,
                    invitation->url, "make another node for another federation",
                    ErrorKind::refused);
            file.document_version = file_->document_version;
        }
    }
    const RegistryClient client(invitation->url, setup_.fetch);
    const auto roots = client.roots();
    if (!roots) return std::unexpected(roots.error());
    auto made = registry::Directory::create(invitation->registry_id, *roots);
    if (!made) return std::unexpected(made.error());
    if (!snapshot()->is_member()) {
        file.document_version += 1;
        const auto document =
            registry::SignedDocument::sign(own_document(file, file.document_version), *setup_.key);
        const auto reply =
            client.enrol(registry::EnrolRequest::make(*invitation, document, *setup_.key));
        if (!reply) return std::unexpected(reply.error());
        const std::lock_guard lock(mutex_);
        enrolment_ = reply->state;
    }
    bool is_new = false;
    {
        const std::lock_guard lock(mutex_);
        is_new = !file_;
        if (!directory_) {
            directory_ = std::move(*made);
            save_directory(setup_.folder, *directory_, registry::Directory::file_names());
        }
        file_ = file;
        save_membership(setup_.folder, *file_);
    }
    if (is_new && hooks_.federation_changed) hooks_.federation_changed();
    if (const auto done = contact(); !done)
        spdlog::warn("joined, but cannot follow the registry yet: {}", done.error().text());
    {
        const std::lock_guard lock(loop_mutex_);
        is_kicked_ = true;
    }
    wake_.notify_all();
    return state().state;
}

Result<std::string> FederationMembership::admit(const NodeId& node) {
    const std::lock_guard contact_lock(contact_mutex_);
    std::string url;
    Hash registry_id;
    {
        const std::lock_guard lock(mutex_);
        if (!file_)
            return fail("no_federation", "this node is in no federation", {},
                        "join one first with `sangam node join INVITATION`", ErrorKind::refused);
        url = file_->registry_url;
        registry_id = file_->registry_id;
    }
    const auto view = snapshot();
    if (!view->is_member())
        return fail("not_member", "this node is no member yet, so it cannot take others in", {},
                    "wait for the operator's approval; see `sangam status`", ErrorKind::refused);
    const RegistryClient client(url, setup_.fetch);
    const auto reply = client.admit(registry::AdmitRequest::make(
        registry_id, self_.node, view->own_institution(), node, *setup_.key));
    if (!reply) return std::unexpected(reply.error());
    // The node is signed in whatever comes of this look; the next one catches up.
    if (const auto done = contact(); !done)
        spdlog::warn("admitted, but cannot follow the registry: {}", done.error().text());
    return registry::Invitation{url, registry_id, view->own_handle(), {}}.text();
}

// ---- what is held
// ----------------------------------------------------------------------------------------

Result<registry::Applied> FederationMembership::apply_locked(
    const messages::DirectoryUpdate& update) {
    auto applied = directory_->apply(update, setup_.clock());
    if (applied) {
        save_directory(setup_.folder, *directory_, applied->changed_files);
        if (announcements_.prune(*directory_)) save_announcements(setup_.folder, announcements_);
    } else if (applied.error().code == "split_view") {
        // The evidence must outlive the process.
        save_directory(setup_.folder, *directory_, registry::Directory::file_names());
        spdlog::error("the registry shows different logs to different nodes; the evidence is in {}",
                      setup_.folder);
    }
    return applied;
}

bool FederationMembership::replace_snapshot_locked() {
    auto next = std::make_shared<const DirectorySnapshot>(
        self_, directory_ ? &*directory_ : nullptr, setup_.clock(), setup_.stops_when_expired,
        announcements_);
    const std::lock_guard lock(snapshot_mutex_);
    if (snapshot_ && *snapshot_ == *next) return false;
    if (snapshot_ && snapshot_->freshness() != next->freshness()) {
        if (next->freshness() == sync::Freshness::stale)
            spdlog::warn("the directory is stale: the registry was not heard for some time");
        if (next->freshness() == sync::Freshness::expired)
            spdlog::warn("the directory is past its expiry; {}",
                         setup_.stops_when_expired ? "peers are cut off until it is renewed"
                                                   : "going on with known peers");
    }
    snapshot_ = std::move(next);
    return true;
}

/// Outside the locks.
void FederationMembership::after_change(bool snapshot_changed, bool offers) {
    if (snapshot_changed && hooks_.changed) hooks_.changed();
    if (offers) offer_to_all();
}

std::shared_ptr<const DirectorySnapshot> FederationMembership::snapshot() const {
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
}

std::shared_ptr<const sync::DirectoryView> FederationMembership::view() const { return snapshot(); }

Hash FederationMembership::registry_id() const {
    const std::lock_guard lock(mutex_);
    return file_ ? file_->registry_id : Hash{};
}

MembershipState FederationMembership::state() const {
    const auto view = snapshot();
    const std::lock_guard lock(mutex_);
    MembershipState out;
    out.institution = view->own_handle();
    out.institution_id = view->own_institution();
    out.freshness = view->freshness();
    out.last_error = last_error_;
    if (view->is_revoked() || enrolment_ == registry::EnrolmentState::revoked)
        out.state = "revoked";
    else if (view->is_member())
        out.state = "member";
    else
        out.state = file_ ? "pending" : "none";
    if (file_) out.registry_url = file_->registry_url;
    if (directory_) {
        out.tree_size = directory_->tree_size();
        if (const auto age = directory_->age(setup_.clock())) out.age_s = age->count() / 1000;
    }
    return out;
}

}  // namespace sangam::node
