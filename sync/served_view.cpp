// SPDX-License-Identifier: Apache-2.0
#include "sync/served_view.hpp"

#include "protocol/cbor.hpp"

namespace sangam::sync {
namespace {

constexpr std::uint64_t format = 2;

void write_condition(cbor::Writer& writer, const std::optional<Condition>& condition) {
    writer.text(condition ? condition->text() : std::string());
}

std::optional<Condition> read_condition(cbor::Reader& reader) {
    const std::string text(reader.text());
    if (text.empty()) return std::nullopt;
    auto condition = Condition::parse(text);
    if (condition) return std::move(*condition);
    reader.set_failed("a condition that cannot be read");
    return std::nullopt;
}

}  // namespace

Bytes encode_views(const ServedViews& views) {
    cbor::Writer writer;
    writer.array(2);
    writer.unsigned_int(format);
    writer.array(views.size());
    for (const ServedView& view : views) {
        writer.array(3);
        writer.bytes(view.manifest.bytes);
        write_condition(writer, view.filter);
        writer.array(view.scope.rules.size());
        for (const Rule& rule : view.scope.rules) {
            writer.array(2);
            write_condition(writer, rule.where);
            writer.array(rule.hidden.size());
            for (const Path& path : rule.hidden) writer.path(path);
        }
    }
    return writer.take();
}

std::optional<ServedViews> decode_views(ByteView bytes) {
    cbor::Reader reader(bytes);
    ServedViews out;
    const auto expect = [&](std::size_t count) {
        if (reader.array() != count) reader.set_failed("a wrong number of parts");
    };
    expect(2);
    if (reader.unsigned_int() != format) reader.set_failed("an unknown format number");
    const std::size_t views = reader.array();
    for (std::size_t i = 0; i < views && !reader.failed(); ++i) {
        ServedView view;
        expect(3);
        view.manifest = reader.fixed<Hash>();
        view.filter = read_condition(reader);
        view.scope.allowed = true;
        const std::size_t rules = reader.array();
        for (std::size_t r = 0; r < rules && !reader.failed(); ++r) {
            Rule rule;
            expect(2);
            rule.where = read_condition(reader);
            const std::size_t hidden = reader.array();
            for (std::size_t h = 0; h < hidden && !reader.failed(); ++h)
                rule.hidden.push_back(reader.path());
            view.scope.rules.push_back(std::move(rule));
        }
        out.push_back(std::move(view));
    }
    if (!reader.finish()) return std::nullopt;
    return out;
}

}  // namespace sangam::sync
