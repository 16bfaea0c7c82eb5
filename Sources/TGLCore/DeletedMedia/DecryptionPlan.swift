import Foundation

/// Which files are decrypted, and to where.
public struct DecryptionPlan: Sendable {
  public struct Item: Sendable {
    public let input: String
    public let output: EncryptedFile.Output
    /// Of the encrypted file, in bytes.
    public let size: Int64
  }

  public enum Destination: Sendable {
    /// Each file beside its input, without the suffix.
    case beside
    /// Files by their names, what is in directories in the same tree.
    case folder(String)
    /// The one file that is given.
    case file(String)
    case descriptor(CInt, name: String)
  }

  public private(set) var items: [Item] = []
  /// What can be told before anything is read.
  public private(set) var failures: [(item: Item, failure: DecryptionFailure)] = []
  /// Subdirectories that were not looked into.
  public private(set) var skippedFolders = 0
  private let destination: Destination
  private var outputs: Set<String> = []

  /// - Parameters:
  ///   - paths: encrypted files, and directories in which the files that end in `.enc` are meant.
  ///   - isRecursive: whether subdirectories of these are meant too. Links to directories are not followed.
  public init(paths: [String], destination: Destination, isRecursive: Bool) {
    self.destination = destination
    for path in paths {
      let status = FileStatus(path)
      if status?.isFolder == true {
        addFolder(path, relative: "", isRecursive)
      } else {
        add(path, relative: (path as NSString).lastPathComponent, size: status?.size ?? 0)
      }
    }
  }

  /// Of all items, in bytes.
  public var totalSize: Int64 { items.reduce(0) { $0 + $1.size } }

  private mutating func addFolder(_ path: String, relative: String, _ isRecursive: Bool) {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: path).sorted() } catch {
      let item = Item(input: path, output: .path(path), size: 0)
      let reason = DataRoot.reason(error)
      failures.append((item, .file(.system(path: path, operation: "list the folder", reason: reason))))
      return
    }
    for name in names {
      let child = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      let place = relative.isEmpty ? name : "\(relative)/\(name)"
      guard let status = FileStatus(child, followingLinks: false) else { continue }
      if status.isFolder {
        if isRecursive { addFolder(child, relative: place, isRecursive) } else { skippedFolders += 1 }
      } else if name.hasSuffix(EncryptedFile.suffix), let file = FileStatus(child), file.isRegular {
        add(child, relative: place, size: file.size)
      }
    }
  }

  private mutating func add(_ input: String, relative: String, size: Int64) {
    func fail(_ failure: DecryptionFailure) {
      failures.append((Item(input: input, output: .path(input), size: size), failure))
    }
    let output: String
    switch destination {
    case .file(let path): output = path
    case .descriptor(let descriptor, let name):
      items.append(Item(input: input, output: .descriptor(descriptor, name: name), size: size))
      return
    case .beside, .folder:
      let name = (relative as NSString).lastPathComponent
      guard name.hasSuffix(EncryptedFile.suffix), name.count > EncryptedFile.suffix.count else {
        return fail(.noOutputName(path: input))
      }
      if case .folder(let folder) = destination {
        output = "\(folder)/\(relative.dropLast(EncryptedFile.suffix.count))"
      } else {
        output = String(input.dropLast(EncryptedFile.suffix.count))
      }
    }
    guard outputs.insert((output as NSString).standardizingPath).inserted else {
      return fail(.sameOutput(path: input, output: output))
    }
    items.append(Item(input: input, output: .path(output), size: size))
  }
}
