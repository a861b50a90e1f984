// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_fields.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/findings.hpp"
#include "node/ingest/json.hpp"
#include "node/ingest/mcpd.hpp"

namespace sangam::node::ingest {
namespace {

const Path& mcpd_path(std::string_view column) { return find_mcpd_column(column)->path; }

/// Keys of GermplasmMCPD that are called otherwise in Germplasm.
constexpr std::pair<std::string_view, std::string_view> mcpd_names[] = {
    {"ancestralData", "pedigree"},
    {"countryOfOrigin", "countryOfOriginCode"},
    {"subtaxon", "subtaxa"},
    {"subtaxonAuthority", "subtaxaAuthority"},
};

/// Arrays of institutes, which MCPD has as lists that go together.
struct Institutes {
    std::string_view parent;  ///< path text
    std::array<std::string_view, 3> members;
};
constexpr Institutes institutes[] = {
    {"collectingInfo.collectingInstitutes", {"instituteCode", "instituteName", "instituteAddress"}},
    {"breedingInstitutes", {"instituteCode", "instituteName", ""}},
    {"safetyDuplicateInstitutes", {"instituteCode", "instituteName", ""}},
};

/// Stored as text, never as a marked value.
bool is_plain(const Path& field, const FieldModel& model) {
    return find_mcpd_field(field) != nullptr || model.shape(field) != Shape::text;
}

std::string text_of(const Value& value) {
    return value.is_null() ? std::string() : cell_text(value);
}

const Value* member(const Value::Map& object, std::string_view key) {
    const auto it = object.find(key);
    return it == object.end() || it->second.is_null() ? nullptr : &it->second;
}

/// "1987-06-22" as MCPD writes it; anything else as it is.
std::string mcpd_date(std::string text) {
    const bool has_hyphens = text.size() >= 10 && text[4] == '-' && text[7] == '-';
    if (!has_hyphens || (text.size() > 10 && text[10] != 'T')) return text;
    std::string compact = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
    const bool is_day =
        std::all_of(compact.begin(), compact.end(), [](char c) { return c >= '0' && c <= '9'; });
    return is_day ? compact : text;
}

class Reader {
public:
    Reader(const FieldModel& model, const WholePaths& whole, BrapiCells& out)
        : model_(model), whole_(whole), out_(out) {}

    void put(const Path& field, std::string cell) {
        if (!cell.empty()) out_[field] = std::move(cell);
    }
    void put(const Path& field, const Value& value) {
        put(field, brapi_cell(field, value, model_));
    }

    /// Every member of the object below `parent`.
    void put_all(const Value::Map& object, const Path& parent) {
        for (const auto& [key, value] : object) {
            if (key.empty() || key.size() > max_name_bytes ||
                parent.names.size() >= max_path_names) {
                problem_ = "a key is empty, too long or nested too deep to be a field name";
                return;
            }
            const Path field = parent.child(key);
            const auto* inner = value.get_if<Value::Map>();
            if (inner && !whole_.contains(field) && !find_mcpd_field(field))
                put_all(*inner, field);
            else
                put(field, value);
        }
    }

    void germplasm(Value::Map object, const std::string& id) {
        for (const auto& [from, to] : mcpd_names)
            if (auto node = object.extract(std::string(from)); node && !object.contains(to)) {
                node.key() = std::string(to);
                object.insert(std::move(node));
            }
        synonyms(object);
        storage_types(object);
        donors(object);
        origin(object);
        for (const auto& each : institutes) unzip(object, each);
        Value::Map additional;
        if (auto node = object.extract("additionalInfo")) {
            if (const auto* map = node.mapped().get_if<Value::Map>())
                additional = *map;
            else
                put(Path::single("additionalInfo"), node.mapped());
        }
        // Derived names are no statements of their own; they are looked at last.
        auto name = object.extract("germplasmName");
        auto display = object.extract("defaultDisplayName");
        auto status = object.extract("biologicalStatusOfAccessionDescription");
        put_all(object, {});
        additional_info(additional);
        names(name ? name.mapped() : Value(), display ? display.mapped() : Value(), id);
        if (status && text_of(status.mapped()) != biological_status_description(cell("SAMPSTAT")))
            put(Path::single("biologicalStatusOfAccessionDescription"), status.mapped());
        if (const auto date = out_.find(mcpd_path("ACQDATE")); date != out_.end())
            date->second = mcpd_date(std::move(date->second));
        if (const auto date = out_.find(mcpd_path("COLLDATE")); date != out_.end())
            date->second = mcpd_date(std::move(date->second));
    }

    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    std::string_view cell(std::string_view column) const {
        const auto it = out_.find(mcpd_path(column));
        return it == out_.end() ? std::string_view() : std::string_view(it->second);
    }

    static void append(std::string& list, std::string_view element) {
        if (!list.empty()) list += ';';
        list += element;
    }

    /// By type; what MCPD has no column for stays an array.
    void synonyms(Value::Map& object) {
        auto node = object.extract("synonyms");
        const auto* array = node ? node.mapped().get_if<Value::Array>() : nullptr;
        if (!array) {
            if (node) put(Path::single("synonyms"), node.mapped());
            return;
        }
        std::string names;
        std::string numbers;
        std::string collecting;
        Value::Array rest;
        for (const Value& each : *array) {
            const auto* map = each.get_if<Value::Map>();
            const auto* text = map ? member(*map, "synonym") : nullptr;
            const auto* type = map ? member(*map, "type") : nullptr;
            const auto kind = type && type->is_text() ? type->text() : std::string_view();
            if (!text || !text->is_text() || map->size() > 2)
                rest.push_back(each);
            else if (kind == "ACCENAME")
                append(names, text->text());
            else if (kind == "OTHERNUMB")
                append(numbers, text->text());
            else if (kind == "COLLNUMB" && collecting.empty())
                collecting = text->text();
            else
                rest.push_back(each);
        }
        put(mcpd_path("ACCENAME"), std::move(names));
        put(mcpd_path("OTHERNUMB"), std::move(numbers));
        put(mcpd_path("COLLNUMB"), std::move(collecting));
        if (!rest.empty()) put(Path::single("synonyms"), Value(std::move(rest)));
    }

    void storage_types(Value::Map& object) {
        auto node = object.extract("storageTypes");
        if (!node) return;
        std::string codes;
        bool fits = true;
        const auto* array = node.mapped().get_if<Value::Array>();
        for (const Value& each : array ? *array : Value::Array{}) {
            const auto* map = each.get_if<Value::Map>();
            const auto* code = map ? member(*map, "code") : nullptr;
            const auto* said = map ? member(*map, "description") : nullptr;
            if (!code) {
                fits = false;
                continue;
            }
            append(codes, text_of(*code));
            if (said && text_of(*said) != storage_type_description(text_of(*code))) fits = false;
        }
        put(mcpd_path("STORAGE"), std::move(codes));
        if (!fits || !array) put(Path::single("storageTypes"), node.mapped());
    }

    /// The first donor is MCPD's; further ones stay an array.
    void donors(Value::Map& object) {
        auto node = object.extract("donors");
        if (!node) return;
        const auto* array = node.mapped().get_if<Value::Array>();
        const auto* first =
            array && !array->empty() ? array->front().get_if<Value::Map>() : nullptr;
        const std::pair<std::string_view, Path> places[] = {
            {"donorInstituteCode", mcpd_path("DONORCODE")},
            {"donorAccessionNumber", mcpd_path("DONORNUMB")},
            {"germplasmPUI", Path({"donorInfo", "donorAccessionPui"})}};
        const auto is_known = [&](const auto& entry) {
            return std::any_of(std::begin(places), std::end(places),
                               [&](const auto& place) { return place.first == entry.first; });
        };
        if (!first || !std::all_of(first->begin(), first->end(), is_known)) {
            if (array && array->empty()) return;
            return put(Path::single("donors"), node.mapped());
        }
        for (const auto& [key, field] : places)
            if (const auto* value = member(*first, key)) put(field, text_of(*value));
        if (array->size() > 1)
            put(Path::single("donors"), Value(Value::Array(array->begin() + 1, array->end())));
    }

    /// A point of the first origin is MCPD's; everything else stays an array.
    void origin(Value::Map& object) {
        auto node = object.extract("germplasmOrigin");
        if (!node) return;
        const auto* array = node.mapped().get_if<Value::Array>();
        if (array && array->empty()) return;
        const auto* first = array ? array->front().get_if<Value::Map>() : nullptr;
        if (!first || !take_point(*first))
            return put(Path::single("germplasmOrigin"), node.mapped());
        if (array->size() > 1)
            put(Path::single("germplasmOrigin"),
                Value(Value::Array(array->begin() + 1, array->end())));
    }

    bool take_point(const Value::Map& origin) {
        for (const auto& [key, ignored] : origin)
            if (key != "coordinates" && key != "coordinateUncertainty") return false;
        const Value::Array* position = nullptr;
        if (const auto* feature = member(origin, "coordinates")) {
            const auto* map = feature->get_if<Value::Map>();
            const auto* shape = map ? member(*map, "geometry") : nullptr;
            const auto* geometry = shape ? shape->get_if<Value::Map>() : nullptr;
            const auto* type = geometry ? member(*geometry, "type") : nullptr;
            const auto* numbers = geometry ? member(*geometry, "coordinates") : nullptr;
            position = numbers ? numbers->get_if<Value::Array>() : nullptr;
            const auto is_number = [](const Value& v) {
                return v.get_if<std::int64_t>() != nullptr || v.get_if<double>() != nullptr ||
                       (v.is_text() && is_long_number(v.text()));
            };
            if (!type || *type != Value("Point") || !position || position->size() < 2 ||
                position->size() > 3 || !std::all_of(position->begin(), position->end(), is_number))
                return false;
        }
        if (position) {
            put(mcpd_path("DECLONGITUDE"), text_of((*position)[0]));
            put(mcpd_path("DECLATITUDE"), text_of((*position)[1]));
            if (position->size() == 3) put(mcpd_path("ELEVATION"), text_of((*position)[2]));
        }
        if (const auto* uncertainty = member(origin, "coordinateUncertainty"))
            put(mcpd_path("COORDUNCERT"), text_of(*uncertainty));
        return true;
    }

    /// [{"instituteCode","instituteName",..}] to one list for each member.
    void unzip(Value::Map& object, const Institutes& which) {
        const Path parent = *Path::parse(which.parent);
        Value::Map* holder = &object;
        Value::Map copy;
        if (parent.names.size() == 2) {
            const auto it = object.find(parent.names.front());
            const auto* inner = it == object.end() ? nullptr : it->second.get_if<Value::Map>();
            if (!inner) return;
            copy = *inner;
            holder = &copy;
        }
        const auto found = holder->find(parent.names.back());
        const auto* array = found == holder->end() ? nullptr : found->second.get_if<Value::Array>();
        if (!array) return;
        for (const std::string_view name : which.members) {
            if (name.empty()) continue;
            std::string list;
            bool says_something = false;
            for (std::size_t i = 0; i < array->size(); ++i) {
                const auto* map = (*array)[i].get_if<Value::Map>();
                const auto* value = map ? member(*map, name) : nullptr;
                if (i > 0) list += ';';
                if (!value) continue;
                list += text_of(*value);
                says_something = true;
            }
            if (says_something) put(parent.child(name), std::move(list));
        }
        holder->erase(found);
        if (holder == &copy) object[parent.names.front()] = Value(std::move(copy));
    }

    /// What a Germplasm has no place for was put there by the export, under the field's path.
    void additional_info(const Value::Map& additional) {
        Value::Map rest;
        for (const auto& [key, value] : additional) {
            if (is_germplasm_field(key))
                put(*Path::parse(key), value);
            else
                rest.emplace(key, value);
        }
        if (whole_.contains(Path::single("additionalInfo")))
            put(Path::single("additionalInfo"), Value(std::move(rest)));
        else
            put_all(rest, Path::single("additionalInfo"));
    }

    /// The export gives an accession without a name of its own one; that is not stored.
    void names(const Value& name, const Value& display, const std::string& id) {
        std::string_view derived = cell("ACCENAME");
        derived = derived.substr(0, derived.find(';'));
        if (derived.empty()) derived = cell("ACCENUMB");
        if (derived.empty()) derived = id;
        const auto given = text_of(name);
        if (!given.empty() && given != derived) put(Path::single("germplasmName"), name);
        const auto shown = text_of(display);
        if (!shown.empty() && shown != derived && shown != given)
            put(Path::single("defaultDisplayName"), display);
    }

    const FieldModel& model_;
    const WholePaths& whole_;
    BrapiCells& out_;
    std::string problem_;
};

/// The id of an accession by MCPD; empty when a part is missing.
std::string passport_id(const Value::Map& germplasm) {
    std::string out;
    for (const std::string_view column : {"INSTCODE", "ACCENUMB", "GENUS"}) {
        const auto* value = member(germplasm, find_mcpd_column(column)->field);
        const auto text = value ? text_of(*value) : std::string();
        if (text.empty()) return {};
        out += (out.empty() ? "" : ":") + text;
    }
    return out;
}

/// BrapiRecord::id.
std::string germplasm_id(const Value::Map& germplasm, const std::string& db_id,
                         std::string_view dataset_text) {
    auto named = parse_germplasm_id(db_id);
    if (!named) return db_id;
    const bool is_here = named->dataset == dataset_text || named->id == passport_id(germplasm);
    return is_here ? std::move(named->id) : db_id;
}

}  // namespace

std::string brapi_cell(const Path& field, const Value& value, const FieldModel& model) {
    if (value.is_null()) return {};
    if (is_plain(field, model)) return cell_text(value);
    if (value.is_text() && !value.text().starts_with(value_mark)) return std::string(value.text());
    const auto* array = value.get_if<Value::Array>();
    const auto* map = value.get_if<Value::Map>();
    if ((array && array->empty()) || (map && map->empty())) return {};
    return value_mark + to_json(value);
}

bool is_germplasm_field(std::string_view key) {
    const auto path = Path::parse(key);
    if (!path) return false;
    if (find_mcpd_field(*path) || key == "donorInfo.donorAccessionPui" || key == germplasm_id_key)
        return true;
    if (path->names.front() == "additionalInfo") return path->names.size() > 1;
    return std::ranges::find(germplasm_names(), key) != germplasm_names().end();
}

std::expected<BrapiRecord, RowProblem> read_brapi_entity(
    const BrapiEntity& entity, const Value& value, std::string_view dataset_text,
    const FieldModel& model, const WholePaths& whole, const HasGermplasm& has_germplasm) {
    const std::string key(entity.id_key);
    const auto* object = value.get_if<Value::Map>();
    if (holds_nul(value)) return std::unexpected(RowProblem{{}, "text may not hold a NUL"});
    if (!object) return std::unexpected(RowProblem{{}, "the entity is no JSON object"});
    const auto* db_id = member(*object, key);
    const std::string raw = db_id ? text_of(*db_id) : std::string();
    if (raw.empty())
        return std::unexpected(RowProblem{key, key + " is missing, so there is no record id"});
    BrapiRecord out;
    out.id = entity.collection == "germplasm" ? germplasm_id(*object, raw, dataset_text) : raw;
    Reader reader(model, whole, out.cells);
    if (entity.collection == "germplasm") {
        auto copy = *object;
        // An export's id is the record's and no statement; what the record says of its own id
        // stands in additionalInfo.
        if (parse_germplasm_id(raw)) copy.erase(key);
        reader.germplasm(std::move(copy), out.id);
    } else {
        auto copy = *object;
        import_germplasm_references(copy, dataset_text, has_germplasm);
        reader.put_all(copy, {});
    }
    if (!reader.problem().empty()) return std::unexpected(RowProblem{{}, reader.problem()});
    for (const auto& [field, cell] : out.cells)
        if (field.is_reserved())
            return std::unexpected(
                RowProblem{field.text(), "field names that begin with _ are reserved"});
    if (out.id.size() > max_name_bytes)
        return std::unexpected(RowProblem{key, "the record id is longer than 1,024 bytes"});
    return out;
}

}  // namespace sangam::node::ingest
