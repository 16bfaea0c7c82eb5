extension ArchiveSchema {
  // `media_job` is one file of one message: wanted, kept, or the reason why there is none. `media_file` is a file on
  // disk; several jobs may share one. `outbox_wait` names the jobs a notice waits for; a notice without rows there is
  // ready. `opened_at` is when media that may be looked at only for a while was first looked at.
  static let media = """
    CREATE TABLE media_file (
      id INTEGER PRIMARY KEY,
      place TEXT NOT NULL CHECK (place IN ('buffer', 'deleted')),
      name TEXT NOT NULL,
      size INTEGER NOT NULL,
      sha256 BLOB NOT NULL,
      encrypted INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL,
      UNIQUE (place, name)
    ) STRICT;
    CREATE INDEX media_file_by_content ON media_file (sha256, place);

    CREATE TABLE media_job (
      id INTEGER PRIMARY KEY,
      chat_id INTEGER NOT NULL,
      message_id INTEGER NOT NULL,
      medium_id INTEGER NOT NULL,
      position INTEGER NOT NULL,
      kind TEXT NOT NULL,
      size INTEGER NOT NULL,
      layer INTEGER NOT NULL,
      media BLOB NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('fetch', 'buffered', 'preserve', 'kept', 'failed', 'skipped')),
      is_deleted INTEGER NOT NULL DEFAULT 0,
      priority INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      not_before INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0,
      last_error TEXT,
      buffer_id INTEGER REFERENCES media_file (id) ON DELETE SET NULL,
      deleted_id INTEGER REFERENCES media_file (id) ON DELETE SET NULL,
      UNIQUE (chat_id, message_id, medium_id)
    ) STRICT;
    CREATE INDEX media_job_open ON media_job (priority, size, id) WHERE state IN ('fetch', 'preserve');
    CREATE INDEX media_job_by_medium ON media_job (medium_id);
    CREATE INDEX media_job_by_buffer ON media_job (buffer_id) WHERE buffer_id IS NOT NULL;
    CREATE INDEX media_job_by_deleted ON media_job (deleted_id) WHERE deleted_id IS NOT NULL;

    CREATE TABLE outbox_wait (
      outbox_id INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
      job_id INTEGER NOT NULL REFERENCES media_job (id) ON DELETE CASCADE,
      PRIMARY KEY (outbox_id, job_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX outbox_wait_by_job ON outbox_wait (job_id);

    ALTER TABLE message ADD COLUMN opened_at INTEGER;

    """
}
