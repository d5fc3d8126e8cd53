// SPDX-License-Identifier: GPL-2.0-only
// SQLite with Result. An error has the errno that fits best: ENOSPC, EROFS, EACCES, EBUSY, or EUCLEAN for a file that
// is not a database or is damaged.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "release.hpp"
#include "result.hpp"

struct sqlite3;
struct sqlite3_stmt;

extern "C" int sqlite3_close_v2(sqlite3*);
extern "C" int sqlite3_finalize(sqlite3_stmt*);

namespace kmon::history {

inline bool is_damage(const Error& error) { return error.system == EUCLEAN; }

// A prepared statement. Its parameters are bound in order, its columns are read by number.
class Statement {
public:
    // Resets the statement and binds its parameters. Text and blobs must live until the statement has run.
    template <class... Values>
    Statement& bind(const Values&... values) {
        reset();
        int at = 0;
        (put(++at, values), ...);
        return *this;
    }

    // True: there is a row. False: there is none, and the statement is reset.
    Result<bool> step();
    // For statements without rows, or whose rows do not matter.
    Result<void> run();
    void reset();

    std::int64_t number(int column) const;
    std::string_view text(int column) const; // or a blob; until the next step

private:
    friend class Database;
    Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}

    void put(int at, std::int64_t value);
    void put(int at, std::string_view value); // as text
    struct Blob {
        std::string_view bytes;
    };
    void put(int at, const Blob& value);

    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Release<sqlite3_finalize>> statement_;

public:
    static Blob blob(std::string_view bytes) { return {bytes}; }
};

class Database {
public:
    enum class Mode { write, read };

    // How long to wait for another writer.
    static constexpr std::chrono::milliseconds usual_patience{5000};

    // Mode read: fails if the file does not exist.
    static Result<Database> open(const std::filesystem::path& file, Mode mode,
                                 std::chrono::milliseconds patience = usual_patience);

    Result<Statement> prepare(std::string_view sql);
    Result<void> run(std::string_view sql); // one statement or several
    // The number that a PRAGMA or SELECT returns.
    Result<std::int64_t> number(std::string_view sql);

    // Copies everything into a new database at `file`, which must not exist.
    Result<void> copy_to(const std::filesystem::path& file);

    // Merges the write-ahead log into the database.
    Result<void> checkpoint();

private:
    explicit Database(sqlite3* handle) : handle_(handle) {}

    std::unique_ptr<sqlite3, Release<sqlite3_close_v2>> handle_;
};

} // namespace kmon::history
