extension ArchiveSchema {
  // `ending` says how a job of the state 'failed' has ended: 'refused', 'gone' or 'lost'; NULL in older rows stands for
  // 'lost'. `outages` counts the attempts that failed for what is not the file's fault: no connection, a flood wait.
  static let mediaStates = """
    ALTER TABLE media_job ADD COLUMN ending TEXT;
    ALTER TABLE media_job ADD COLUMN outages INTEGER NOT NULL DEFAULT 0;

    """
}
