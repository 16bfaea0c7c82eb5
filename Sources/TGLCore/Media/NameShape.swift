import Foundation

/// What names a file system takes: a value.
struct NameShape: Sendable, Hashable {
  /// What the file systems in use allow.
  static let longest = 255
  /// What is left of that where the file system encrypts names (eCryptfs), whatever limit it reports.
  static let short = 143
  /// Less would leave no room for chat, message and mark.
  private static let least = 80

  /// In bytes.
  private(set) var limit: Int
  /// ASCII alone.
  private(set) var isPlain: Bool

  init(limit: Int = NameShape.longest, isPlain: Bool = false) {
    self.limit = min(max(limit, Self.least), Self.longest)
    self.isPlain = isPlain
  }

  /// What to try next when a file system refuses a name; nil when there is nothing left.
  ///
  /// - Parameter code: the `errno` of the refusal.
  func after(refusal code: CInt) -> NameShape? {
    if code == ENAMETOOLONG, limit > Self.short { return NameShape(limit: Self.short, isPlain: isPlain) }
    return isPlain ? nil : NameShape(limit: min(limit, Self.short), isPlain: true)
  }

  /// Whether an error of `rename` is about the name it was given.
  static func isRefusal(_ code: CInt) -> Bool { [ENAMETOOLONG, EINVAL, EILSEQ].contains(code) }
}

/// How files get their names; a test puts another file system in its place.
struct FileNaming: Sendable {
  /// The most bytes of a name in a folder; nil where the system does not say.
  var limit: @Sendable (_ folder: String) -> Int?
  /// Renames, replacing what is there; returns 0 or the error's `errno`.
  var rename: @Sendable (_ from: String, _ to: String) -> CInt

  static let system = FileNaming(
    limit: { folder in
      let limit = pathconf(folder, CInt(_PC_NAME_MAX))
      return limit > 0 ? limit : nil
    },
    rename: { from, to in Foundation.rename(from, to) == 0 ? 0 : errno })

  func shape(in folder: String) -> NameShape { NameShape(limit: limit(folder) ?? NameShape.longest) }
}
