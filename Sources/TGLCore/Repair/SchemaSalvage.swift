import Foundation

/// Makes an archive readable again whose definitions of tables are damaged.
///
/// SQLite keeps them in a handful of pages, and without them finds nothing of all the others. Archives that were made
/// alike have the same definitions in the same pages: those of a new one take their place in a copy, when enough of the
/// damaged one's are still there to tell that it was made so. One that came out of a backup was not.
///
/// Source: "Database File Format", sqlite.org/fileformat.html, 1.3 (header), 1.6 (b-tree pages), 2.6 (the schema table).
enum SchemaSalvage {
  private static let headerSize = 100

  /// - Parameter target: where the copy goes; files of that name and those beside it are the caller's to remove.
  /// - Returns: whether there is a copy whose tables can be read as far as they are sound.
  /// - Throws: `ArchiveError`, or what reading and writing files throws.
  static func copy(_ path: String, to target: String) throws -> Bool {
    try Archive.open(at: target).close()
    let pages = try definitions(of: target)
    for suffix in ["", "-wal"] {
      try? FileManager.default.removeItem(atPath: target + suffix)
      if access(path + suffix, F_OK) == 0 {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: target + suffix)
      }
    }
    guard let file = FileHandle(forUpdatingAtPath: target) else { throw ArchiveError(errno: errno, path: target) }
    defer { try? file.close() }
    var same = 0
    for (offset, page) in pages where offset > 0 {
      try file.seek(toOffset: offset)
      if try file.read(upToCount: page.count) == page { same += 1 }
    }
    guard same > 0, same * 2 >= pages.count - 1 else { return false }
    for (offset, var page) in pages {
      // Without a size in the header, that of the file counts.
      if offset == 0 { page.resetBytes(in: 28..<32) }
      try file.seek(toOffset: offset)
      try file.write(contentsOf: page)
    }
    return true
  }

  /// The pages with the definitions of a sound database, by their places in bytes: the first and those that hang from it.
  private static func definitions(of path: String) throws -> [UInt64: Data] {
    let database = try Data(contentsOf: URL(fileURLWithPath: path))
    func number(_ offset: Int, _ size: Int) throws -> Int {
      guard offset >= 0, offset + size <= database.count else {
        throw ArchiveError.corrupt(path: path, detail: "its first page is not one of SQLite's")
      }
      return database[offset..<offset + size].reduce(0) { $0 << 8 | Int($1) }
    }
    let size = try number(16, 2) == 1 ? 65_536 : number(16, 2)
    var pages = [1]
    if try number(headerSize, 1) == 5 {
      for cell in 0..<(try number(headerSize + 3, 2)) {
        pages.append(try number(try number(headerSize + 12 + 2 * cell, 2), 4))
      }
      pages.append(try number(headerSize + 8, 4))
    }
    var found: [UInt64: Data] = [:]
    for page in pages {
      _ = try number(page * size - 1, 1)
      found[UInt64((page - 1) * size)] = Data(database[(page - 1) * size..<page * size])
    }
    return found
  }
}
