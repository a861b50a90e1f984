// SPDX-License-Identifier: Apache-2.0
// SqliteTables: subscriptions in both directions and the delivered ledger.
#include "storage/sqlite/sqlite_tables.hpp"

namespace sangam::storage::sqlite {

std::vector<OwnSubscription> SqliteTables::own_subscriptions() const {
    std::vector<OwnSubscription> out;
    Query query(db_,
                "SELECT id, dataset_name, dataset, filter, sender_epoch, receiver_epoch, position, "
                "is_copying, expected, last_heard, created, state_reason FROM own_subscriptions "
                "ORDER BY id");
    while (query.next()) {
        OwnSubscription row;
        row.id = query.fixed<SubscriptionId>(0);
        row.dataset_name = query.text(1);
        if (!query.is_null(2)) row.dataset = query.fixed<DatasetUid>(2);
        row.where = query.text(3);
        if (!query.is_null(4))
            row.cursor = SubscriptionCursor{Epoch{query.number(4)}, Epoch{query.number(5)},
                                            Position{query.number(6)}};
        row.is_copying = query.integer(7) != 0;
        row.expected = query.number(8);
        row.last_heard = Millis(query.integer(9));
        row.created = Millis(query.integer(10));
        row.state_reason = query.text(11);
        out.push_back(std::move(row));
    }
    return out;
}

void SqliteTables::put_own_subscription(const OwnSubscription& row) {
    std::optional<Epoch> sender;
    std::optional<Epoch> receiver;
    std::optional<Position> position;
    if (row.cursor) {
        sender = row.cursor->sender_epoch;
        receiver = row.cursor->receiver_epoch;
        position = row.cursor->position;
    }
    Query(db_,
          "INSERT OR REPLACE INTO own_subscriptions(id, dataset_name, dataset, filter, "
          "sender_epoch, receiver_epoch, position, is_copying, expected, last_heard, created, "
          "state_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
          row.id, row.dataset_name, row.dataset, row.where, sender, receiver, position,
          row.is_copying, row.expected, row.last_heard.count(), row.created.count(),
          row.state_reason)
        .run();
}

void SqliteTables::remove_own_subscription(const SubscriptionId& id) {
    Query(db_, "DELETE FROM own_subscriptions WHERE id = ?1", id).run();
}

std::vector<ServedSubscription> SqliteTables::served_subscriptions() const {
    std::vector<ServedSubscription> out;
    Query query(db_,
                "SELECT id, dataset, subscriber, institution, filter, receiver_epoch, scanned, "
                "acknowledged, has_ended, created, last_ack FROM served_subscriptions ORDER BY id");
    while (query.next())
        out.push_back({query.fixed<SubscriptionId>(0), query.fixed<DatasetUid>(1),
                       query.fixed<NodeId>(2), query.fixed<InstitutionId>(3), query.text(4),
                       Epoch{query.number(5)}, Position{query.number(6)}, Position{query.number(7)},
                       query.integer(8) != 0, Millis(query.integer(9)), Millis(query.integer(10))});
    return out;
}

void SqliteTables::put_served_subscription(const ServedSubscription& row) {
    Query(db_,
          "INSERT OR REPLACE INTO served_subscriptions(id, dataset, subscriber, institution, "
          "filter, receiver_epoch, scanned, acknowledged, has_ended, created, last_ack) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
          row.id, row.dataset, row.subscriber, row.institution, row.where, row.receiver_epoch,
          row.scanned, row.acknowledged, row.has_ended, row.created.count(), row.last_ack.count())
        .run();
}

void SqliteTables::remove_served_subscription(const SubscriptionId& id) {
    clear_ledger(id);
    Query(db_, "DELETE FROM served_subscriptions WHERE id = ?1", id).run();
}

LedgerCounts SqliteTables::ledger_counts(const SubscriptionId& id) const {
    LedgerCounts out;
    Query query(db_, "SELECT state, sum(count) FROM ledger WHERE subscription = ?1 GROUP BY state",
                id);
    while (query.next())
        (query.integer(0) == static_cast<int>(LedgerState::sent) ? out.sent : out.acknowledged) =
            query.number(1);
    return out;
}

std::optional<LedgerChunk> SqliteTables::ledger_chunk(const SubscriptionId& id, LedgerState state,
                                                      std::uint64_t chunk) const {
    Query query(db_,
                "SELECT chunk, count, bitmap FROM ledger "
                "WHERE subscription = ?1 AND state = ?2 AND chunk = ?3",
                id, state, chunk);
    if (!query.next()) return std::nullopt;
    return LedgerChunk{query.number(0), static_cast<std::uint32_t>(query.number(1)),
                       query.bytes(2)};
}

std::vector<std::uint64_t> SqliteTables::ledger_chunk_numbers(const SubscriptionId& id,
                                                              std::uint64_t from) const {
    std::vector<std::uint64_t> out;
    Query query(db_,
                "SELECT DISTINCT chunk FROM ledger WHERE subscription = ?1 AND state IN (1, 2) "
                "AND chunk >= ?2 ORDER BY chunk",
                id, from);
    while (query.next()) out.push_back(query.number(0));
    return out;
}

void SqliteTables::put_ledger_chunk(const SubscriptionId& id, LedgerState state,
                                    const LedgerChunk& chunk) {
    if (chunk.count == 0)
        Query(db_, "DELETE FROM ledger WHERE subscription = ?1 AND state = ?2 AND chunk = ?3", id,
              state, chunk.chunk)
            .run();
    else
        Query(db_,
              "INSERT OR REPLACE INTO ledger(subscription, state, chunk, count, bitmap) "
              "VALUES (?1, ?2, ?3, ?4, ?5)",
              id, state, chunk.chunk, chunk.count, chunk.bitmap)
            .run();
}

void SqliteTables::clear_ledger(const SubscriptionId& id) {
    Query(db_, "DELETE FROM ledger WHERE subscription = ?1", id).run();
}

}  // namespace sangam::storage::sqlite
