/// One way to write an archive down: gets the chats one after another, and in each the messages in their order.
protocol ExportFormatWriter {
  /// Where copies of a message's media go in the export's folder.
  func mediaFolder(for message: SnapshotMessage, in chat: ExportedChat) -> String
  mutating func begin(_ chat: ExportedChat) throws
  mutating func add(_ message: ExportedMessage, in chat: ExportedChat) throws
  mutating func end(_ chat: ExportedChat) throws
  /// Completes the files.
  /// - Returns: what to open; nil for a pipe.
  mutating func finish() throws -> String?
}

extension ExportFormatWriter {
  func mediaFolder(for message: SnapshotMessage, in chat: ExportedChat) -> String { "media" }
  mutating func begin(_ chat: ExportedChat) throws {}
  mutating func end(_ chat: ExportedChat) throws {}
}

/// One output file, or a pipe.
struct SingleOutput {
  let output: TextOutput
  let path: String?
  private let replacing: Bool

  /// - Parameter name: the file's, where a folder is given.
  init(_ destination: ExportRequest.Destination, name: String, replacing: Bool) throws(EncryptedFileError) {
    self.replacing = replacing
    switch destination {
    case .descriptor(let descriptor, let name):
      path = nil
      output = TextOutput(descriptor: descriptor, name: name)
    case .file(let file):
      path = file
      try EncryptedFile.refuseExisting(file, replacing)
      output = try TextOutput(path: file)
    case .folder(let folder):
      let file = "\(folder)/\(name)"
      path = file
      try EncryptedFile.refuseExisting(file, replacing)
      output = try TextOutput(path: file)
    }
  }

  func finish() throws(EncryptedFileError) -> String? {
    try output.finish(replacing: replacing)
    return path
  }
}
