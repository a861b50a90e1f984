// SPDX-License-Identifier: Apache-2.0
#include "sync/policy.hpp"

#include <algorithm>

#include "protocol/cbor.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::sync {
namespace {

/// The words for "no" are the same whether the dataset is hidden or does not exist.
Scope nothing_there() {
    return {false, "there is no such dataset, or nothing of it is shared with you", false, {}};
}

bool is_for(const Audience& audience, const Asker& asker, const DirectoryView& directory) {
    const bool is_member = asker.kind != Asker::Kind::everyone;
    switch (audience.kind) {
        case Audience::Kind::everyone:
            return true;
        case Audience::Kind::members:
            return is_member;
        case Audience::Kind::institution:
            return is_member && audience.institution == asker.institution;
        case Audience::Kind::group:
            return is_member && directory.is_in_group(asker.institution, audience.group);
    }
    return false;
}

/// The rule that a grant makes; nothing when its condition cannot be read.
std::optional<Rule> rule_of(const Grant& grant) {
    if (grant.where.empty()) return Rule{std::nullopt, grant.hide};
    auto where = Condition::parse(grant.where);
    if (!where) return std::nullopt;
    return Rule{std::move(*where), grant.hide};
}

/// What the grants alone give; `only_open`: those to members and public.
Scope decide_by_grants(const Asker& asker, sangam::Action action, const DatasetPolicy& policy,
                       const DirectoryView& directory, bool only_open) {
    Scope scope;
    bool is_discoverable = false;
    bool has_unreadable = false;
    for (const Grant& grant : policy.grants) {
        if (only_open && grant.audience.kind != Audience::Kind::members &&
            grant.audience.kind != Audience::Kind::everyone)
            continue;
        if (!is_for(grant.audience, asker, directory)) continue;
        is_discoverable = is_discoverable || grant.allows(sangam::Action::discover);
        // Who may hold a copy may search it, so it may also be answered.
        const bool allows = grant.allows(action) || (action == sangam::Action::search &&
                                                     grant.allows(sangam::Action::replicate));
        if (action == sangam::Action::discover || !allows) continue;
        if (auto rule = rule_of(grant))
            scope.rules.push_back(std::move(*rule));
        else
            has_unreadable = true;
    }
    if (!is_discoverable) return nothing_there();
    scope.allowed = action == sangam::Action::discover || !scope.rules.empty();
    if (!scope.allowed)
        scope.reason = has_unreadable ? "the grant has a row condition that this version of the "
                                        "node cannot read; it allows no more than the description"
                                      : "no grant for " + std::string(to_text(action)) + " yet";
    return scope;
}

/// People of this node's own institution see all that it owns or writes. Of what others own they
/// see what the grants of the moment let the institution know of and hold: a copy whose right has
/// ended is no answer, also while its withdrawal is still under way.
Scope decide_for_home(const Asker& asker, sangam::Action action, const DatasetPolicy& policy,
                      const DirectoryView& directory) {
    if (policy.info.holding == storage::Holding::own ||
        policy.info.holding == storage::Holding::writer || policy.is_owner(asker.institution) ||
        policy.is_writer(asker.institution))
        return Scope::everything();
    const Asker member = Asker::member(asker.institution);
    if (action == sangam::Action::discover)
        return decide_by_grants(member, action, policy, directory, false);
    Scope scope = decide_by_grants(member, sangam::Action::replicate, policy, directory, false);
    // What the owner hides was never delivered; whatever is held shows.
    return scope.allowed ? Scope::everything() : scope;
}

}  // namespace

Bytes encode_chain_numbers(const ChainNumbers& numbers) {
    cbor::Writer writer;
    writer.array(numbers.size());
    for (const auto& [chain, number] : numbers) {
        writer.array(2);
        writer.text(chain);
        writer.unsigned_int(number);
    }
    return writer.take();
}

ChainNumbers decode_chain_numbers(ByteView encoded) {
    ChainNumbers out;
    cbor::Reader reader(encoded);
    const std::size_t count = reader.array();
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        reader.array();
        std::string chain(reader.text());
        const std::uint64_t number = reader.unsigned_int();
        if (!reader.failed()) out.emplace_back(std::move(chain), number);
    }
    return out;
}

ChainNumbers beyond(const ChainNumbers& named, const ChainNumbers& held) {
    ChainNumbers out;
    for (const auto& entry : named) {
        const auto it = std::find_if(held.begin(), held.end(),
                                     [&](const auto& other) { return other.first == entry.first; });
        if (it == held.end() || it->second < entry.second) out.push_back(entry);
    }
    return out;
}

bool Rule::shows(const Path& field) const { return !hides(hidden, field); }

bool Scope::may_show(const Path& field) const {
    return std::any_of(rules.begin(), rules.end(),
                       [&](const Rule& rule) { return rule.shows(field); });
}

bool Scope::has_conditions() const {
    return std::any_of(rules.begin(), rules.end(),
                       [](const Rule& rule) { return rule.where.has_value(); });
}

bool Scope::shows_all() const {
    return std::any_of(rules.begin(), rules.end(),
                       [](const Rule& rule) { return !rule.where && rule.hidden.empty(); });
}

bool Scope::depends_on_rows() const {
    return has_conditions() || std::none_of(rules.begin(), rules.end(),
                                            [](const Rule& rule) { return rule.hidden.empty(); });
}

bool Scope::has_several_views() const {
    return has_conditions() && std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
               return rule.hidden != rules.front().hidden;
           });
}

std::optional<DatasetPolicy> DatasetPolicy::load(const storage::Reader& reader,
                                                 const DatasetUid& uid) {
    auto info = reader.dataset(uid);
    if (!info) return std::nullopt;
    DatasetPolicy policy{std::move(*info), {}, reader.control_numbers(uid)};
    if (policy.info.holding == storage::Holding::own)
        if (const auto document = reader.document(forgotten_kind, uid.hex())) {
            const auto missing = beyond(decode_chain_numbers(*document), policy.numbers);
            const auto given_up = reader.document(given_up_kind, uid.hex());
            policy.is_behind = !missing.empty();
            policy.is_paused =
                !beyond(missing, given_up ? decode_chain_numbers(*given_up) : ChainNumbers{})
                     .empty();
        }
    for (const auto& [chain, number] : policy.numbers) {
        if (chain == chain_for_all) continue;
        std::vector<Grant> live;
        for (const SignedControl& signed_entry : reader.control(uid, chain, 0)) {
            const auto& body = signed_entry.entry.body;
            if (const auto* grant = std::get_if<Grant>(&body)) {
                // A grant counts only in its own audience's chain, so that its end reaches
                // everyone whom the grant reached.
                if (grant->audience.chain() == chain) live.push_back(*grant);
            } else if (const auto* end = std::get_if<Revocation>(&body)) {
                std::erase_if(live, [&](const Grant& g) { return g.id == end->grant; });
            }
        }
        policy.grants.insert(policy.grants.end(), live.begin(), live.end());
    }
    return policy;
}

bool DatasetPolicy::is_writer(const InstitutionId& institution) const {
    const auto& writers = info.manifest.writers;
    return std::find(writers.begin(), writers.end(), institution) != writers.end();
}

std::optional<std::uint64_t> taken_out_at(const storage::Reader& reader, const DatasetUid& dataset,
                                          const InstitutionId& institution) {
    bool writes = false;
    std::optional<std::uint64_t> out;
    for (const SignedControl& signed_entry :
         reader.control(dataset, std::string(chain_for_all), 0)) {
        const auto* manifest = std::get_if<Manifest>(&signed_entry.entry.body);
        if (!manifest) continue;
        const bool wrote =
            std::exchange(writes, std::find(manifest->writers.begin(), manifest->writers.end(),
                                            institution) != manifest->writers.end());
        if (writes)
            out.reset();
        else if (wrote)
            out = signed_entry.entry.number;
    }
    return out;
}

Scope decide(const Asker& asker, sangam::Action action, const DatasetPolicy& policy,
             const DirectoryView& directory) {
    if (asker.kind == Asker::Kind::home) return decide_for_home(asker, action, policy, directory);
    if (asker.kind == Asker::Kind::institution &&
        (policy.is_owner(asker.institution) || policy.is_writer(asker.institution)))
        return Scope::everything();
    if (policy.is_paused)
        return {
            false,
            "the owner's node has lost grants or their end and shares nothing until a holder has "
            "given them back",
            true,
            {}};
    const bool is_origin = policy.info.holding == storage::Holding::own;
    return decide_by_grants(asker, action, policy, directory, !is_origin);
}

Scope decide(const Asker& asker, sangam::Action action, const DatasetUid& dataset,
             const storage::Reader& reader, const DirectoryView& directory) {
    const auto policy = DatasetPolicy::load(reader, dataset);
    return policy ? decide(asker, action, *policy, directory) : nothing_there();
}

Scope decide_elsewhere(const InstitutionId& institution, sangam::Action action,
                       const DatasetPolicy& policy, const DirectoryView& directory, At at) {
    if (policy.is_owner(institution) || policy.is_writer(institution)) return Scope::everything();
    return decide_by_grants(Asker::member(institution), action, policy, directory,
                            at == At::stand_in);
}

std::set<sangam::Action> rights_at_owner(const InstitutionId& institution,
                                         const DatasetPolicy& policy,
                                         const DirectoryView& directory) {
    std::set<sangam::Action> out;
    for (const sangam::Action action : {sangam::Action::discover, sangam::Action::search,
                                        sangam::Action::aggregate, sangam::Action::replicate})
        if (decide_elsewhere(institution, action, policy, directory, At::owner).allowed)
            out.insert(action);
    return out;
}

std::set<InstitutionId> related_institutions(const storage::Reader& reader,
                                             const InstitutionId& home,
                                             const DirectoryView& directory) {
    std::set<InstitutionId> out;
    for (const storage::DatasetInfo& info : reader.datasets()) {
        out.insert(info.manifest.owner);
        out.insert(info.manifest.writers.begin(), info.manifest.writers.end());
        if (info.manifest.owner != home) continue;
        const auto policy = DatasetPolicy::load(reader, info.uid);
        for (const Grant& grant : policy->grants)
            if (grant.audience.kind == Audience::Kind::institution)
                out.insert(grant.audience.institution);
    }
    for (const auto& served : reader.served_subscriptions()) out.insert(served.institution);
    // One that waits for its dataset to be made known names only a handle.
    for (const auto& wanted : reader.own_subscriptions())
        if (const auto owner = directory.institution_by_handle(
                wanted.dataset_name.substr(0, wanted.dataset_name.find('/'))))
            out.insert(*owner);
    out.erase(home);
    return out;
}

}  // namespace sangam::sync
