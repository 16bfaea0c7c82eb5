import Foundation
import Synchronization

/// `tgl decrypt`: opens files and whole directories.
public struct Decryption: Sendable {
  /// What becomes of a file.
  public enum Outcome: Sendable {
    /// `key` is the place of the key that fitted.
    case decrypted(bytes: Int64, key: Int)
    /// There is something of the output's name, which was left alone.
    case exists
    case failed(DecryptionFailure)
  }

  /// Counts what is under way, for whoever shows it.
  public final class Progress: Sendable {
    private let counted = Atomic<Int64>(0)

    public init() {}

    /// Bytes of ciphertext read so far.
    public var bytes: Int64 { counted.load(ordering: .relaxed) }

    func add(_ bytes: Int) { counted.add(Int64(bytes), ordering: .relaxed) }
  }

  private let keys: [Secret<[UInt8]>]
  private let replacing: Bool
  private let progress: Progress?

  /// - Parameters:
  ///   - keys: of 32 bytes; for each file the one that fits is used.
  ///   - replacing: whether existing outputs are written again.
  public init(keys: [Secret<[UInt8]>], replacing: Bool, progress: Progress? = nil) {
    self.keys = keys
    self.replacing = replacing
    self.progress = progress
  }

  /// Decrypts what was planned, `jobs` files at a time; what fails holds up nothing else.
  ///
  /// - Parameter report: gets each file's outcome, in the order in which they end.
  /// - Throws: `CancellationError`.
  public func run(
    _ plan: DecryptionPlan, jobs: Int, report: (DecryptionPlan.Item, Outcome) throws -> Void
  ) async throws {
    for (item, failure) in plan.failures { try report(item, .failed(failure)) }
    try await withThrowingTaskGroup(of: (DecryptionPlan.Item, Outcome).self) { group in
      var rest = plan.items[...]
      // What fitted last fits next, most of the time.
      var preferred = 0
      func addNext() {
        guard let item = rest.popFirst() else { return }
        group.addTask { [preferred] in try await (item, decrypt(item, preferred: preferred)) }
      }
      for _ in 0..<max(jobs, 1) { addNext() }
      while let (item, outcome) = try await group.next() {
        if case .decrypted(_, let key) = outcome { preferred = key }
        try report(item, outcome)
        addNext()
      }
    }
  }

  private func decrypt(_ item: DecryptionPlan.Item, preferred: Int) async throws -> Outcome {
    try Task.checkCancellation()
    let order = [preferred] + keys.indices.filter { $0 != preferred }
    do throws(EncryptedFileError) {
      if case .path(let path) = item.output { try Self.makeFolder(of: path) }
      let opened = try await EncryptedFile.open(
        item.input, to: item.output, keys: order.map { keys[$0] }, replacing: replacing, progress: progress)
      return .decrypted(bytes: opened.size, key: order[opened.key])
    } catch {
      switch error {
      case .cancelled: throw CancellationError()
      case .outputExists: return .exists
      default: return .failed(.file(error))
      }
    }
  }

  private static func makeFolder(of path: String) throws(EncryptedFileError) {
    let folder = (path as NSString).deletingLastPathComponent
    if folder.isEmpty || FileManager.default.fileExists(atPath: folder) { return }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .system(path: folder, operation: "make the folder", reason: DataRoot.reason(error))
    }
  }
}

/// Why a file was not decrypted.
public enum DecryptionFailure: Error, Sendable, CustomStringConvertible {
  case file(EncryptedFileError)
  /// The name does not end in `.enc`, so that it says no name for the output.
  case noOutputName(path: String)
  /// Another input has the same output.
  case sameOutput(path: String, output: String)

  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .noOutputName(let path): "\(path): does not end in \(EncryptedFile.suffix); name the output with --out"
    case .sameOutput(let path, let output): "\(path): another file is decrypted to \(output) already"
    }
  }

  /// One word for programs.
  public var reason: String {
    switch self {
    case .noOutputName: "no_output_name"
    case .sameOutput: "same_output"
    case .file(let error):
      switch error {
      case .truncated: "truncated"
      case .damaged: "damaged"
      case .wrongKey: "wrong_key"
      case .notAuthentic: "wrong_key_or_damaged"
      case .tooLarge: "too_large"
      case .outputExists: "exists"
      case .changed: "changed"
      case .system(_, "open", _): "no_input"
      case .system, .cancelled: "system"
      }
    }
  }

  /// Whether the fault lies in the file's contents or the key.
  public var isBadData: Bool {
    if case .file(let error) = self {
      switch error {
      case .truncated, .damaged, .wrongKey, .notAuthentic, .tooLarge: return true
      case .outputExists, .changed, .system, .cancelled: return false
      }
    }
    return false
  }
}
