// SPDX-License-Identifier: Apache-2.0
#include "sync/control_author.hpp"

#include <algorithm>
#include <map>

#include "sync/policy.hpp"

namespace sangam::sync {
namespace {

constexpr std::size_t max_dataset_name = 64;

Result<void> check_name(std::string_view name) {
    const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool is_good =
        !name.empty() && name.size() <= max_dataset_name && is_plain(name.front()) &&
        is_plain(name.back()) &&
        std::all_of(name.begin(), name.end(), [&](char c) { return is_plain(c) || c == '-'; });
    // INSTITUTION/holders would be the list of holders of a dataset named like the institution.
    if (name == "holders" || name == "resume")
        return fail("bad_dataset_name", "this name has a meaning of its own in the HTTP interface",
                    std::string(name), "choose another, such as rice-genebank", ErrorKind::usage);
    if (is_good) return {};
    return fail("bad_dataset_name", "a dataset's name has 1 to 64 of a-z, 0-9 and inner hyphens",
                std::string(name), "choose another, such as rice-genebank", ErrorKind::usage);
}

Result<InstitutionId> institution_named(std::string_view handle, const DirectoryView& directory) {
    if (const auto id = directory.institution_by_handle(handle)) return *id;
    return fail("unknown_institution", "no institution of that handle is in the directory",
                std::string(handle), "see `sangam status` for the members known here",
                ErrorKind::not_found);
}

Result<std::vector<InstitutionId>> writers_named(const std::vector<std::string>& handles,
                                                 const InstitutionId& owner,
                                                 const DirectoryView& directory) {
    std::set<InstitutionId> out;
    for (const std::string& handle : handles) {
        const auto id = institution_named(handle, directory);
        if (!id) return std::unexpected(id.error());
        if (*id != owner) out.insert(*id);
    }
    return std::vector<InstitutionId>(out.begin(), out.end());
}

Result<DatasetPolicy> owned(const storage::Reader& reader, const DirectoryView& directory,
                            const ControlAuthor& author, const DatasetUid& uid) {
    auto policy = DatasetPolicy::load(reader, uid);
    if (!policy)
        return fail("unknown_dataset", "there is no such dataset here", uid.hex(),
                    "see `sangam dataset list`", ErrorKind::not_found);
    if (!policy->is_owner(institution_or_self(directory, author.node)))
        return fail("not_owner", "only the owner may change what a dataset is and who sees it",
                    policy->info.manifest.name,
                    "ask " + directory.handle_of(policy->info.manifest.owner) + " to do it",
                    ErrorKind::refused);
    if (policy->is_behind)
        return fail("control_forgotten",
                    "this store has forgotten control entries of the dataset that a holder has",
                    policy->info.manifest.name,
                    "wait until that holder is connected and has given them back; `sangam status` "
                    "shows the peers",
                    ErrorKind::refused);
    return std::move(*policy);
}

/// The entry that continues a chain.
SignedControl next_entry(const storage::Reader& reader, const ControlAuthor& author,
                         const DatasetUid& uid, std::string chain,
                         std::variant<Manifest, Grant, Revocation> body, Millis now) {
    ControlEntry entry;
    entry.dataset = uid;
    entry.author = author.node;
    entry.body = std::move(body);
    Hlc last;
    const auto held = reader.control(uid, chain, 0);
    if (!held.empty()) {
        entry.previous = held.back().entry.hash();
        last = held.back().entry.hlc;
    }
    entry.number = held.size() + 1;
    entry.chain = std::move(chain);
    entry.hlc = tick(last, now);
    return SignedControl::sign(entry, *author.key);
}

/// Ends the lanes of the owner's and the writers' revoked nodes: those that are held at what is
/// held, all others before their first commit. True when the manifest changed.
bool add_revocation_cuts(Manifest& manifest, const storage::Reader& reader,
                         const DirectoryView& directory, const DatasetUid& uid) {
    const std::size_t before = manifest.cuts.size();
    const auto has_cut = [&](const Lane& lane) {
        return std::any_of(manifest.cuts.begin(), manifest.cuts.end(),
                           [&](const Cut& cut) { return cut.lane == lane; });
    };
    for (const Head& head : reader.heads(uid))
        if (directory.is_revoked(head.lane.node) && !manifest.cut_of(head.lane))
            manifest.cuts.push_back({head.lane, head.sequence, head.header_hash});
    auto institutions = manifest.writers;
    institutions.push_back(manifest.owner);
    for (const InstitutionId& institution : institutions)
        for (const NodeId& node : directory.revoked_nodes_of(institution))
            if (const Lane every{node, Epoch{}}; !has_cut(every))
                manifest.cuts.push_back({every, {}, {}});
    std::sort(manifest.cuts.begin(), manifest.cuts.end());
    return manifest.cuts.size() != before;
}

}  // namespace

InstitutionId institution_or_self(const DirectoryView& directory, const NodeId& node) {
    if (const auto id = directory.author_institution(node)) return *id;
    return InstitutionId{node.bytes};
}

Result<Audience> parse_audience(std::string_view text, const DirectoryView& directory) {
    constexpr std::string_view group_prefix = "group:";
    Audience out;
    if (text == "members") {
        out.kind = Audience::Kind::members;
    } else if (text == "public") {
        out.kind = Audience::Kind::everyone;
    } else if (text.starts_with(group_prefix)) {
        out.kind = Audience::Kind::group;
        out.group = std::string(text.substr(group_prefix.size()));
        if (out.group.empty() || out.group.find('/') != std::string::npos)
            return fail("bad_group", "a group's name is not empty and has no slash",
                        std::string(text), {}, ErrorKind::usage);
    } else {
        const auto id = institution_named(text, directory);
        if (!id) return std::unexpected(id.error());
        out.kind = Audience::Kind::institution;
        out.institution = *id;
    }
    return out;
}

std::string audience_text(const Audience& audience, const DirectoryView& directory) {
    switch (audience.kind) {
        case Audience::Kind::institution:
            return directory.handle_of(audience.institution);
        case Audience::Kind::group:
            return "group:" + audience.group;
        case Audience::Kind::members:
            return "members";
        case Audience::Kind::everyone:
            return "public";
    }
    return {};
}

Result<SignedControl> create_dataset(const storage::Reader& reader, const DirectoryView& directory,
                                     const ControlAuthor& author, const DatasetSpec& spec,
                                     Millis now) {
    if (const auto good = check_name(spec.name); !good) return std::unexpected(good.error());
    if (spec.licence.empty())
        return fail("no_licence",
                    "a dataset needs a licence, so that holders know what they may do", spec.name,
                    "give --licence, such as CC-BY-4.0", ErrorKind::usage);
    Manifest manifest;
    manifest.owner = institution_or_self(directory, author.node);
    for (const storage::DatasetInfo& info : reader.datasets())
        if (info.manifest.owner == manifest.owner && info.manifest.name == spec.name)
            return fail("name_taken", "the institution has a dataset of that name", spec.name,
                        "choose another name", ErrorKind::refused);
    auto writers = writers_named(spec.writers, manifest.owner, directory);
    if (!writers) return std::unexpected(writers.error());
    manifest.name = spec.name;
    manifest.title = spec.title;
    manifest.licence = spec.licence;
    manifest.nonce = author.random->draw<Hash>();
    manifest.writers = std::move(*writers);
    manifest.schema = spec.schema;

    ControlEntry entry;
    entry.chain = std::string(chain_for_all);
    entry.number = 1;
    entry.hlc = tick(Hlc{}, now);
    entry.author = author.node;
    entry.body = std::move(manifest);
    return SignedControl::sign(entry, *author.key);
}

Result<SignedControl> change_dataset(const storage::Reader& reader, const DirectoryView& directory,
                                     const ControlAuthor& author, const DatasetUid& uid,
                                     const DatasetChange& change, Millis now) {
    auto policy = owned(reader, directory, author, uid);
    if (!policy) return std::unexpected(policy.error());
    Manifest manifest = policy->info.manifest;
    if (change.title) manifest.title = *change.title;
    if (change.licence) {
        if (change.licence->empty())
            return fail("no_licence", "a dataset needs a licence", manifest.name,
                        "give --licence, such as CC-BY-4.0", ErrorKind::usage);
        manifest.licence = *change.licence;
    }
    if (change.schema) manifest.schema = *change.schema;
    if (change.writers) {
        auto writers = writers_named(*change.writers, manifest.owner, directory);
        if (!writers) return std::unexpected(writers.error());
        const auto is_in = [](const std::vector<InstitutionId>& list, const InstitutionId& id) {
            return std::find(list.begin(), list.end(), id) != list.end();
        };
        const auto held = reader.heads(uid);
        for (const Head& head : held) {
            const InstitutionId whose = institution_or_self(directory, head.lane.node);
            const bool was_writer = is_in(manifest.writers, whose);
            const bool has_cut = std::any_of(manifest.cuts.begin(), manifest.cuts.end(),
                                             [&](const Cut& cut) { return cut.lane == head.lane; });
            if (was_writer && !is_in(*writers, whose) && !has_cut)
                manifest.cuts.push_back({head.lane, head.sequence, head.header_hash});
        }
        // What the others may have of lanes that have not come here ends, too.
        for (const InstitutionId& writer : manifest.writers) {
            if (is_in(*writers, writer)) continue;
            for (const NodeId& node : directory.nodes_of(writer)) {
                const Cut every{{node, Epoch{}}, {}, {}};
                if (std::find(manifest.cuts.begin(), manifest.cuts.end(), every) ==
                    manifest.cuts.end())
                    manifest.cuts.push_back(every);
            }
        }
        // Whoever is taken in again writes on: what was cut off has never been accepted here.
        std::erase_if(manifest.cuts, [&](const Cut& cut) {
            return !directory.is_revoked(cut.lane.node) &&
                   is_in(*writers, institution_or_self(directory, cut.lane.node));
        });
        manifest.writers = std::move(*writers);
    }
    add_revocation_cuts(manifest, reader, directory, uid);
    return next_entry(reader, author, uid, std::string(chain_for_all), std::move(manifest), now);
}

std::optional<SignedControl> cut_revoked_lanes(const storage::Reader& reader,
                                               const DirectoryView& directory,
                                               const ControlAuthor& author, const DatasetUid& uid,
                                               Millis now) {
    auto policy = owned(reader, directory, author, uid);
    if (!policy) return std::nullopt;
    Manifest manifest = policy->info.manifest;
    if (!add_revocation_cuts(manifest, reader, directory, uid)) return std::nullopt;
    return next_entry(reader, author, uid, std::string(chain_for_all), std::move(manifest), now);
}

Result<SignedControl> add_grant(const storage::Reader& reader, const DirectoryView& directory,
                                const ControlAuthor& author, const GrantSpec& spec, Millis now) {
    const auto policy = owned(reader, directory, author, spec.dataset);
    if (!policy) return std::unexpected(policy.error());
    if (spec.actions.empty())
        return fail("no_action",
                    "a grant allows at least one of discover, search, aggregate, "
                    "replicate",
                    policy->info.manifest.name, "give --can", ErrorKind::usage);
    std::string where;
    if (!spec.where.empty()) {
        const auto condition = Condition::parse(spec.where);
        if (!condition) return std::unexpected(condition.error());
        where = condition->text();
    }
    for (const Path& path : spec.hide)
        if (path.names.empty() || path.is_reserved())
            return fail("bad_field", "a grant can hide any field of a record, and no reserved one",
                        path.text(), "name the field as `sangam get` shows it", ErrorKind::usage);
    auto audience = parse_audience(spec.audience, directory);
    if (!audience) return std::unexpected(audience.error());
    Grant grant;
    grant.id = author.random->draw<GrantId>();
    grant.audience = std::move(*audience);
    grant.actions = spec.actions;
    grant.where = std::move(where);
    grant.hide = spec.hide;
    std::sort(grant.hide.begin(), grant.hide.end());
    grant.hide.erase(std::unique(grant.hide.begin(), grant.hide.end()), grant.hide.end());
    const std::string chain = grant.audience.chain();
    return next_entry(reader, author, spec.dataset, chain, std::move(grant), now);
}

Result<SignedControl> revoke_grant(const storage::Reader& reader, const DirectoryView& directory,
                                   const ControlAuthor& author, const GrantId& id, Millis now) {
    const InstitutionId home = institution_or_self(directory, author.node);
    for (const storage::DatasetInfo& info : reader.datasets()) {
        if (info.manifest.owner != home) continue;
        const auto policy = owned(reader, directory, author, info.uid);
        if (!policy) return std::unexpected(policy.error());
        for (const Grant& grant : policy->grants)
            if (grant.id == id)
                return next_entry(reader, author, info.uid, grant.audience.chain(), Revocation{id},
                                  now);
        for (const auto& [chain, number] : policy->numbers)
            for (const SignedControl& entry : reader.control(info.uid, chain, 0))
                if (const auto* end = std::get_if<Revocation>(&entry.entry.body);
                    end && end->grant == id)
                    return fail("grant_ended", "the grant was revoked already", id.hex(), {},
                                ErrorKind::refused);
    }
    return fail("unknown_grant", "no dataset of this institution has that grant", id.hex(),
                "see `sangam grant list`", ErrorKind::not_found);
}

ChainNumbers share_without_forgotten(storage::Store& store, const DatasetUid& dataset) {
    const auto reader = store.reader();
    const auto named = reader->document(forgotten_kind, dataset.hex());
    if (!named) return {};
    std::map<std::string, std::uint64_t> all;
    if (const auto before = reader->document(given_up_kind, dataset.hex()))
        for (const auto& [chain, number] : decode_chain_numbers(*before)) all[chain] = number;
    const auto given_up =
        beyond(beyond(decode_chain_numbers(*named), reader->control_numbers(dataset)),
               {all.begin(), all.end()});
    if (given_up.empty()) return {};
    for (const auto& [chain, number] : given_up) all[chain] = number;
    store.put_document(given_up_kind, dataset.hex(),
                       encode_chain_numbers({all.begin(), all.end()}));
    return given_up;
}

}  // namespace sangam::sync
