// SPDX-License-Identifier: Apache-2.0
#include "sync/search_answer.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "protocol/cbor.hpp"
#include "sync/limits.hpp"
#include "sync/merger.hpp"
#include "sync/policy.hpp"

namespace sangam::sync {
namespace {

using messages::SearchHit;
using messages::SearchPart;
using messages::SearchRequest;
using storage::Holding;

constexpr std::size_t snippet_bytes = 160;
constexpr std::string_view no_conditions = "conditions are not supported by this node's version";

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
struct Question {
    const SearchRequest& request;
    storage::TextQuery query;
    std::vector<Path> facets;
    std::optional<Path> sort;
    bool is_descending = false;
    std::size_t limit = 0;

    [[nodiscard]] bool needs_all() const { return !facets.empty() || sort.has_value(); }
};

Result<Question> read_question(const SearchRequest& request) {
    auto query = storage::TextQuery::parse(request.query);
    if (!query) return std::unexpected(query.error());
    Question question{request, std::move(*query), {}, std::nullopt, false, 0};
    question.limit = std::min<std::size_t>(request.limit, limits::max_hits);
    if (request.facets.size() > limits::max_facets)
        return fail("too_many_facets", "at most " + std::to_string(limits::max_facets) + " facets",
                    {}, {}, ErrorKind::usage);
    for (const std::string& facet : request.facets) {
        auto path = Path::parse(facet);
        if (!path) return std::unexpected(path.error());
        question.facets.push_back(std::move(*path));
    }
    std::string_view sort = request.sort;
    if (sort.starts_with('-')) {
        question.is_descending = true;
        sort.remove_prefix(1);
    }
    if (!sort.empty()) {
        auto path = Path::parse(sort);
        if (!path) return std::unexpected(path.error());
        question.sort = std::move(*path);
    }
    return question;
}

/// Answers for one dataset.
class DatasetAnswer {
public:
    DatasetAnswer(const storage::Reader& reader, const Merger& merger, const Question& question,
                  const DatasetPolicy& policy, Rule rule)
        : reader_(reader),
          merger_(merger),
          question_(question),
          policy_(policy),
          rule_(std::move(rule)) {}

    SearchPart run() {
        part_.dataset = policy_.info.uid;
        part_.query_id = question_.request.query_id;
        part_.held = policy_.info.live_records;
        part_.expected = part_.held;
        if (!question_.request.where.empty()) return refused(std::string(no_conditions));
        const std::size_t wanted = question_.needs_all() ? part_.held : question_.limit;
        const storage::TextResult result = reader_.search(
            {policy_.info.uid, rule_.hidden}, question_.query, std::max<std::size_t>(wanted, 1));
        part_.total = result.total;
        if (question_.needs_all())
            answer_from_all(result);
        else
            for (const auto& hit : result.best) add_hit(hit, visible_fields(hit));
        for (auto& [key, count] : facets_) part_.facets.push_back({key.first, key.second, count});
        keep_largest_facets();
        return std::move(part_);
    }

private:
    SearchPart refused(std::string reason) {
        part_.source = SearchPart::Source::refused;
        part_.held = part_.expected = 0;
        part_.reason = std::move(reason);
        return std::move(part_);
    }

    /// Facets and order are made of these alone, so a field that the asker may not see is like one
    /// that is not there.
    std::map<Path, Value> visible_fields(const storage::TextHit& hit) const {
        const auto record = reader_.record(hit.number);
        if (!record) return {};
        auto fields = merger_.merge(policy_.info.manifest, record->changes).fields;
        std::erase_if(fields, [&](const auto& entry) { return !rule_.shows(entry.first); });
        return fields;
    }

    void answer_from_all(const storage::TextResult& result) {
        struct Sorted {
            std::string key;
            const storage::TextHit* hit;
            std::map<Path, Value> fields;
        };
        std::vector<Sorted> all;
        for (const storage::TextHit& hit : result.best) {
            auto fields = visible_fields(hit);
            for (const Path& facet : question_.facets) count_facet(facet, fields);
            std::string key;
            if (question_.sort)
                if (const auto it = fields.find(*question_.sort); it != fields.end())
                    key = plain_text(it->second);
            all.push_back({std::move(key), &hit, std::move(fields)});
        }
        if (question_.sort)
            std::sort(all.begin(), all.end(), [&](const Sorted& a, const Sorted& b) {
                // Records without the field come last, whichever way the order goes.
                if (a.key.empty() != b.key.empty()) return b.key.empty();
                if (a.key != b.key) return question_.is_descending ? b.key < a.key : a.key < b.key;
                return a.hit->key < b.hit->key;
            });
        for (Sorted& sorted : all) {
            if (part_.hits.size() >= question_.limit) break;
            if (!add_hit(*sorted.hit, sorted.fields)) break;
            part_.hits.back().sort_key = std::move(sorted.key);
        }
    }

    void count_facet(const Path& facet, const std::map<Path, Value>& fields) {
        const auto it = fields.find(facet);
        if (it == fields.end()) return;
        if (const auto* list = it->second.get_if<Value::Array>()) {
            std::vector<std::string> values;
            for (const Value& item : *list) values.push_back(plain_text(item));
            std::sort(values.begin(), values.end());
            values.erase(std::unique(values.begin(), values.end()), values.end());
            for (const std::string& value : values) ++facets_[{facet.text(), value}];
        } else {
            ++facets_[{facet.text(), plain_text(it->second)}];
        }
    }

    /// The most frequent values of each facet, within the part's bound.
    void keep_largest_facets() {
        std::sort(part_.facets.begin(), part_.facets.end(), [](const auto& a, const auto& b) {
            return std::tie(a.facet, b.count, a.value) < std::tie(b.facet, a.count, b.value);
        });
        std::map<std::string, std::size_t> kept;
        std::erase_if(part_.facets, [&](const messages::FacetCount& count) {
            return ++kept[count.facet] > limits::max_facet_values;
        });
    }

    /// False when the part is full.
    bool add_hit(const storage::TextHit& found, const std::map<Path, Value>& fields) {
        if (part_.hits.size() >= question_.limit) return false;
        SearchHit hit;
        hit.collection = found.key.collection;
        hit.id = found.key.id;
        hit.title = title_of(fields, found.key);
        hit.has_score = !question_.query.terms.empty();
        hit.score = hit.has_score ? found.score : 0;
        hit.fields = encode_fields(fields);
        hit.snippet = snippet_of(fields, question_.query);
        bytes_ += hit.collection.size() + 2 * hit.id.size() + hit.title.size() + hit.fields.size() +
                  hit.snippet.size() + 64;
        if (bytes_ > limits::part_bytes) {
            part_.reason = "only the first " + std::to_string(part_.hits.size()) +
                           " hits fit into one answer; ask for fewer";
            return false;
        }
        part_.hits.push_back(std::move(hit));
        return true;
    }

    const storage::Reader& reader_;
    const Merger& merger_;
    const Question& question_;
    const DatasetPolicy& policy_;
    Rule rule_;
    SearchPart part_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> facets_;
    std::size_t bytes_ = 0;
};

/// What shows of every record: rules with a row condition are not searched under.
std::optional<Rule> rule_for_all_rows(const Scope& scope) {
    std::optional<Rule> out;
    for (const Rule& rule : scope.rules) {
        if (rule.where) continue;
        if (out)
            out->hidden = hidden_in_both(out->hidden, rule.hidden);
        else
            out = rule;
    }
    return out;
}

/// What a replica knows of how much it should hold, and how old that knowledge is.
void state_of_replica(SearchPart& part, const std::vector<storage::OwnSubscription>& subscriptions,
                      Millis now) {
    for (const storage::OwnSubscription& subscription : subscriptions) {
        if (subscription.dataset != part.dataset) continue;
        part.expected = std::max(part.held, subscription.expected);
        // Of what the filter left out nobody here can say anything.
        if (!subscription.where.empty())
            part.reason = "the copy has only records where " + subscription.where;
        if (subscription.last_heard != Millis{0})
            part.age_ms = static_cast<std::uint64_t>(
                std::max<Millis>(now - subscription.last_heard, Millis{0}).count());
    }
}

bool heard_lately(const DatasetUid& dataset,
                  const std::vector<storage::OwnSubscription>& subscriptions, Millis now) {
    return std::any_of(subscriptions.begin(), subscriptions.end(), [&](const auto& subscription) {
        return subscription.dataset == dataset && now - subscription.last_heard < stand_in_lifetime;
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
                           const Merger& merger, const Asker& asker, const SearchRequest& request,
                           Millis now) {
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
        const auto rule = rule_for_all_rows(scope);
        if (!rule) {
            // Whoever may know of it learns that the answer is "no", from the owner alone.
            if (!is_origin || !decide(asker, sangam::Action::discover, *policy, directory).allowed)
                continue;
            SearchPart part;
            part.query_id = request.query_id;
            part.dataset = info.uid;
            part.source = SearchPart::Source::refused;
            part.reason = scope.allowed ? "the grant has a row condition, under which this version "
                                          "does not search"
                                        : scope.reason;
            answer.parts.push_back(std::move(part));
            continue;
        }
        // What an owner last said about `members` and `public` wears out.
        if (info.holding == Holding::replica && asker.kind != Asker::Kind::home &&
            !heard_lately(info.uid, subscriptions, now))
            continue;
        SearchPart part = DatasetAnswer(reader, merger, *question, *policy, *rule).run();
        if (part.source != SearchPart::Source::refused)
            part.source = is_origin ? SearchPart::Source::origin : SearchPart::Source::replica;
        if (info.holding == Holding::replica) state_of_replica(part, subscriptions, now);
        answer.parts.push_back(std::move(part));
    }
    return answer;
}

}  // namespace sangam::sync
