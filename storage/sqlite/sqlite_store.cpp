// SPDX-License-Identifier: Apache-2.0
// The embedded store: one SQLite file in WAL mode, one writer, any number of readers, and
// control.log beside it (docs/storage.md).
#include <fcntl.h>
#include <unistd.h>

#include <atomic>

#include "storage/control_log.hpp"
#include "storage/file_access.hpp"
#include "storage/ledger_bitmap.hpp"
#include "storage/operations.hpp"
#include "storage/sqlite/group_writer.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/table_reader.hpp"

namespace sangam::storage {

namespace {

using sqlite::Database;
using sqlite::ReadConnection;
using sqlite::SqliteTables;

/// What the reader holds; a base, so that it is there before TableReader needs it.
struct TakenConnection {
    std::unique_ptr<ReadConnection> connection;
};

class SqliteReader final : private TakenConnection, public TableReader {
public:
    SqliteReader(std::unique_ptr<ReadConnection> taken, const Projector& projector,
                 sqlite::ReaderPool& pool)
        : TakenConnection{std::move(taken)},
          TableReader(connection->tables, projector),
          pool_(pool) {}
    ~SqliteReader() override { pool_.give_back(std::move(connection)); }

private:
    sqlite::ReaderPool& pool_;
};

/// The path of the store in `directory`, whose file is there afterwards, readable by its owner
/// alone; SQLite gives its log the same mode. Throws StoreError when something of the store cannot
/// be written: SQLite would open it for reading, and only the first write would tell.
std::string prepared_file(const std::string& directory) {
    if (const auto problem = unwritable_store_file(directory)) throw StoreError(*problem);
    const std::string path = directory + "/store.sqlite";
    // What hinders this hinders SQLite, too, which says it for every case.
    const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
    return path;
}

/// A reader without a store.
class LoneReader final : private TakenConnection, public TableReader {
public:
    LoneReader(std::unique_ptr<ReadConnection> taken, const Projector& projector)
        : TakenConnection{std::move(taken)}, TableReader(connection->tables, projector) {}
};

class SqliteStore final : public Store {
public:
    SqliteStore(const std::string& directory, Author author, const Projector& projector,
                SqliteOptions options)
        : author_(author),
          projector_(projector),
          db_(prepared_file(directory), Database::Mode::read_write),
          log_(directory + "/control.log"),
          pool_(directory + "/store.sqlite", static_cast<std::size_t>(options.readers)) {
        prepare(options);
        writer_.emplace(db_, hooks());
        reconcile_control_log();
    }

    Epoch epoch() const override { return Epoch{epoch_.load()}; }

    std::unique_ptr<Reader> reader() const override {
        return std::make_unique<SqliteReader>(pool_.take(), projector_, pool_);
    }

    Result<void> put_control(const DatasetUid& uid, const std::vector<SignedControl>& entries,
                             std::optional<Holding> holding) override {
        return write([&](Writing& w) -> Result<void> {
            auto result = storage::put_control(w, uid, entries, holding);
            if (result && !w.own_control.empty()) log_.append(w.own_control);
            return result;
        });
    }
    Result<AuthorResult> author(const AuthorRequest& request) override {
        return write([&](Writing& w) { return storage::author(w, request); });
    }
    Result<ApplyResult> apply(const ApplyRequest& request) override {
        return write([&](Writing& w) { return storage::apply(w, request); });
    }
    void put_own_subscription(const OwnSubscription& row) override {
        change([&](Writing& w) { w.tables.put_own_subscription(row); });
    }
    void remove_own_subscription(const SubscriptionId& id) override {
        change([&](Writing& w) { storage::remove_own_subscription(w, id); });
    }
    void put_served_subscription(const ServedSubscription& row) override {
        change([&](Writing& w) { w.tables.put_served_subscription(row); });
    }
    void remove_served_subscription(const SubscriptionId& id) override {
        change([&](Writing& w) { storage::remove_served_subscription(w.tables, id); });
    }
    void ledger(const LedgerStep& step) override {
        change([&](Writing& w) { apply_ledger_step(w.tables, step); });
    }
    void add_quarantine(const QuarantineItem& item) override {
        change([&](Writing& w) { w.tables.add_quarantine(item); });
    }
    void remove_quarantine(std::uint64_t id) override {
        change([&](Writing& w) { w.tables.remove_quarantine(id); });
    }
    void put_document(const std::string& kind, const std::string& key, ByteView body) override {
        change([&](Writing& w) { w.tables.put_document(kind, key, body); });
    }
    void remove_document(const std::string& kind, const std::string& key) override {
        change([&](Writing& w) { w.tables.remove_document(kind, key); });
    }

    bool clear_remains() override {
        // FTS5 keeps the words of a removed row in older segments until they are merged.
        change([&](Writing& w) {
            for (const auto& dataset : w.tables.datasets()) {
                const auto table = sqlite::text_table(dataset.id);
                db_.execute("INSERT INTO " + table + "(" + table + ") VALUES ('optimize')");
            }
        });
        // The log keeps old pages until it was copied into the file and cut off. Not on the
        // writer's connection, which is in a transaction as often as not.
        Database other(db_.path(), Database::Mode::read_write);
        other.execute("PRAGMA busy_timeout = 0");  // whoever is in the way is not waited for
        sqlite::Query checkpoint(other, "PRAGMA wal_checkpoint(TRUNCATE)");
        return checkpoint.next() && checkpoint.integer(0) == 0;
    }

private:
    /// Before the writer's thread starts.
    void prepare(const SqliteOptions& options) {
        db_.execute("PRAGMA journal_mode = WAL");
        db_.execute(options.syncs ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
        // Pages of the log before it is copied into the file: 80 MB. More than the default, since
        // commits touch many pages of the same indexes again and again.
        db_.execute("PRAGMA wal_autocheckpoint = 20000");
        db_.execute("PRAGMA cache_size = -65536");  // KiB
        db_.execute("PRAGMA foreign_keys = ON");
        // What was withdrawn must not be readable in free pages (docs/storage.md, "Removal").
        db_.execute("PRAGMA secure_delete = ON");
        sqlite::migrate(db_, [this](int before) {
            if (before < 2) make_flat_records();
        });
        bool has_epoch = false;
        {
            sqlite::Query query(db_, "SELECT count(*) FROM store");
            has_epoch = query.next() && query.integer(0) > 0;
        }
        if (!has_epoch) {
            Writing writing{tables_, projector_, author_};
            draw_epoch(writing);
        }
        epoch_ = raw(tables_.epoch());
    }

    /// What migration 2 leaves to us: only the store can merge.
    void make_flat_records() {
        Writing writing{tables_, projector_, author_};
        project_all_again(writing);
    }

    sqlite::GroupWriter::Hooks hooks() {
        return {.begins =
                    [this] {
                        log_size_ = log_.size();
                        drawn_epoch_ = Epoch{epoch_.load()};
                    },
                .before_commit =
                    [this] {
                        // Own entries are on disk in the log before the database says so: what
                        // was shown to nobody may be there too much, never too little.
                        if (log_.size() != log_size_) log_.sync();
                    },
                .after_commit = [this] { epoch_ = raw(drawn_epoch_); },
                .after_failure =
                    [this] {
                        tables_.forget();
                        if (log_.size() != log_size_) log_.truncate(log_size_);
                    }};
    }

    template <class Operation>
    auto write(Operation operation) -> std::invoke_result_t<Operation&, Writing&> {
        std::optional<std::invoke_result_t<Operation&, Writing&>> result;
        std::vector<QuarantineItem> set_aside;
        writer_->run(
            [&] {
                Writing writing{tables_, projector_, author_, drawn_epoch_};
                const auto log_size = log_.size();
                try {
                    result.emplace(operation(writing));
                } catch (...) {
                    if (log_.size() != log_size) log_.truncate(log_size);
                    tables_.forget();
                    throw;
                }
                if (result->has_value())
                    drawn_epoch_ = writing.epoch;
                else
                    tables_.forget();
                set_aside = std::move(writing.set_aside);
                return result->has_value();
            },
            [&] {
                for (const auto& item : set_aside) tables_.add_quarantine(item);
            });
        return std::move(*result);
    }

    void change(const std::function<void(Writing&)>& operation) {
        const auto result = write([&](Writing& w) -> Result<void> {
            operation(w);
            return {};
        });
        SANGAM_ASSERT(result.has_value());
    }

    /// Brings control.log and the database together: entries that a crash left only in the log
    /// enter the database; entries that only the database has (the log is new) enter the log.
    void reconcile_control_log() {
        for (const auto& control : log_.entries()) {
            const auto uid = control.entry.dataset_uid();
            const auto result = write([&](Writing& w) {
                const bool is_new = !w.tables.find_dataset(uid).has_value();
                return storage::put_control(w, uid, {control},
                                            is_new ? std::optional(Holding::own) : std::nullopt);
            });
            if (!result)
                throw StoreError("control.log and " + db_.path() + " disagree: " +
                                 result.error().text() + "; restore both from one backup");
        }
        std::vector<SignedControl> missing;
        const auto view = reader();
        for (const auto& dataset : view->datasets())
            for (const auto& [chain, number] : view->control_numbers(dataset.uid))
                for (auto& control : view->control(dataset.uid, chain, 0))
                    if (control.entry.author == author_.node && !is_in_log(control))
                        missing.push_back(std::move(control));
        if (missing.empty()) return;
        log_.append(missing);
        log_.sync();
    }

    [[nodiscard]] bool is_in_log(const SignedControl& control) const {
        for (const auto& held : log_.entries())
            if (held == control) return true;
        return false;
    }

    Author author_;
    const Projector& projector_;
    Database db_;
    SqliteTables tables_{db_, true};
    ControlLog log_;
    mutable sqlite::ReaderPool pool_;
    std::atomic<std::uint64_t> epoch_{0};
    // Of the transaction that the writer is in.
    std::uint64_t log_size_ = 0;
    Epoch drawn_epoch_{};
    std::optional<sqlite::GroupWriter> writer_;  // last: its thread uses the rest
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const std::string& directory, Author author,
                                         const Projector& projector, SqliteOptions options) {
    return std::make_unique<SqliteStore>(directory, author, projector, options);
}

std::unique_ptr<Reader> open_sqlite_reader(const std::string& directory,
                                           const Projector& projector) {
    auto connection = std::make_unique<ReadConnection>(directory + "/store.sqlite");
    const int version = sqlite::check_is_ours(connection->db);
    if (version > 0 && version < sqlite::schema_version)
        throw StoreError(directory + "/store.sqlite was written by an older Sangam (schema " +
                         std::to_string(version) + ", this one reads " +
                         std::to_string(sqlite::schema_version) +
                         "); start the node once, which brings the file up");
    connection->db.execute("BEGIN");
    return std::make_unique<LoneReader>(std::move(connection), projector);
}

}  // namespace sangam::storage
