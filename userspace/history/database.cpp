// SPDX-License-Identifier: GPL-2.0-only
#include "database.hpp"

#include <sqlite3.h>

#include <array>

#include "escape.hpp"
#include "file.hpp"

namespace kmon::history {

namespace {

int errno_of(int code, int system) {
    switch (code & 0xff) { // NOLINT(hicpp-signed-bitwise): the primary code
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return EUCLEAN;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return EBUSY;
    case SQLITE_NOMEM: return ENOMEM;
    case SQLITE_PERM:
    case SQLITE_AUTH: return EACCES;
    case SQLITE_TOOBIG: return EFBIG;
    default: return system != 0 ? system : EIO;
    }
}

std::string name_of(sqlite3* database) {
    const char* name = ::sqlite3_db_filename(database, "main");
    return name != nullptr && *name != '\0' ? printable(name) : "the history";
}

// The last error.
Error error_of(sqlite3* database, const std::string& doing) {
    const auto code = ::sqlite3_extended_errcode(database);
    auto error = system_error(doing + " " + name_of(database), errno_of(code, ::sqlite3_system_errno(database)));
    error.what += std::string(" (SQLite: ") + ::sqlite3_errmsg(database) + ")";
    return error;
}

} // namespace

void Statement::put(int at, std::int64_t value) { ::sqlite3_bind_int64(statement_.get(), at, value); }

void Statement::put(int at, std::string_view value) {
    ::sqlite3_bind_text64(statement_.get(), at, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::put(int at, const Blob& value) {
    ::sqlite3_bind_blob64(statement_.get(), at, value.bytes.data(), value.bytes.size(), SQLITE_STATIC);
}

void Statement::reset() { ::sqlite3_reset(statement_.get()); }

Result<bool> Statement::step() {
    const auto code = ::sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    auto error = error_of(database_, "cannot use");
    reset();
    return fail(std::move(error));
}

Result<void> Statement::run() {
    for (;;) {
        const auto more = step();
        if (!more) return fail(more.error());
        if (!*more) return {};
    }
}

std::int64_t Statement::number(int column) const { return ::sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) const {
    const auto* const bytes = static_cast<const char*>(::sqlite3_column_blob(statement_.get(), column));
    const auto size = ::sqlite3_column_bytes(statement_.get(), column);
    return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<std::size_t>(size));
}

Result<Database> Database::open(const std::filesystem::path& file, Mode mode, std::chrono::milliseconds patience) {
    const bool write = mode == Mode::write;
    sqlite3* handle = nullptr;
    const auto attempt = [&](const std::string& name, unsigned flags) {
        flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
        const auto code = ::sqlite3_open_v2(name.c_str(), &handle, static_cast<int>(flags), nullptr);
        ::sqlite3_extended_result_codes(handle, 1);
        return code;
    };
    const auto code = attempt(file.native(), write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    Database database(handle);
    if (handle == nullptr) return fail(system_error("cannot open " + printable(file.native()), ENOMEM));
    if (code != SQLITE_OK) {
        auto error = error_of(handle, "cannot open");
        error.what = "cannot open " + printable(file.native()) + ": " + std::system_category().message(error.system);
        return fail(std::move(error));
    }
    ::sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
    if (write) return database;
    // Try whether it can be read. If we may not create the files of a write-ahead log and nobody else has, then nobody
    // is writing, and it can be opened as immutable.
    const auto look = database.number("PRAGMA schema_version");
    if (look) return database;
    std::error_code ignored;
    if (is_damage(look.error()) || look.error().system == EBUSY ||
        std::filesystem::exists(file.native() + "-wal", ignored))
        return fail(look.error());
    std::string escaped;
    for (const char c : file.native()) {
        static constexpr std::string_view hex = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (c == '?' || c == '#' || c == '%')
            escaped += {'%', hex[byte >> 4U], hex[byte & 0xfU]};
        else
            escaped += c;
    }
    handle = nullptr;
    const auto again = attempt("file:" + escaped + "?immutable=1", SQLITE_OPEN_READONLY);
    Database unchanging(handle);
    if (again != SQLITE_OK) return fail(look.error());
    return unchanging;
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const auto code = ::sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return fail(error_of(handle_.get(), "cannot use"));
    return Statement(handle_.get(), statement);
}

Result<void> Database::run(std::string_view sql) {
    const std::string text(sql);
    if (::sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return fail(error_of(handle_.get(), "cannot write"));
    return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return fail(statement.error());
    const auto row = statement->step();
    if (!row) return fail(row.error());
    return *row ? statement->number(0) : 0;
}

Result<void> Database::copy_to(const std::filesystem::path& file) {
    auto statement = prepare("VACUUM INTO ?");
    if (!statement) return fail(statement.error());
    return statement->bind(std::string_view(file.native())).run();
}

Result<void> Database::checkpoint() {
    const auto code = ::sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    // If somebody is reading, the rest is done next time.
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) // NOLINT(hicpp-signed-bitwise)
        return fail(error_of(handle_.get(), "cannot write"));
    return {};
}

} // namespace kmon::history
