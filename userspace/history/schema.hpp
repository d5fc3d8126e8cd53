// SPDX-License-Identifier: GPL-2.0-only
// The database's tables. docs/history.md describes them for other tools.
#pragma once

#include <array>
#include <cstdint>

namespace kmon::history {

inline constexpr std::int64_t application_id = 0x6b6d6f6e; // "kmon"
inline constexpr std::int64_t schema_version = 1;

// Rows of a few kB in pages of 4 kB would leave a third of each page empty.
inline constexpr const char* schema_settings = R"(
PRAGMA page_size = 1024;
PRAGMA auto_vacuum = INCREMENTAL;
)";

inline constexpr const char* schema = R"(
CREATE TABLE kind (     -- figures that have their labels in common
  id INTEGER PRIMARY KEY,
  module TEXT NOT NULL,
  labels TEXT NOT NULL,   -- their names, a JSON array
  figures TEXT NOT NULL,  -- their names, a JSON array; "=NAME" is a gauge, whose growth is its value times the seconds
  UNIQUE (module, labels, figures));
CREATE TABLE block (    -- the series of one set of label values: one for each figure, numbered from `first` on
  first INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL REFERENCES kind (id),
  labels TEXT NOT NULL);  -- the labels' values, a JSON array
CREATE INDEX block_labels ON block (labels, kind);
CREATE TABLE finest  (start INTEGER PRIMARY KEY, seconds INTEGER NOT NULL, seen INTEGER NOT NULL, growth BLOB NOT NULL);
CREATE TABLE minutes (start INTEGER PRIMARY KEY, seconds INTEGER NOT NULL, seen INTEGER NOT NULL, growth BLOB NOT NULL);
CREATE TABLE hours   (start INTEGER PRIMARY KEY, seconds INTEGER NOT NULL, seen INTEGER NOT NULL, growth BLOB NOT NULL);
CREATE TABLE days    (start INTEGER PRIMARY KEY, seconds INTEGER NOT NULL, seen INTEGER NOT NULL, growth BLOB NOT NULL);
CREATE TABLE tier (
  name TEXT PRIMARY KEY,
  rolled_up INTEGER NOT NULL,  -- it has all that was counted before
  kept_from INTEGER NOT NULL); -- what is older has been deleted from it
INSERT INTO tier VALUES ('finest', 0, 0), ('minutes', 0, 0), ('hours', 0, 0), ('days', 0, 0);
CREATE TABLE reading (  -- of each module, the counters as they were last read
  module TEXT PRIMARY KEY,
  boot TEXT NOT NULL,
  instance INTEGER NOT NULL,
  scope TEXT NOT NULL,
  uptime INTEGER NOT NULL, -- ms
  time INTEGER NOT NULL,
  counters BLOB NOT NULL);
)";

inline constexpr std::array<const char*, 4> table_of = {"finest", "minutes", "hours", "days"};

} // namespace kmon::history
