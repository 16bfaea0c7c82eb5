import Foundation

/// Writing to people and programs.
enum Output {
  /// Notices on standard error, a line each.
  static func notice(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
  }

  /// One JSON object on a line of standard output.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
