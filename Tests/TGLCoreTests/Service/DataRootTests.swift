import Foundation
import Testing

@testable import TGLCore

@Suite struct DataRootTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func whatIsMissingIsMadeForItsOwnerOnly() throws {
    let root = try DataRoot(path: "\(folder.path)/a/data")
    for path in [root.path, "\(root.path)/db", root.mediaBuffer, root.deletedMedia] {
      #expect(try TemporaryFolder.mode(path) == 0o700, "\(path)")
    }
    _ = try InstanceLock(root)
    #expect(try TemporaryFolder.mode(root.lockFile) == 0o600)
  }

  @Test func whatIsThereIsLeftAsItIs() throws {
    let path = "\(folder.path)/data"
    try FileManager.default.createDirectory(atPath: "\(path)/db", withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: path)
    _ = try folder.file("data/db/messages.db", "kept")
    let root = try DataRoot(path: path)
    #expect(try TemporaryFolder.mode(path) == 0o750)
    #expect(try String(contentsOfFile: root.archiveFile, encoding: .utf8) == "kept")
  }

  @Test func aFileInTheWayIsToldByName() throws {
    let path = try folder.file("data", "a file")
    let error = #expect(throws: DataRootError.self) { try DataRoot(path: path) }
    #expect(error?.description.contains(path) == true)
    #expect(error?.description.hasPrefix("DATA_ROOT: ") == true)
  }

  @Test func oneAtATimeHoldsADirectory() throws {
    let root = try DataRoot(path: folder.path)
    var first: InstanceLock? = try InstanceLock(root)
    let error = #expect(throws: DataRootError.self) { try InstanceLock(root) }
    guard case .inUse(let path, let pid)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(path == root.path && pid == getpid())
    #expect(error?.description.contains("process \(getpid())") == true)
    withExtendedLifetime(first) {}
    first = nil
    _ = try InstanceLock(root)
  }

  @Test func aLockFileLeftByAProcessThatDiedHoldsNobodyUp() throws {
    let root = try DataRoot(path: folder.path)
    _ = try folder.file("tgl.lock", "999999999\n")
    _ = try InstanceLock(root)
    #expect(try String(contentsOfFile: root.lockFile, encoding: .utf8) == "\(getpid())\n")
  }
}
