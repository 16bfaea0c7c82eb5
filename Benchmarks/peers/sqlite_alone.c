// SQLite alone, doing to an archive what tgl did: the same rows, in the same transactions and the same order, on the same
// schema.
//
//   sqlite_alone AFTER TARGET BATCHES
//
// AFTER is an archive after a storm, TARGET a copy of it from before, BATCHES a file with a line for each transaction:
// messages added, deleted, edited, and notices. All that is to be written is read into memory first; what is measured
// is only what writes it. Prints the CPU seconds and what was done as JSON.

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void fail(sqlite3 *db, const char *what) {
  fprintf(stderr, "sqlite_alone: %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
  exit(1);
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) fail(db, sql);
  return statement;
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail(db, sqlite3_sql(statement));
  if (sqlite3_reset(statement) != SQLITE_OK) fail(db, sqlite3_sql(statement));
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// As many notices are taken out of the outbox together.
enum { PAGE = 16 };

// A row of values in memory.
enum { COLUMNS = 28, INDEXED = 27 };
typedef struct {
  sqlite3_value *values[COLUMNS];
  int version;
  int isDeleted;
  sqlite3_int64 entry;
} Row;

typedef struct {
  Row *items;
  size_t count, room;
} Rows;

static void add(Rows *rows, sqlite3_stmt *from, int columns) {
  if (rows->count == rows->room) {
    rows->room = rows->room ? rows->room * 2 : 1024;
    rows->items = realloc(rows->items, rows->room * sizeof(Row));
    if (!rows->items) fail(NULL, "no memory");
  }
  Row *row = &rows->items[rows->count++];
  memset(row, 0, sizeof(Row));
  for (int column = 0; column < columns; column++) row->values[column] = sqlite3_value_dup(sqlite3_column_value(from, column));
}

static void bind(sqlite3_stmt *statement, const Row *row, int columns) {
  for (int column = 0; column < columns; column++) sqlite3_bind_value(statement, column + 1, row->values[column]);
}

int main(int argc, char **argv) {
  if (argc != 4) fail(NULL, "AFTER TARGET BATCHES");
  sqlite3 *after, *db;
  if (sqlite3_open_v2(argv[1], &after, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) fail(after, argv[1]);
  if (sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) fail(db, argv[2]);

  // As the archive is opened.
  run(db, "PRAGMA journal_mode = WAL");
  run(db, "PRAGMA synchronous = NORMAL");
  run(db, "PRAGMA foreign_keys = ON");
  sqlite3_stmt *known = prepare(db, "SELECT coalesce(max(entry), 0) FROM search_entry");
  if (sqlite3_step(known) != SQLITE_ROW) fail(db, "search_entry");
  sqlite3_int64 first = sqlite3_column_int64(known, 0);
  sqlite3_reset(known);

  // Every text in the order it was written, as it was then; what the search index is given of it, and what `sqlite_alone`
  // itself needs.
  sqlite3_stmt *source = prepare(
      after,
      "SELECT m.chat_id, m.id, m.sender_id, m.date, iif(e.version = m.version, m.edit_date, NULL), m.outgoing, m.post,"
      "  m.noforwards, m.ttl_seconds, m.ttl_period, m.reply_to_id, m.reply_to_chat_id, m.topic_id, m.grouped_id,"
      "  m.via_bot_id, m.post_author, m.forward, iif(e.version = m.version, m.text, v.text),"
      "  iif(e.version = m.version, m.entities, v.entities), m.media_kind, m.media_id, m.action_kind, m.layer, m.media,"
      "  m.action, m.rich, m.received_at, i.text, e.version, m.deleted_at"
      " FROM search_entry AS e JOIN message AS m USING (chat_id, id)"
      " JOIN indexed AS i ON i.chat_id = e.chat_id AND i.id = e.id AND i.version = e.version"
      " LEFT JOIN message_version AS v ON v.chat_id = e.chat_id AND v.id = e.id AND v.version = e.version"
      " WHERE e.entry > ? ORDER BY e.entry");
  sqlite3_bind_int64(source, 1, first);
  Rows texts = {0};
  while (sqlite3_step(source) == SQLITE_ROW) {
    add(&texts, source, COLUMNS);
    texts.items[texts.count - 1].version = sqlite3_column_int(source, COLUMNS);
    texts.items[texts.count - 1].isDeleted = sqlite3_column_type(source, COLUMNS + 1) != SQLITE_NULL;
  }
  sqlite3_stmt *everyone = prepare(
      after,
      "SELECT id, type, access_hash, is_min, username, phone, first_name, last_name, title, noforwards, is_forum, seen_at"
      " FROM peer LIMIT 6");
  Rows peers = {0};
  while (sqlite3_step(everyone) == SQLITE_ROW) add(&peers, everyone, 12);

  sqlite3_stmt *insert = prepare(
      db,
      "INSERT INTO message (chat_id, id, sender_id, date, edit_date, outgoing, post, noforwards, ttl_seconds, ttl_period,"
      "  reply_to_id, reply_to_chat_id, topic_id, grouped_id, via_bot_id, post_author, forward, text, entities, media_kind,"
      "  media_id, action_kind, layer, media, action, rich, received_at)"
      " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (chat_id, id) DO NOTHING");
  sqlite3_stmt *version = prepare(
      db,
      "INSERT INTO message_version (chat_id, id, version, date, replaced_at, text, entities, media_kind, media_id, layer,"
      "  media, rich)"
      " SELECT chat_id, id, version, coalesce(edit_date, date), ?, text, entities, media_kind, media_id, layer, media, rich"
      " FROM message WHERE chat_id = ? AND id = ?");
  sqlite3_stmt *update = prepare(
      db,
      "UPDATE message SET version = version + 1, edit_date = ?, text = ?, entities = ? WHERE chat_id = ? AND id = ?");
  sqlite3_stmt *delete = prepare(db, "UPDATE message SET deleted_at = ? WHERE chat_id = ? AND id = ?");
  sqlite3_stmt *entry = prepare(db, "INSERT OR IGNORE INTO search_entry (chat_id, id, version) VALUES (?,?,?)");
  sqlite3_stmt *words = prepare(db, "INSERT INTO search (rowid, text) VALUES (?,?)");
  sqlite3_stmt *peer = prepare(
      db,
      "INSERT INTO peer (id, type, access_hash, is_min, username, phone, first_name, last_name, title, noforwards,"
      "  is_forum, seen_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING");
  sqlite3_stmt *state = prepare(db, "UPDATE update_state SET pts = pts + 1");
  sqlite3_stmt *notice = prepare(
      db, "INSERT INTO outbox (kind, created_at, payload, random_id) VALUES ('message', ?, ?, ?)");
  sqlite3_stmt *done = prepare(db, "DELETE FROM outbox WHERE id = ?");
  // About as much as a notice takes.
  char payload[600];
  memset(payload, 'x', sizeof payload);

  FILE *batches = fopen(argv[3], "r");
  if (!batches) fail(NULL, argv[3]);
  size_t next = 0, doomed = 0, added = 0, edited = 0, deleted = 0, told = 0;
  unsigned addedNow, deletedNow, editedNow, noticesNow;
  double start = cpu();
  while (fscanf(batches, "%u %u %u %u", &addedNow, &deletedNow, &editedNow, &noticesNow) == 4) {
    size_t begin = next;
    run(db, "BEGIN IMMEDIATE");
    for (size_t index = 0; index < peers.count; index++) {
      bind(peer, &peers.items[index], 12);
      step(db, peer);
    }
    for (size_t end = next + addedNow + editedNow; next < end && next < texts.count; next++) {
      Row *text = &texts.items[next];
      sqlite3_bind_value(entry, 1, text->values[0]);
      sqlite3_bind_value(entry, 2, text->values[1]);
      sqlite3_bind_int(entry, 3, text->version);
      step(db, entry);
      text->entry = sqlite3_last_insert_rowid(db);
      if (text->version == 1) {
        bind(insert, text, 27);
        step(db, insert);
        added++;
        continue;
      }
      sqlite3_bind_value(version, 1, text->values[26]);
      sqlite3_bind_value(version, 2, text->values[0]);
      sqlite3_bind_value(version, 3, text->values[1]);
      step(db, version);
      sqlite3_bind_value(update, 1, text->values[4]);
      sqlite3_bind_value(update, 2, text->values[17]);
      sqlite3_bind_value(update, 3, text->values[18]);
      sqlite3_bind_value(update, 4, text->values[0]);
      sqlite3_bind_value(update, 5, text->values[1]);
      step(db, update);
      edited++;
    }
    for (unsigned count = 0; count < deletedNow; count++) {
      while (doomed < next && !(texts.items[doomed].version == 1 && texts.items[doomed].isDeleted)) doomed++;
      if (doomed == next) break;
      sqlite3_bind_value(delete, 1, texts.items[doomed].values[26]);
      sqlite3_bind_value(delete, 2, texts.items[doomed].values[0]);
      sqlite3_bind_value(delete, 3, texts.items[doomed].values[1]);
      step(db, delete);
      doomed++;
      deleted++;
    }
    for (unsigned count = 0; count < noticesNow; count++) {
      sqlite3_bind_value(notice, 1, texts.items[0].values[26]);
      sqlite3_bind_text(notice, 2, payload, sizeof payload, SQLITE_STATIC);
      sqlite3_bind_int64(notice, 3, (sqlite3_int64)told * 7919 + count);
      step(db, notice);
    }
    step(db, state);
    for (size_t index = begin; index < next; index++) {
      sqlite3_bind_int64(words, 1, texts.items[index].entry);
      sqlite3_bind_value(words, 2, texts.items[index].values[INDEXED]);
      step(db, words);
    }
    run(db, "COMMIT");
    // Their posts.
    for (unsigned count = 0; count < noticesNow; count += PAGE) {
      run(db, "BEGIN IMMEDIATE");
      for (unsigned row = count; row < noticesNow && row < count + PAGE; row++) {
        sqlite3_bind_int64(done, 1, (sqlite3_int64)++told);
        step(db, done);
      }
      run(db, "COMMIT");
    }
  }
  // What was deleted in a batch that came before its message's text here.
  run(db, "BEGIN IMMEDIATE");
  for (; doomed < texts.count; doomed++) {
    if (texts.items[doomed].version != 1 || !texts.items[doomed].isDeleted) continue;
    sqlite3_bind_value(delete, 1, texts.items[doomed].values[26]);
    sqlite3_bind_value(delete, 2, texts.items[doomed].values[0]);
    sqlite3_bind_value(delete, 3, texts.items[doomed].values[1]);
    step(db, delete);
    deleted++;
  }
  run(db, "COMMIT");
  double took = cpu() - start;
  printf("{\"cpu\": %.6f, \"added\": %zu, \"edited\": %zu, \"deleted\": %zu}\n", took, added, edited, deleted);
  return 0;
}
