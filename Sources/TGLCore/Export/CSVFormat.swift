/// A table of messages for spreadsheets and databases.
///
/// Source: RFC 4180: lines end with CR LF, fields with quotes, commas or line ends are quoted. UTF-8 without a mark.
struct CSVFormat: ExportFormatWriter {
  private static let columns = [
    "chat_id", "chat_type", "chat_name", "id", "type", "date", "edit_date", "sender_id", "sender_name",
    "sender_username", "outgoing", "text", "media_kind", "media_file_name", "media_path", "reply_to_id", "topic_id",
    "grouped_id", "forward_from_id", "forward_from_name", "forward_date", "deleted_at", "version", "original_text",
  ]

  private let output: SingleOutput

  init(_ output: SingleOutput) {
    self.output = output
    row(Self.columns.map { $0 })
  }

  mutating func add(_ message: ExportedMessage, in chat: ExportedChat) throws {
    let record = message.record
    row([
      "\(chat.id)", chat.type.rawValue, chat.name, "\(record.id)",
      record.action.map { "service:\($0.kind)" } ?? "message",
      CalendarTime.utc(record.date), record.editDate.map(CalendarTime.utc), record.sender.map { "\($0)" },
      message.senderName, message.sender?.username, record.isOutgoing ? "true" : "false", record.text.text,
      message.media?.kind.rawValue, message.media?.fileName, message.files.compactMap(\.path).first,
      record.replyToID.map(String.init), record.topicID.map(String.init), record.groupedID.map(String.init),
      record.forward?.from.map { "\($0)" }, message.forwardName, record.forward.map { CalendarTime.utc($0.date) },
      message.deletedAt.map(CalendarTime.utc), "\(message.version)", message.earlier.first?.text.text,
    ])
    try output.output.flushIfFull()
  }

  private func row(_ fields: [String?]) {
    for (index, field) in fields.enumerated() {
      if index > 0 { output.output.text.append(UInt8(ascii: ",")) }
      if let field { self.field(field) }
    }
    output.output.text.append("\r\n")
  }

  private func field(_ text: String) {
    var text = text
    let isSpecial = text.withUTF8 { bytes in
      for byte in bytes where byte == 0x22 || byte == 0x2C || byte == 0x0A || byte == 0x0D { return true }
      return false
    }
    guard isSpecial else { return output.output.text.append(text) }
    output.output.text.append(UInt8(ascii: "\""))
    output.output.text.append(text) { $0 == 0x22 ? "\"\"" : nil }
    output.output.text.append(UInt8(ascii: "\""))
  }

  mutating func finish() throws -> String? { try output.finish() }
}
