import Foundation
import GRDB
import TGLCore

/// The directory an archive is in, and the images of it that a crash or a power cut leaves.
struct Disk {
  let root: String
  private var count = 0
  private(set) var current: String

  static let file = "messages.db"

  init(root: String) throws {
    self.root = root
    current = root + "/0"
    try FileManager.default.createDirectory(atPath: current, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: try Self.template.get(), toPath: current + "/" + Self.file)
  }

  var path: String { current + "/" + Self.file }

  mutating func newDirectory() throws -> String {
    count += 1
    let path = "\(root)/\(count)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// Goes on with an image; what was there before stays for tasks that have not noticed yet that they are dead.
  mutating func become(_ image: String) { current = image }

  func remove() { try? FileManager.default.removeItem(atPath: root) }

  /// Copies what is on disk now: database and log, as a process that is gone leaves them.
  static func copy(from source: String, to target: String) throws {
    for name in [file, file + "-wal"] {
      let path = source + "/" + name
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      try data.write(to: URL(fileURLWithPath: target + "/" + name))
    }
  }

  /// Memory, where there is some to write to.
  static let base: String = {
    let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : NSTemporaryDirectory()
    let path = folder + "tgl-simulation-\(getpid())"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: Disk.base) }
    return path
  }()

  /// An archive nothing has been written to yet: made once, since that takes longer than many a run.
  private static let template = Result<String, any Error> {
    let folder = base + "/template"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Archive.open(at: folder + "/" + file).close()
    return folder + "/" + file
  }
}

/// Watches the transactions of an archive, and lets the process end inside one or right behind it.
///
/// Unchecked: transactions are made on the loop's thread (`DiskTurns`).
final class CommitWatch: TransactionObserver, @unchecked Sendable {
  enum Moment { case inside, behind }
  struct Ended: Error {}

  private struct State {
    var armed: (moment: Moment, image: String)?
    var keepsImageAt: String?
    /// Whether there is an image and the power may still take what came behind it.
    var hasImage = false
    var hasEnded = false
  }

  private let directory: String
  private var state = State()
  /// Called when it has.
  var ended: () -> Void = {}

  init(directory: String) { self.directory = directory }

  /// The next transaction is the last: the disk's image at that moment goes to `image`.
  func arm(_ moment: Moment, image: String) { state.armed = (moment, image) }
  /// Keeps an image of the disk behind the next commit.
  func keepImage(at image: String) {
    state.keepsImageAt = image
    state.hasImage = false
  }
  var hasImage: Bool { state.hasImage }
  func disarm() { state.armed = nil }

  func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
  func databaseDidChange(with event: DatabaseEvent) {}

  func databaseWillCommit() throws {
    guard let armed = state.armed, armed.moment == .inside, !state.hasEnded else { return }
    try Disk.copy(from: directory, to: armed.image)
    end()
    throw Ended()
  }

  func databaseDidCommit(_ db: Database) {
    // What is synced with the disk, and all before it, no power cut takes.
    if state.hasImage, (try? Int.fetchOne(db, sql: "PRAGMA synchronous")) == 2 { state.hasImage = false }
    if let image = state.keepsImageAt {
      state.keepsImageAt = nil
      state.hasImage = true
      try? Disk.copy(from: directory, to: image)
    }
    guard let armed = state.armed, armed.moment == .behind, !state.hasEnded else { return }
    try? Disk.copy(from: directory, to: armed.image)
    end()
  }

  func databaseDidRollback(_ db: Database) {}

  private func end() {
    state.hasEnded = true
    ended()
  }
}
