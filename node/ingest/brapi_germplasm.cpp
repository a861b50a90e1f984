// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_germplasm.hpp"

#include <algorithm>
#include <charconv>

#include "node/ingest/brapi_additional_info.hpp"
#include "node/ingest/brapi_fields.hpp"
#include "node/ingest/cell_shape.hpp"
#include "node/ingest/findings.hpp"
#include "node/ingest/mcpd.hpp"

namespace sangam::node::ingest {
namespace {

/// Columns that Germplasm has under the field's own name, as text.
constexpr std::string_view plain_columns[] = {"PUID",     "INSTCODE", "ACCENUMB", "GENUS",
                                              "SPECIES",  "SPAUTHOR", "SUBTAXA",  "SUBTAUTHOR",
                                              "CROPNAME", "ORIGCTY",  "SAMPSTAT", "ANCEST"};

std::optional<double> number_of(std::string_view text) {
    double out = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, out);
    if (text.empty() || error != std::errc{} || end != last || out - out != 0) return std::nullopt;
    return out;
}

class Germplasm {
public:
    Germplasm(const RecordView& record, std::string_view dataset_text, const FieldModel& model)
        : record_(record), dataset_text_(dataset_text), model_(model) {}

    Value make() {
        object_[std::string(germplasm_id_key)] =
            exported_germplasm_id(record_.key.id, dataset_text_);
        for (const std::string_view column : plain_columns)
            if (const auto text = cell(column); !text.empty())
                object_[std::string(find_mcpd_column(column)->field)] = text;
        if (!object_.contains("commonCropName"))
            object_["commonCropName"] = "";  // BrAPI asks for it
        date();
        names();
        codes();
        donor();
        origin();
        for (const std::string_view name : germplasm_names())
            if (const auto* value = field(Path::single(name))) object_[std::string(name)] = *value;
        additional_info();
        return std::move(object_);
    }

private:
    const Value* field(const Path& path) const {
        const auto it = record_.fields.find(path);
        return it == record_.fields.end() || it->second.is_null() ? nullptr : &it->second;
    }
    std::string cell(std::string_view column) const {
        const auto* value = field(find_mcpd_column(column)->path);
        return value ? cell_text(*value) : std::string();
    }

    /// A partial date is no date there (note c).
    void date() {
        const auto text = cell("ACQDATE");
        const bool is_day = text.size() == 8 && judge_date(text) == DateVerdict::good &&
                            text.find('-') == text.npos && text.substr(4, 2) != "00" &&
                            text.substr(6, 2) != "00";
        object_["acquisitionDate"] =
            is_day ? Value(text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 2))
                   : Value();
    }

    void names() {
        const auto names = cell("ACCENAME");
        const auto numbers = cell("OTHERNUMB");
        Value::Array synonyms;
        const auto add = [&](std::string_view text, std::string_view type) {
            Value::Map one;
            one["synonym"] = text;
            one["type"] = type;
            synonyms.emplace_back(std::move(one));
        };
        for (const auto name : split_list(names)) add(name, "ACCENAME");
        if (const auto number = cell("COLLNUMB"); !number.empty()) add(number, "COLLNUMB");
        for (const auto number : split_list(numbers)) add(number, "OTHERNUMB");
        append_rest(synonyms, "synonyms");
        if (!synonyms.empty()) object_["synonyms"] = std::move(synonyms);

        std::string derived(names.substr(0, names.find(';')));  // note b
        if (derived.empty()) derived = cell("ACCENUMB");
        if (derived.empty()) derived = record_.key.id;
        object_["germplasmName"] = derived;
        const auto* given = field(Path::single("germplasmName"));
        object_["defaultDisplayName"] = given ? *given : Value(derived);
    }

    void codes() {
        if (const auto status = biological_status_description(cell("SAMPSTAT")); !status.empty())
            object_["biologicalStatusOfAccessionDescription"] = status;
        if (const auto* whole = field(Path::single("storageTypes"))) {
            object_["storageTypes"] = *whole;
            return;
        }
        const auto types = cell("STORAGE");
        Value::Array out;
        for (const auto code : split_list(types)) {
            Value::Map one;
            one["code"] = code;
            if (const auto said = storage_type_description(code); !said.empty())
                one["description"] = said;
            out.emplace_back(std::move(one));
        }
        if (!out.empty()) object_["storageTypes"] = std::move(out);
    }

    void donor() {
        Value::Map first;
        if (const auto code = cell("DONORCODE"); !code.empty()) first["donorInstituteCode"] = code;
        if (const auto number = cell("DONORNUMB"); !number.empty())
            first["donorAccessionNumber"] = number;
        if (const auto* pui = field(Path({"donorInfo", "donorAccessionPui"})))
            first["germplasmPUI"] = *pui;
        Value::Array donors;
        if (!first.empty()) donors.emplace_back(std::move(first));
        append_rest(donors, "donors");
        if (!donors.empty()) object_["donors"] = std::move(donors);
    }

    /// A point needs both numbers (note d).
    void origin() {
        const auto longitude = number_of(cell("DECLONGITUDE"));
        const auto latitude = number_of(cell("DECLATITUDE"));
        const auto elevation = number_of(cell("ELEVATION"));
        Value::Array origins;
        if (longitude && latitude) {
            Value::Array position{Value(*longitude), Value(*latitude)};
            if (elevation) position.emplace_back(*elevation);
            Value::Map geometry;
            geometry["type"] = "Point";
            geometry["coordinates"] = std::move(position);
            Value::Map feature;
            feature["type"] = "Feature";
            feature["geometry"] = std::move(geometry);
            Value::Map origin;
            origin["coordinates"] = std::move(feature);
            if (const auto uncertainty = cell("COORDUNCERT"); !uncertainty.empty())
                origin["coordinateUncertainty"] = uncertainty;
            origins.emplace_back(std::move(origin));
        }
        append_rest(origins, "germplasmOrigin");
        if (!origins.empty()) object_["germplasmOrigin"] = std::move(origins);
    }

    /// What an import kept of an array beside its MCPD part.
    void append_rest(Value::Array& array, std::string_view name) const {
        const auto* value = field(Path::single(name));
        const auto* rest = value ? value->get_if<Value::Array>() : nullptr;
        if (rest) array.insert(array.end(), rest->begin(), rest->end());
    }

    /// Everything that reading the object back would not give as it is.
    void additional_info() {
        AdditionalInfo info;
        const auto* whole = field(Path::single("additionalInfo"));
        const auto* members = whole ? whole->get_if<Value::Map>() : nullptr;
        if (members)
            for (const auto& [key, value] : *members) info.put(key, value);
        for (const auto& [path, value] : record_.fields) {
            if (path.names.size() < 2 || path.names.front() != "additionalInfo") continue;
            if (is_germplasm_field(path.names[1]))
                info.put(path.text(), value);  // by its name alone it would be read as that field
            else
                info.put_below(path, 1, value);
        }
        if (!info.object().empty()) object_["additionalInfo"] = info.object();
        const auto back = read_brapi_entity(*find_brapi_entity("germplasm"), Value(object_),
                                            dataset_text_, model_, {});
        for (const auto& [path, value] : record_.fields) {
            if (path.is_reserved() || value.is_null() || (members && &value == whole)) continue;
            const auto wanted = brapi_cell(path, value, model_);
            const auto it = back ? back->cells.find(path) : BrapiCells::const_iterator{};
            if (back && it != back->cells.end() && it->second == wanted) continue;
            if (wanted.empty()) continue;
            info.put(path.text(), find_mcpd_field(path) ? Value(wanted) : value);
        }
        if (!info.object().empty()) object_["additionalInfo"] = info.object();
    }

    const RecordView& record_;
    std::string_view dataset_text_;
    const FieldModel& model_;
    Value::Map object_;
};

}  // namespace

Value germplasm_object(const RecordView& record, std::string_view dataset_text,
                       const FieldModel& model) {
    return Germplasm(record, dataset_text, model).make();
}

}  // namespace sangam::node::ingest
