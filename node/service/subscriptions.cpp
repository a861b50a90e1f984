// SPDX-License-Identifier: Apache-2.0
// What this node wants of others' datasets.
#include <boost/json/array.hpp>

#include "node/service/status_rows.hpp"
#include "node/service/verbs.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

}  // namespace

Result<Reply> add_subscription(Call& call) {
    const auto body = call.body({"dataset", "where"});
    if (!body) return std::unexpected(body.error());
    const auto dataset = required_text(*body, "dataset");
    if (!dataset) return std::unexpected(dataset.error());
    const auto slash = dataset->find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == dataset->size())
        return fail("bad_dataset", "this names no dataset of another institution", *dataset,
                    "write institution/dataset", ErrorKind::usage);
    if (auto known = call.find_institution(dataset->substr(0, slash)); !known)
        return std::unexpected(known.error());
    const auto where = optional_text(*body, "where");
    if (!where) return std::unexpected(where.error());
    const auto made = call.context.engine->call([&](sync::Engine& engine, Millis now) {
        return engine.subscribe(*dataset, where->value_or(""), now);
    });
    if (!made) return std::unexpected(made.error());
    json::object document;
    document["subscription_id"] = made->hex();
    return Reply(std::move(document));
}

Result<Reply> list_subscriptions(Call& call) {
    const auto status = call.context.engine->call(
        [](const sync::Engine& engine, Millis now) { return engine.status(now); });
    json::object document;
    document["subscriptions"] = subscription_rows(status);
    return Reply(std::move(document));
}

Result<Reply> remove_subscription(Call& call) {
    const auto id = SubscriptionId::from_hex(call.arguments[0]);
    if (!id)
        return fail("bad_subscription_id", "this is no subscription id", call.arguments[0],
                    "copy it from sangam subscriptions", ErrorKind::usage);
    const auto ended = call.context.engine->call(
        [&](sync::Engine& engine, Millis now) { return engine.unsubscribe(*id, now); });
    if (!ended) return std::unexpected(ended.error());
    json::object document;
    document["unsubscribed"] = id->hex();
    return Reply(std::move(document));
}

}  // namespace sangam::node
