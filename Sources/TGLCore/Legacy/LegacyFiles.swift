import Foundation
import GRDB
import MTProtoCrypto
import TelegramClient

/// The files of media the Python service has kept: `CHATID_MSGID_name.ext`, and `.enc` behind it when it is encrypted.
struct LegacyFiles {
  struct File {
    var name: String
    var chat: PeerID
    var message: Int64
    var place: StoredFile.Place
    var isEncrypted: Bool { name.hasSuffix(".enc") }
  }

  let buffer: String
  let deleted: String

  init(_ root: DataRoot) {
    buffer = root.mediaBuffer
    deleted = root.deletedMedia
  }

  /// The folders below any directory.
  init(below directory: String) {
    buffer = directory + "/media"
    deleted = directory + "/media_deleted"
  }

  func folder(_ place: StoredFile.Place) -> String { place == .buffer ? buffer : deleted }

  func path(_ file: File) -> String { "\(folder(file.place))/\(file.name)" }

  /// Regular files with such a name; others are nobody's business.
  func all() -> [File] {
    [StoredFile.Place.buffer, .deleted].flatMap { place in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(place))) ?? []
      return names.sorted().compactMap { name -> File? in
        guard let parsed = MediaFileName.parse(name), !name.hasSuffix(".part") else { return nil }
        guard FileStatus("\(folder(place))/\(name)", followingLinks: false)?.isRegular == true else { return nil }
        return File(name: name, chat: parsed.chat, message: parsed.message, place: place)
      }
    }
  }

  /// Makes the files in these folders known to the archive, each with its message.
  ///
  /// Files the archive knows already stay as they are.
  func register(in archive: Archive, _ report: inout LegacyReport) throws {
    for file in all() {
      let known = try archive.pool.read { db in
        (
          isKnown: try MediaTable.isKnown(file.place, named: file.name, db),
          message: try MessageTable.find(chat: file.chat, id: file.message, db)?.message
        )
      }
      if known.isKnown { continue }
      let medium = known.message?.media.flatMap { MediaFile.files(of: $0).first }
      if medium == nil { report.filesWithoutMessage += 1 }
      // Recovered files are kept track of even when nobody knows any more what they were recovered from.
      guard medium != nil || file.place == .deleted else { continue }
      let content: Content
      do throws(SystemFailure) { content = try Content(path(file), isEncrypted: file.isEncrypted) } catch {
        report.add(.init(chat: file.chat.rawValue, message: file.message, file: path(file), reason: error.reason))
        continue
      }
      try archive.pool.write { db in
        let id = try MediaTable.adopt(
          file.place, name: file.name, size: content.size, sha256: content.sha256, isEncrypted: file.isEncrypted,
          createdAt: content.modifiedAt, db)
        guard let medium, let message = known.message else { return }
        try MediaTable.adopt(id, place: file.place, as: medium, of: message, now: content.modifiedAt, db)
      }
      guard medium != nil else { continue }
      if file.place == .buffer { report.buffered += 1 } else { report.recovered += 1 }
    }
  }

  /// Brings the files of other folders into these, under the same names; what is there stays.
  func bring(from other: LegacyFiles, _ report: inout LegacyReport) {
    for file in other.all() {
      let target = path(file)
      if access(target, F_OK) == 0 { continue }
      do throws(SystemFailure) {
        try Self.bring(other.path(file), to: target)
      } catch {
        report.add(
          .init(chat: file.chat.rawValue, message: file.message, file: other.path(file), reason: error.reason))
      }
    }
  }

  /// A second name for the same bytes where that can be, else a copy that has its name only when it is complete.
  private static func bring(_ source: String, to target: String) throws(SystemFailure) {
    // The other directory may be somebody else's: what is linked would stay theirs.
    if FileStatus(source)?.owner == geteuid(), link(source, target) == 0 {
      chmod(target, 0o600)
      return
    }
    let partial = target + ".part"
    unlink(partial)
    do { try FileManager.default.copyItem(atPath: source, toPath: partial) } catch {
      unlink(partial)
      throw SystemFailure(reason: (error as NSError).localizedDescription)
    }
    guard chmod(partial, 0o600) == 0, rename(partial, target) == 0 else {
      defer { unlink(partial) }
      throw SystemFailure(reason: SystemReason.last())
    }
  }

  private struct SystemFailure: Error { var reason: String }

  /// What the archive notes of a file.
  private struct Content {
    /// Bytes of what it holds, without what encryption adds.
    var size: Int64
    /// Of what it holds; empty when that is encrypted, which no content's is.
    var sha256 = Data()
    var modifiedAt: Int64

    init(_ path: String, isEncrypted: Bool) throws(SystemFailure) {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      guard descriptor >= 0 else { throw SystemFailure(reason: SystemReason.last()) }
      defer { close(descriptor) }
      guard let status = FileStatus(descriptor: descriptor) else { throw SystemFailure(reason: SystemReason.last()) }
      modifiedAt = status.modifiedAt
      size = max(status.size - (isEncrypted ? Int64(EncryptedFile.overhead) : 0), 0)
      if isEncrypted { return }
      var hasher = SHA256()
      var chunk = [UInt8](repeating: 0, count: 1 << 18)
      while true {
        let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw SystemFailure(reason: SystemReason.last()) }
        if count == 0 { break }
        chunk.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      }
      sha256 = Data(hasher.finish())
    }
  }
}
