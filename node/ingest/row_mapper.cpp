// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/row_mapper.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "node/ingest/collection_name.hpp"
#include "node/ingest/mcpd.hpp"
#include "protocol/cbor.hpp"
#include "protocol/change.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::string_view mcpd_collection = "germplasm";
constexpr std::string_view mcpd_id_columns[] = {"INSTCODE", "ACCENUMB", "GENUS"};

// What is asked for does not fit.
std::unexpected<Error> refuse(std::string code, std::string message, std::string subject,
                              std::string fix) {
    return fail(code, std::move(message), std::move(subject), std::move(fix), ErrorKind::usage);
}

// The file itself cannot be stored.
std::unexpected<Error> bad_header(std::string code, std::string message, std::string subject,
                                  std::string fix) {
    return fail(code, std::move(message), std::move(subject), std::move(fix));
}

std::unexpected<Error> counter_column(std::string subject, std::string fix) {
    return refuse("counter_column", "the field is a counter, which takes additions and no values",
                  std::move(subject), std::move(fix));
}

Format format_of(std::span<const std::string_view> header, const MappingOptions& options) {
    if (options.format) return *options.format;
    const bool fits = std::ranges::all_of(mcpd_id_columns, [&](std::string_view name) {
        return std::ranges::find(header, name) != header.end();
    });
    const bool wants_csv =
        options.id_column || (!options.collection.empty() && options.collection != mcpd_collection);
    return fits && !wants_csv ? Format::mcpd : Format::csv;
}

Result<void> check_options(const MappingOptions& options, Format format) {
    for (const auto& [column, field] : options.maps)
        if (!is_utf8(field))
            return refuse("bad_map", "a field's name is not UTF-8", "--map " + column,
                          "check the terminal's encoding");
    if (format == Format::mcpd) {
        if (options.id_column)
            return refuse("bad_option", "an mcpd import makes its record ids itself", "--id",
                          "leave --id out, or import with --format csv");
        if (!options.collection.empty() && options.collection != mcpd_collection)
            return refuse("bad_option", "mcpd is imported into the collection germplasm",
                          "--collection " + options.collection,
                          "leave --collection out, or import with --format csv");
        return {};
    }
    if (options.collection.empty())
        return refuse("missing_option", "a csv import needs --collection", {},
                      "name the kind of entity, such as germplasm, studies or observations");
    if (auto ok = check_collection_name(options.collection); !ok) return ok;
    if (!options.id_column)
        return refuse("missing_option", "a csv import needs --id", {},
                      "name the column that tells the records apart");
    return {};
}

// Every column's header and whether the file left it out.
Result<std::vector<MappedColumn>> read_header(std::span<const std::string_view> header) {
    std::vector<MappedColumn> columns;
    std::map<std::string, std::size_t, std::less<>> known;
    for (std::size_t i = 0; i < header.size(); ++i) {
        MappedColumn column;
        column.position = i;
        column.is_unnamed = header[i].empty();
        column.header =
            column.is_unnamed ? "column_" + std::to_string(i + 1) : std::string(header[i]);
        if (column.header.size() > max_name_bytes)
            return bad_header("bad_header", "a column's name is longer than 1,024 bytes",
                              "column " + std::to_string(i + 1),
                              "give it a shorter name in the file");
        const auto [it, is_new] = known.emplace(column.header, i);
        if (!is_new)
            return bad_header("duplicate_column",
                              "columns " + std::to_string(it->second + 1) + " and " +
                                  std::to_string(i + 1) + " have the same name",
                              column.header, "rename one of them in the file");
        columns.push_back(std::move(column));
    }
    return columns;
}

Result<Path> field_of(const MappedColumn& column, const std::string* mapped, Format format) {
    if (mapped) {
        if (const McpdColumn* known = find_mcpd_column(*mapped)) return known->path;
        auto path = Path::parse(*mapped);
        if (!path)
            return refuse("bad_map", path.error().message, "--map " + column.header + "=" + *mapped,
                          "give names joined by dots");
        if (path->is_reserved())
            return refuse("reserved_name", "field names that begin with _ are reserved",
                          "--map " + column.header + "=" + *mapped, "choose another field name");
        for (const std::string& name : path->names)
            if (name.size() > max_name_bytes)
                return refuse("bad_map", "a field name is longer than 1,024 bytes",
                              "--map " + column.header, "choose a shorter one");
        return path;
    }
    if (format == Format::mcpd) {
        if (const McpdColumn* known = find_mcpd_column(column.header)) return known->path;
        return Path({"additionalInfo", column.header});
    }
    Path path = Path::single(column.header);
    if (path.is_reserved())
        return bad_header("reserved_name", "field names that begin with _ are reserved",
                          column.header,
                          "give the column a field with --map \"" + column.header + "=NAME\"");
    return path;
}

// `columns` ascending by field.
Result<void> check_fields(const std::vector<MappedColumn>& columns, const FieldModel& model) {
    // Group members without a column are written too, as removed.
    std::map<Path, std::string> fields;
    for (const MappedColumn& column : columns)
        if (const auto group = model.group_of(column.field); !group.empty())
            for (const Path& member : model.members_of(group))
                fields.emplace(member, "group " + std::string(group));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0 && columns[i].field == columns[i - 1].field)
            return refuse("duplicate_field", "two columns would be stored in one field",
                          columns[i - 1].header + " and " + columns[i].header + " (" +
                              columns[i].field.text() + ")",
                          "give one of them another field with --map");
        fields[columns[i].field] = columns[i].header;
    }
    const std::pair<const Path, std::string>* before = nullptr;
    for (const auto& entry : fields) {  // a path sorts right before the first one below it
        if (before && entry.first.is_at_or_below(before->first))
            return refuse("field_below_field",
                          "one column would be stored below the field of another",
                          before->second + " (" + before->first.text() + ") and " + entry.second +
                              " (" + entry.first.text() + ")",
                          "give one of them another field with --map");
        before = &entry;
    }
    return {};
}

std::vector<WriteUnit> make_units(const std::vector<MappedColumn>& columns,
                                  const FieldModel& model) {
    std::map<Path, std::size_t> by_field;
    for (std::size_t i = 0; i < columns.size(); ++i) by_field.emplace(columns[i].field, i);
    std::vector<WriteUnit> units;
    std::set<std::string_view> done;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string_view group = model.group_of(columns[i].field);
        WriteUnit unit;
        if (group.empty()) {
            unit.members.push_back({columns[i].field, columns[i].shape, i});
        } else if (done.insert(group).second) {
            for (const Path& member : model.members_of(group)) {
                const auto it = by_field.find(member);
                if (it == by_field.end())
                    unit.members.push_back({member, model.shape(member), std::nullopt});
                else
                    unit.members.push_back({member, columns[it->second].shape, it->second});
            }
        } else {
            continue;
        }
        units.push_back(std::move(unit));
    }
    return units;
}

}  // namespace

Result<Format> format_from_text(std::string_view text) {
    if (text == "mcpd") return Format::mcpd;
    if (text == "csv") return Format::csv;
    if (text == "brapi") return Format::brapi;
    return fail("unknown_format", "unknown import format", std::string(text),
                "give mcpd, csv or brapi", ErrorKind::usage);
}

Result<RowMapper> RowMapper::make(std::span<const std::string_view> header,
                                  const MappingOptions& options, const FieldModel& model) {
    const Format format = format_of(header, options);
    if (auto ok = check_options(options, format); !ok) return std::unexpected(ok.error());
    RowMapper mapper;
    mapper.model_ = &model;
    mapper.collection_ = format == Format::mcpd ? mcpd_collection : options.collection;
    mapper.missing_ = options.missing;
    mapper.header_.assign(header.begin(), header.end());
    auto columns = read_header(header);
    if (!columns) return std::unexpected(columns.error());

    std::map<std::string_view, const std::string*> maps;
    for (const auto& [column, field] : options.maps) {
        if (std::find(mapper.header_.begin(), mapper.header_.end(), column) ==
                mapper.header_.end() ||
            column.empty())
            return refuse("no_such_column", "the file has no such column",
                          "--map " + column + "=" + field, "write it exactly as in the header");
        if (!maps.emplace(column, &field).second)
            return refuse("bad_map", "a column is mapped twice", "--map " + column + "=" + field,
                          "leave one of them out");
    }
    if (options.id_column == bare_id_header)
        std::erase_if(*columns, [&](const MappedColumn& column) {
            if (column.header != bare_id_header) return false;
            mapper.bare_id_position_ = column.position;
            return true;
        });
    for (MappedColumn& column : *columns) {
        const auto it = maps.find(column.header);
        auto field = field_of(column, it == maps.end() ? nullptr : it->second, format);
        if (!field) return std::unexpected(field.error());
        column.field = std::move(*field);
        column.shape = model.shape(column.field);
        if (column.shape == Shape::counter)
            return counter_column(column.header + " (" + column.field.text() + ")",
                                  "leave the column out, or --map it to another field");
        cbor::Writer encoded;
        encoded.path(column.field);
        column.field_cbor = encoded.take();
    }
    std::sort(columns->begin(), columns->end(), [](const MappedColumn& a, const MappedColumn& b) {
        return a.field != b.field ? a.field < b.field : a.position < b.position;
    });
    if (auto ok = check_fields(*columns, model); !ok) return std::unexpected(ok.error());
    mapper.columns_ = std::move(*columns);
    mapper.units_ = make_units(mapper.columns_, model);

    const auto add_id_column = [&](std::string_view name) {
        const auto it =
            std::find_if(mapper.columns_.begin(), mapper.columns_.end(),
                         [&](const MappedColumn& c) { return c.header == name && !c.is_unnamed; });
        if (it == mapper.columns_.end()) return false;
        mapper.id_columns_.push_back(static_cast<std::size_t>(it - mapper.columns_.begin()));
        return true;
    };
    if (format == Format::mcpd) {
        for (const std::string_view name : mcpd_id_columns)
            if (!add_id_column(name))
                return refuse(
                    "no_id_column",
                    "the header has no column " + std::string(name) + ", which the record id needs",
                    {}, "check the delimiter, or import with --format csv --id COLUMN");
    } else if (!mapper.bare_id_position_ && !add_id_column(*options.id_column)) {
        return refuse("no_id_column", "the file has no such column", "--id " + *options.id_column,
                      "write it exactly as in the header");
    }
    return mapper;
}

Result<RowMapper> RowMapper::make_for_fields(std::string collection, std::span<const Path> fields,
                                             const std::vector<std::string>& missing,
                                             const FieldModel& model) {
    RowMapper mapper;
    mapper.model_ = &model;
    mapper.collection_ = std::move(collection);
    mapper.missing_ = missing;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        MappedColumn column;
        column.position = i;
        column.header = fields[i].text();
        column.field = fields[i];
        column.shape = model.shape(fields[i]);
        if (column.shape == Shape::counter)
            return counter_column(column.header, "leave the key out of the file; sangam put adds");
        if (column.shape == Shape::text && !find_mcpd_field(fields[i])) column.shape = Shape::value;
        cbor::Writer encoded;
        encoded.path(column.field);
        column.field_cbor = encoded.take();
        mapper.header_.push_back(column.header);
        mapper.columns_.push_back(std::move(column));
    }
    std::ranges::sort(mapper.columns_, {}, &MappedColumn::field);
    if (auto ok = check_fields(mapper.columns_, model); !ok) return std::unexpected(ok.error());
    mapper.units_ = make_units(mapper.columns_, model);
    return mapper;
}

void RowMapper::map(std::span<const std::string_view> row, MappedCells& out) const {
    out.clear();
    for (const MappedColumn& column : columns_) {
        const std::string_view cell =
            column.position < row.size() ? row[column.position] : std::string_view();
        const bool is_missing = std::find(missing_.begin(), missing_.end(), cell) != missing_.end();
        out.push_back(is_missing ? std::string_view() : cell);
    }
}

std::expected<std::string, RowProblem> RowMapper::record_id(std::span<const std::string_view> row,
                                                            const MappedCells& cells) const {
    std::string id;
    if (bare_id_position_) {
        if (*bare_id_position_ < row.size()) id = row[*bare_id_position_];
        if (id.empty())
            return std::unexpected(RowProblem{std::string(bare_id_header),
                                              "_id is empty, so the row has no record id"});
    }
    for (const std::size_t column : id_columns_) {
        if (cells[column].empty())
            return std::unexpected(
                RowProblem{columns_[column].header,
                           columns_[column].header + " is empty, so the row has no record id"});
        if (!id.empty()) id += ':';
        id += cells[column];
    }
    if (id.size() > max_name_bytes)
        return std::unexpected(
            RowProblem{id_columns_.empty() ? std::string() : columns_[id_columns_.back()].header,
                       "the record id is longer than 1,024 bytes"});
    return id;
}

Digest16 RowMapper::row_digest(const MappedCells& cells) const {
    cbor::Writer out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (cells[i].empty()) continue;
        out.raw(columns_[i].field_cbor);
        out.text(cells[i]);
    }
    return digest16(out.data());
}

}  // namespace sangam::node::ingest
