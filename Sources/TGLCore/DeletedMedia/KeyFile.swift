import Foundation

/// A file with keys for recovered media: base64 of 32 bytes, one a line, the current one first.
///
/// Empty lines and those that begin with `#` are passed over; a line may have the setting's name before it, as in an
/// env file.
enum KeyFile {
  /// What is wrong with the file, as it follows its name in a sentence; never what stands in it.
  struct Failure: Error { let reason: String }

  static func read(_ path: String) throws(Failure) -> [Secret<[UInt8]>] {
    let text: String
    do throws(TextFile.Failure) { text = try TextFile.read(path, isSecret: true) } catch {
      throw Failure(reason: error.reason)
    }
    return try keys(in: text)
  }

  static func keys(in text: String) throws(Failure) -> [Secret<[UInt8]>] {
    var keys: [Secret<[UInt8]>] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      var line = line.trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("#") { continue }
      let prefix = SettingsCatalog.deletedMediaKey.name + "="
      if line.hasPrefix(prefix) { line.removeFirst(prefix.count) }
      guard let key = SettingsCatalog.deletedMediaKey.parse(line) ?? nil else {
        throw Failure(reason: "has no key on line \(index + 1)")
      }
      keys.append(key)
    }
    guard !keys.isEmpty else { throw Failure(reason: "has no key in it") }
    return keys
  }
}
