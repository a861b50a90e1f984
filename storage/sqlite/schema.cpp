// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/schema.hpp"

#include <array>

namespace sangam::storage::sqlite {

namespace {

/// Migration 1. Integers hold unsigned 64-bit numbers (epochs, clocks) bit for bit.
constexpr const char* first_schema = R"sql(
-- What is true of the whole store: one row.
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL                    -- of this store's lanes and cursors; never 0
) STRICT;

-- Datasets that we own, write, hold a replica of, or know by their control entries.
CREATE TABLE datasets (
    dataset INTEGER PRIMARY KEY AUTOINCREMENT, -- ours; upper part of changes.place
    uid BLOB NOT NULL UNIQUE,                  -- hash of the first manifest
    holding INTEGER NOT NULL,                  -- 1 own, 2 writer, 3 replica, 4 known
    manifest_number INTEGER NOT NULL,          -- newest manifest in the chain for all
    manifest_hash BLOB NOT NULL,
    last_position INTEGER NOT NULL,            -- highest position ever given here
    live_records INTEGER NOT NULL,             -- with a live change and not deleted
    copy INTEGER NOT NULL                      -- full copies begun here
) STRICT;

-- The control log: owner-signed chains.
CREATE TABLE control_entries (
    dataset INTEGER NOT NULL REFERENCES datasets,
    chain TEXT NOT NULL,                       -- "all" or an audience
    number INTEGER NOT NULL,                   -- 1, 2, 3, ... in the chain
    hash BLOB NOT NULL,                        -- of the entry
    entry BLOB NOT NULL,                       -- SignedControl
    PRIMARY KEY (dataset, chain, number)
) STRICT, WITHOUT ROWID;

-- Lines of commits: (node, epoch) in a dataset.
CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL REFERENCES datasets,
    node BLOB NOT NULL,                        -- node id
    epoch INTEGER NOT NULL,
    head INTEGER NOT NULL,                     -- last commit held without a gap; 0 at a replica
    head_hash BLOB NOT NULL,                   -- its header hash
    head_hlc INTEGER NOT NULL,                 -- its clock
    seen BLOB NOT NULL,                        -- version vector: highest heads its commits named
    UNIQUE (dataset, node, epoch)
) STRICT;

-- Signed headers, each with one proof for exactly the changes held.
CREATE TABLE commits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL REFERENCES lanes,
    sequence INTEGER NOT NULL,
    hlc INTEGER NOT NULL,                      -- as in the header
    header_hash BLOB NOT NULL,                 -- of the header
    header BLOB NOT NULL,                      -- SignedHeader
    proof BLOB NOT NULL,                       -- 32 bytes a hash; empty when all changes are held
    UNIQUE (lane, sequence)
) STRICT;

-- Record keys and their numbers, which ledgers count by and which are never given twice.
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL REFERENCES datasets,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    deleted INTEGER NOT NULL,                  -- 1: a live delete stands
    live_changes INTEGER NOT NULL,             -- 0: gone, and still in a ledger
    copy INTEGER NOT NULL,                     -- datasets.copy when a delivery last named it
    UNIQUE (dataset, collection, id)
) STRICT;

-- Changes, live and superseded, in order of arrival in their dataset.
CREATE TABLE changes (
    place INTEGER PRIMARY KEY,                 -- dataset << 40 | position
    record INTEGER NOT NULL REFERENCES records,
    commit_id INTEGER NOT NULL REFERENCES commits,
    leaf INTEGER NOT NULL,                     -- place in the commit's tree
    live INTEGER NOT NULL,                     -- 0: all its fields are superseded; -1: refused
    hash BLOB NOT NULL,                        -- of the change
    body BLOB NOT NULL                         -- Change
) STRICT;
CREATE INDEX changes_by_record ON changes (record, live);
CREATE UNIQUE INDEX changes_by_commit ON changes (commit_id, leaf);

-- Where imports come from.
CREATE TABLE import_sources (
    source INTEGER PRIMARY KEY AUTOINCREMENT,  -- upper part of import_states.place
    dataset INTEGER NOT NULL REFERENCES datasets,
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (dataset, collection, name)
) STRICT;

-- What a source last stated of a record.
CREATE TABLE import_states (
    place INTEGER PRIMARY KEY,                 -- source << 40 | record number
    version BLOB NOT NULL,                     -- version vector of the record after that write
    cells BLOB NOT NULL                        -- the importer's own encoding
) STRICT;

-- Oddities that imports found and stored as they were.
CREATE TABLE findings (
    record INTEGER NOT NULL,
    source INTEGER NOT NULL,                   -- 0: no import
    item INTEGER NOT NULL,                     -- 0, 1, 2, ...
    field TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (record, source, item)
) STRICT, WITHOUT ROWID;

-- What we want of remote datasets.
CREATE TABLE own_subscriptions (
    id BLOB PRIMARY KEY,
    dataset_name TEXT NOT NULL,                -- as the admin wrote it
    dataset BLOB,                              -- uid once it is known
    filter TEXT NOT NULL,                      -- row condition
    sender_epoch INTEGER,                      -- the cursor: all three or none
    receiver_epoch INTEGER,
    position INTEGER,
    is_copying INTEGER NOT NULL,
    expected INTEGER NOT NULL,                 -- records in scope at the source
    last_heard INTEGER NOT NULL,               -- Unix ms
    created INTEGER NOT NULL,                  -- Unix ms
    state_reason TEXT NOT NULL
) STRICT;

-- Others' subscriptions to what we serve.
CREATE TABLE served_subscriptions (
    id BLOB PRIMARY KEY,
    dataset BLOB NOT NULL,                     -- uid
    subscriber BLOB NOT NULL,                  -- node id
    institution BLOB NOT NULL,
    filter TEXT NOT NULL,
    receiver_epoch INTEGER NOT NULL,
    scanned INTEGER NOT NULL,                  -- positions
    acknowledged INTEGER NOT NULL,
    has_ended INTEGER NOT NULL,
    created INTEGER NOT NULL,                  -- Unix ms
    last_ack INTEGER NOT NULL                  -- Unix ms
) STRICT;

-- Who was sent what: roaring bitmaps of record numbers in pieces of 65,536.
CREATE TABLE ledger (
    subscription BLOB NOT NULL,
    state INTEGER NOT NULL,                    -- 1 sent, 2 acknowledged
    chunk INTEGER NOT NULL,                    -- record number >> 16
    count INTEGER NOT NULL,                    -- numbers in the bitmap
    bitmap BLOB NOT NULL,                      -- portable roaring bitmap of record number & 65535
    PRIMARY KEY (subscription, state, chunk)
) STRICT, WITHOUT ROWID;

-- What could not be applied, with its reason.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset BLOB NOT NULL,
    source BLOB NOT NULL,                      -- node id of whom it came from
    reason TEXT NOT NULL,
    data BLOB NOT NULL,                        -- encoded part or entry
    digest BLOB NOT NULL UNIQUE,               -- SHA-256 of all but the time: held once
    at INTEGER NOT NULL                        -- Unix ms
) STRICT;

-- Small documents of the layers above.
CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Besides these, a table text_N (FTS5) for each dataset N, made with it.
)sql";

/// Migration 2. Rows are made by the store, which alone can merge (sqlite_store.cpp).
constexpr const char* flat_records = R"sql(
-- The paths that flat records have, with a number each.
CREATE TABLE flat_fields (
    field INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL REFERENCES datasets,
    path TEXT NOT NULL,                        -- Path::text()
    UNIQUE (dataset, path)
) STRICT;

-- What conditions, facets and order read: a row for each live record that is not deleted.
CREATE TABLE flat_records (
    place INTEGER PRIMARY KEY,                 -- dataset << 40 | record number
    fields BLOB NOT NULL                       -- flat_codec.hpp
) STRICT;
)sql";

/// Migration 3. Rows from before it are filled in when their lane's next commit comes (LaneBook).
constexpr const char* lane_institutions = R"sql(
ALTER TABLE lanes ADD COLUMN institution BLOB; -- whose node it is; null: not known
)sql";

constexpr std::array<const char*, schema_version> migrations{first_schema, flat_records,
                                                             lane_institutions};

std::int64_t pragma(Database& db, std::string_view sql) {
    Query query(db, sql);
    query.next();
    return query.integer(0);
}

}  // namespace

std::string text_table(DatasetId dataset) { return "text_" + std::to_string(raw(dataset)); }

void create_text_table(Database& db, DatasetId dataset) {
    // words: the texts of the record's fields in path order, a separator between two.
    // layout: CBOR array of [path, bytes of its text], to cut `words` into fields again.
    db.execute("CREATE VIRTUAL TABLE " + text_table(dataset) +
               " USING fts5(words, layout UNINDEXED, tokenize = 'unicode61 remove_diacritics 2')");
}

int check_is_ours(Database& db) {
    const auto version = pragma(db, "PRAGMA user_version");
    const auto application = pragma(db, "PRAGMA application_id");
    const bool is_new = pragma(db, "SELECT count(*) FROM sqlite_schema") == 0;
    if (!is_new && application != application_id)
        throw StoreError(db.path() + " is a database of another program; name another directory");
    if (version > schema_version)
        throw StoreError(db.path() + " was written by a newer Sangam (schema " +
                         std::to_string(version) + ", this one knows " +
                         std::to_string(schema_version) +
                         "); install that version again, or restore a backup made by this one");
    return static_cast<int>(version);
}

void migrate(Database& db, const std::function<void(int before)>& fill, int to) {
    const int before = check_is_ours(db);
    if (before >= to) return;
    db.execute("BEGIN IMMEDIATE");
    try {
        for (auto step = before; step < to; ++step)
            db.execute(migrations[static_cast<std::size_t>(step)]);
        db.execute("PRAGMA application_id = " + std::to_string(application_id));
        db.execute("PRAGMA user_version = " + std::to_string(to));
        if (before > 0) fill(before);
        db.execute("COMMIT");
    } catch (...) {
        if (db.is_in_transaction()) db.execute("ROLLBACK");
        throw;
    }
}

}  // namespace sangam::storage::sqlite
