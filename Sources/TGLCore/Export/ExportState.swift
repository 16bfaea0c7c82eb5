import Foundation

/// What an export's folder remembers, so that the next one can add to it.
struct ExportState: Codable {
  static let fileName = ".tgl-export.json"
  /// How long after its time stamp a message may take to be committed, in seconds.
  static let settling: Int64 = 120

  /// A chat of an HTML export.
  struct Chat: Codable {
    var id: Int64
    var name: String
    var type: String
    var username: String?
    var messages: Int
    var deleted: Int
    var edited: Int
    var first: Int64
    var last: Int64
  }

  /// Of the file, for versions to come.
  var version = 1
  var format: String
  /// The options that decide what is exported; an export with others is another one.
  var options: String
  /// All that happened before this time (seconds since 1970) is exported.
  var through: Int64
  /// What happened since and is exported too.
  var recent: Set<String> = []
  var chats: [Chat] = []

  /// Nil when there is none.
  static func load(from folder: String) throws -> ExportState? {
    let path = "\(folder)/\(fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(ExportState.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch is DecodingError {
      throw ExportError.otherExport(path: folder, detail: "\(fileName) cannot be read")
    }
  }

  func save(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let output = try TextOutput(path: "\(folder)/\(Self.fileName)")
    output.text.append(try encoder.encode(self))
    try output.finish(replacing: true)
  }

  /// What tells a message in its present state from itself in another.
  static func key(_ message: SnapshotMessage) -> String {
    "\(message.record.chat):\(message.record.id):\(message.version)\(message.deletedAt == nil ? "" : ":deleted")"
  }
}
