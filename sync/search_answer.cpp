// SPDX-License-Identifier: Apache-2.0
#include "sync/search_answer.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "protocol/cbor.hpp"
#include "sync/copy_coverage.hpp"
#include "sync/limits.hpp"
#include "sync/merger.hpp"
#include "sync/policy.hpp"
#include "sync/reserved_paths.hpp"
#include "sync/row_scope.hpp"
#include "sync/search_refusal.hpp"

namespace sangam::sync {
namespace {

using messages::SearchHit;
using messages::SearchPart;
using messages::SearchRequest;
using storage::Holding;

constexpr std::size_t snippet_bytes = 160;
constexpr std::size_t max_sort_key_bytes = 256;  // longer ones that differ later count as equal

/// One text for a value, as facets, sorting and snippets take it.
std::string plain_text(const Value& value) {
    if (value.is_text()) return std::string(value.text());
    if (const auto* i = value.get_if<std::int64_t>()) return std::to_string(*i);
    if (const auto* d = value.get_if<double>()) {
        std::string text = std::to_string(*d);
        while (text.ends_with('0')) text.pop_back();
        if (text.ends_with('.')) text.pop_back();
        return text;
    }
    if (const auto* b = value.get_if<bool>()) return *b ? "true" : "false";
    std::string out;
    if (const auto* array = value.get_if<Value::Array>())
        for (const Value& item : *array) {
            if (!out.empty()) out += "; ";
            out += plain_text(item);
        }
    return out;
}

std::string folded(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// Cuts at most `bytes` bytes from the front without splitting a UTF-8 sequence.
std::string_view front_of(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    return text.substr(0, bytes);
}

/// The first visible text that holds one of the query's words, around that word.
std::string snippet_of(const std::map<Path, Value>& fields, const storage::TextQuery& query) {
    for (const auto& [path, value] : fields) {
        const std::string text = plain_text(value);
        const std::string low = folded(text);
        for (const auto& term : query.terms) {
            if (term.words.empty()) continue;
            const auto at = low.find(term.words.front());
            if (at == std::string::npos) continue;
            std::size_t begin = at > snippet_bytes / 3 ? at - snippet_bytes / 3 : 0;
            while (begin < at && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) ++begin;
            return std::string(front_of(std::string_view(text).substr(begin), snippet_bytes));
        }
    }
    return {};
}

Bytes encode_fields(const std::map<Path, Value>& fields) {
    Value::Map map;
    for (const auto& [path, value] : fields) map.emplace(path.text(), value);
    return Value(std::move(map)).to_cbor();
}

/// What the request asks, read once.
Result<storage::SearchQuestion> read_question(const SearchRequest& request) {
    storage::SearchQuestion question;
    auto text = storage::TextQuery::parse(request.query);
    if (!text) return std::unexpected(text.error());
    question.text = std::move(*text);
    question.limit = std::min<std::size_t>(request.limit, limits::max_hits);
    if (!request.where.empty()) {
        auto where = Condition::parse(request.where);
        if (!where) return std::unexpected(where.error());
        question.where = std::move(*where);
    }
    if (request.facets.size() > limits::max_facets)
        return fail("too_many_facets", "at most " + std::to_string(limits::max_facets) + " facets",
                    {}, {}, ErrorKind::usage);
    for (const std::string& facet : request.facets) {
        auto path = asked_field(facet);
        if (!path) return std::unexpected(path.error());
        question.facets.push_back(std::move(*path));
    }
    std::string_view sort = request.sort;
    if (sort.starts_with('-')) {
        question.is_descending = true;
        sort.remove_prefix(1);
    }
    if (!sort.empty()) {
        auto path = asked_field(sort);
        if (!path) return std::unexpected(path.error());
        question.sort = std::move(*path);
    }
    if (request.has_statistics) {
        const auto& given = request.statistics;
        if (given.records_with_term.size() != question.text.terms.size())
            return fail("bad_statistics", "the statistics are of other terms than the query's", {},
                        {}, ErrorKind::usage);
        question.statistics = {given.records, given.bytes, given.records_with_term};
    }
    return question;
}

void add_reason(std::string& reason, const std::string& more) {
    if (!reason.empty()) reason += "; ";
    reason += more;
}

/// Answers for one dataset.
class DatasetAnswer {
public:
    DatasetAnswer(const storage::Reader& reader, const Merger& merger, const SearchRequest& request,
                  const storage::SearchQuestion& question, const DatasetPolicy& policy,
                  const Scope& scope)
        : reader_(reader),
          merger_(merger),
          request_(request),
          question_(question),
          policy_(policy),
          scope_(search_scope(policy.info.uid, scope)) {}

    SearchPart run() {
        part_.dataset = policy_.info.uid;
        part_.query_id = request_.query_id;
        const auto result = reader_.search(scope_, question_);
        if (!result.missing.empty()) return refused(result.missing);
        // What the asker may see, not what is there.
        part_.held = reader_.search(scope_, {}).total;
        part_.expected = part_.held;
        part_.total = result.total;
        part_.statistics = {result.statistics.records, result.statistics.bytes,
                            result.statistics.records_with_term};
        for (const auto& hit : result.best)
            if (!add_hit(hit)) break;
        for (std::size_t i = 0; i < question_.facets.size(); ++i)
            add_facet(request_.facets[i], result.facets[i]);
        return std::move(part_);
    }

private:
    SearchPart refused(const std::vector<Path>& missing) {
        part_.source = SearchPart::Source::refused;
        if (policy_.info.holding != Holding::replica) {
            part_.reason = refusal_of_fields(missing);
            return std::move(part_);
        }
        // A replica cannot tell "is not there" from "was not given to me".
        part_.reason = "cannot say: the replica has no field ";
        for (const Path& path : missing)
            part_.reason += (&path == &missing.front() ? "" : ", ") + path.text();
        return std::move(part_);
    }

    /// The most frequent values, within the part's bounds; says so where some are left out.
    void add_facet(const std::string& facet, const std::map<std::string, std::uint64_t>& counts) {
        std::vector<std::pair<std::string, std::uint64_t>> values(counts.begin(), counts.end());
        std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
            return std::tie(b.second, a.first) < std::tie(a.second, b.first);
        });
        std::size_t told = 0;
        for (auto& [value, count] : values) {
            facet_bytes_ += facet.size() + value.size() + 16;
            if (told == limits::max_facet_values || facet_bytes_ > limits::facet_bytes) break;
            ++told;
            part_.facets.push_back({facet, std::move(value), count});
        }
        if (told < values.size())
            add_reason(part_.reason, "facet " + facet + " tells " + std::to_string(told) + " of " +
                                         std::to_string(values.size()) + " values");
    }

    /// A field that the asker may not see in this record is like one that is not there.
    std::map<Path, Value> visible_fields(const storage::SearchHit& hit) const {
        const auto record = reader_.record(hit.number);
        if (!record) return {};
        auto fields = merger_.merge(policy_.info.manifest, record->changes).fields;
        std::erase_if(fields, [&](const auto& entry) { return hides(hit.hidden, entry.first); });
        return fields;
    }

    /// False when the part is full.
    bool add_hit(const storage::SearchHit& found) {
        const auto fields = visible_fields(found);
        SearchHit hit;
        hit.collection = found.key.collection;
        hit.id = found.key.id;
        hit.title = title_of(fields, found.key);
        hit.has_score = !question_.text.terms.empty();
        hit.score = found.score;
        hit.fields = encode_fields(fields);
        hit.snippet = snippet_of(fields, question_.text);
        hit.sort_key = std::string(front_of(found.sort_key, max_sort_key_bytes));
        hit.occurrences = found.counts.occurrences;
        hit.length = found.counts.length;
        bytes_ += hit.collection.size() + 2 * hit.id.size() + hit.title.size() + hit.fields.size() +
                  hit.snippet.size() + hit.sort_key.size() + 4 * hit.occurrences.size() + 64;
        if (bytes_ > limits::part_bytes) return false;  // the asker sees that some are missing
        part_.hits.push_back(std::move(hit));
        return true;
    }

    const storage::Reader& reader_;
    const Merger& merger_;
    const SearchRequest& request_;
    const storage::SearchQuestion& question_;
    const DatasetPolicy& policy_;
    const storage::SearchScope scope_;
    SearchPart part_;
    std::size_t bytes_ = 0;
    std::size_t facet_bytes_ = 0;
};

/// How long ago this node last had all that the owner had.
std::uint64_t age_of(const DatasetUid& dataset, const SourceContactMap& contacts, Millis now) {
    const auto known = contacts.find(dataset);
    if (known == contacts.end() || known->second.up_to_date == Millis{0}) return 0;
    return static_cast<std::uint64_t>(std::max<Millis>(now - known->second.up_to_date, {}).count());
}

/// What a replica knows of how much it should hold, and what it was not given of what the asker may
/// see.
void state_of_replica(SearchPart& part, std::uint64_t live_records, const CoverageGap& gap,
                      const std::vector<storage::OwnSubscription>& subscriptions) {
    part.fields_not_held = static_cast<std::uint32_t>(gap.fields.size());
    if (gap.lacks_rows)
        add_reason(part.reason, "the copy was given under a condition; records may be missing");
    for (const storage::OwnSubscription& subscription : subscriptions) {
        if (subscription.dataset != part.dataset) continue;
        // What the replica lacks, the asker may lack.
        if (subscription.expected > live_records)
            part.expected = part.held + (subscription.expected - live_records);
        else if (subscription.is_copying)
            add_reason(part.reason, "the copy is still being filled");
        // Of what the filter left out nobody here can say anything.
        if (!subscription.where.empty())
            add_reason(part.reason, "the copy has only records where " + subscription.where);
    }
}

/// Whether the owner's word on `members` and `public` still holds here.
bool heard_lately(const storage::DatasetInfo& info, const SourceContactMap& contacts,
                  const std::vector<storage::OwnSubscription>& subscriptions, Millis now) {
    if (info.holding == Holding::writer) {
        const auto contact = contacts.find(info.uid);
        return contact != contacts.end() && now - contact->second.heard < stand_in_lifetime;
    }
    return std::any_of(subscriptions.begin(), subscriptions.end(), [&](const auto& subscription) {
        return subscription.dataset == info.uid &&
               now - subscription.last_heard < stand_in_lifetime;
    });
}

}  // namespace

std::string title_of(const std::map<Path, Value>& fields, const RecordKey& key) {
    for (const char* name : {"germplasmName", "accessionNames", "accessionNumber"}) {
        const auto it = fields.find(Path::single(name));
        if (it == fields.end()) continue;
        const Value* value = &it->second;
        if (const auto* list = value->get_if<Value::Array>()) {
            if (list->empty()) continue;
            value = &list->front();
        }
        if (std::string text = plain_text(*value); !text.empty()) return text;
    }
    return key.id;
}

SearchAnswer answer_search(const storage::Reader& reader, const DirectoryView& directory,
                           const Merger& merger, const AnswerSearch& asked, Millis now) {
    const Asker& asker = asked.asker;
    const SearchRequest& request = asked.request;
    SearchAnswer answer;
    const auto question = read_question(request);
    if (!question) {
        answer.reason = question.error().text();
        return answer;
    }
    const auto subscriptions = reader.own_subscriptions();
    for (const storage::DatasetInfo& info : reader.datasets()) {
        const bool is_asked_about =
            request.datasets.empty() || std::find(request.datasets.begin(), request.datasets.end(),
                                                  info.uid) != request.datasets.end();
        if (!is_asked_about || info.holding == Holding::known) continue;
        const auto policy = DatasetPolicy::load(reader, info.uid);
        const Scope scope = decide(asker, sangam::Action::search, *policy, directory);
        const bool is_origin = info.holding == Holding::own;
        if (!scope.allowed) {
            // Whoever may know of it learns that the answer is "no", from the owner alone.
            if (!is_origin || !decide(asker, sangam::Action::discover, *policy, directory).allowed)
                continue;
            SearchPart part;
            part.query_id = request.query_id;
            part.dataset = info.uid;
            part.source = SearchPart::Source::refused;
            part.reason = scope.reason;
            answer.parts.push_back(std::move(part));
            continue;
        }
        const bool is_home = asker.kind == Asker::Kind::home;
        // What an owner last said about `members` and `public` wears out.
        if (!is_origin && !is_home && !heard_lately(info, asked.contacts, subscriptions, now))
            continue;
        CoverageGap gap;
        if (info.holding == Holding::replica) {
            const auto rules = [&](sangam::Action action) {
                return decide_elsewhere(asked.home, action, *policy, directory, At::owner);
            };
            // A copy whose right has ended answers nobody, also while its withdrawal is under way.
            const Scope given = rules(sangam::Action::replicate);
            if (!given.allowed) continue;
            gap = is_home ? coverage_gap(rules(sangam::Action::search).rules, given.rules, false)
                          : coverage_gap(scope.rules, given.rules, true);
        }
        SearchPart part = DatasetAnswer(reader, merger, request, *question, *policy, scope).run();
        if (part.source != SearchPart::Source::refused)
            part.source = is_origin ? SearchPart::Source::origin : SearchPart::Source::replica;
        if (!is_origin) part.age_ms = age_of(info.uid, asked.contacts, now);
        if (info.holding == Holding::replica)
            state_of_replica(part, info.live_records, gap, subscriptions);
        answer.parts.push_back(std::move(part));
    }
    return answer;
}

}  // namespace sangam::sync
