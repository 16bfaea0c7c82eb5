import Metrics

extension CommitReport {
  /// Adds this to what `/metrics` shows.
  func count() {
    for (type, changes) in byChat {
      let chat = [("chat_type", type.rawValue)]
      if changes.added > 0 { Counter(label: "tgl_messages_total", dimensions: chat).increment(by: changes.added) }
      if changes.edited > 0 { Counter(label: "tgl_edits_total", dimensions: chat).increment(by: changes.edited) }
      if changes.deleted > 0 { Counter(label: "tgl_deletions_total", dimensions: chat).increment(by: changes.deleted) }
    }
    for (event, number) in recovered {
      Counter(label: "tgl_recovered_total", dimensions: [("cause", event.rawValue)]).increment(by: number)
    }
    if deletedUnseen > 0 {
      Counter(label: "tgl_lost_total", dimensions: [("cause", "never_seen")]).increment(by: deletedUnseen)
    }
  }
}
