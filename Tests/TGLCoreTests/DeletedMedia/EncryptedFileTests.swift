import Foundation
import NIOCore
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

@Suite struct EncryptedFileTests {
  private let folder: TemporaryFolder
  private let key = Secret([UInt8](repeating: 7, count: 32))
  private let otherKey = Secret([UInt8](repeating: 8, count: 32))

  init() throws { folder = try TemporaryFolder() }

  private func path(_ name: String) -> String { "\(folder.path)/\(name)" }
  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

  private func sealed(_ name: String, _ plain: [UInt8], key: Secret<[UInt8]>? = nil) async throws -> String {
    let source = try folder.file("source", Data(plain))
    try await EncryptedFile.seal(.path(source), to: path(name), key: key ?? self.key)
    try FileManager.default.removeItem(atPath: source)
    return path(name)
  }

  private func change(_ path: String, _ body: (inout Data) -> Void) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    body(&data)
    try data.write(to: URL(fileURLWithPath: path))
  }

  private static let sizes = [
    0, 1, 15, 16, 17, 31, Chunk.size - 1, Chunk.size, Chunk.size + 1, 3 * Chunk.size + 12_345,
  ]

  @Test(arguments: sizes)
  func whatIsSealedOpensAgain(size: Int) async throws {
    var random = SeededGenerator(seed: UInt64(size))
    let plain = random.bytes(size)
    let source = try folder.file("a", Data(plain))
    let modified = Date(timeIntervalSince1970: 1_234_567_890)
    try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: source)
    #expect(try await EncryptedFile.seal(.path(source), to: path("a.enc"), key: key) == size)
    #expect(try bytes("a.enc").count == size + EncryptedFile.overhead)
    let opened = try await EncryptedFile.open(path("a.enc"), to: .path(path("b")), keys: [key])
    #expect(opened == (0, Int64(size)))
    #expect(try bytes("b") == Data(plain))
    for name in ["a.enc", "b"] {
      #expect(try TemporaryFolder.mode(path(name)) == 0o600)
      #expect(try FileManager.default.attributesOfItem(atPath: path(name))[.modificationDate] as? Date == modified)
    }
    #expect(try names() == ["a", "a.enc", "b"])
  }

  /// Test case 15 of McGrew and Viega, "The Galois/Counter Mode of Operation".
  @Test func opensWhatOthersSealed() async throws {
    func hex(_ text: String) -> [UInt8] {
      let digits = text.compactMap(\.hexDigitValue)
      return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
    let published = hex(
      """
      cafebabefacedbaddecaf888\
      522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838\
      c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c
      """)
    let sealed = try folder.file("a.enc", Data(published))
    let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    try await EncryptedFile.open(sealed, to: .path(path("a")), keys: [Secret(key)])
    #expect(try bytes("a").prefix(8) == Data([0xD9, 0x31, 0x32, 0x25, 0xF8, 0x84, 0x06, 0xE5]))
    #expect(try bytes("a").count == 64)
  }

  @Test func everySealIsAnother() async throws {
    let first = try await sealed("a.enc", [1, 2, 3])
    let second = try await sealed("b.enc", [1, 2, 3])
    #expect(try Data(contentsOf: URL(fileURLWithPath: first)) != Data(contentsOf: URL(fileURLWithPath: second)))
  }

  @Test func whatIsThereIsReplacedOnlyWhenAsked() async throws {
    let sealed = try await sealed("a.enc", [1, 2, 3])
    let output = try folder.file("a", "mine")
    await #expect(throws: EncryptedFileError.outputExists(path: output)) {
      try await EncryptedFile.open(sealed, to: .path(output), keys: [key])
    }
    #expect(try bytes("a") == Data("mine".utf8))
    try await EncryptedFile.open(sealed, to: .path(output), keys: [key], replacing: true)
    #expect(try bytes("a") == Data([1, 2, 3]))
    await #expect(throws: EncryptedFileError.outputExists(path: sealed)) {
      try await EncryptedFile.seal(.path(output), to: sealed, key: key)
    }
    #expect(try names() == ["a", "a.enc"])
  }

  @Test func aNameTakenInTheMeantimeIsNotReplaced() throws {
    #expect(throws: EncryptedFileError.outputExists(path: path("a"))) {
      let file = try AtomicFile(path: path("a"))
      _ = try folder.file("a", "mine")
      try file.commit(replacing: false)
    }
    #expect(try bytes("a") == Data("mine".utf8))
    #expect(try names() == ["a"])
  }

  @Test func aLinkThatLeadsNowhereTakesTheNameToo() async throws {
    let sealed = try await sealed("a.enc", [1])
    try FileManager.default.createSymbolicLink(atPath: path("a"), withDestinationPath: path("elsewhere"))
    await #expect(throws: EncryptedFileError.outputExists(path: path("a"))) {
      try await EncryptedFile.open(sealed, to: .path(path("a")), keys: [key])
    }
    #expect(try names() == ["a", "a.enc"])
  }

  struct Fault: Sendable {
    var name: String
    var file = "photo.jpg.enc"
    var plain: [UInt8] = Array([0xFF, 0xD8, 0xFF, 0xE0] + Array(repeating: 5, count: 400_000))
    var change: @Sendable (inout Data) -> Void = { _ in }
    var isOtherKey = false
    var expected: @Sendable (String) -> EncryptedFileError
  }

  static let faults = [
    Fault(name: "too short", change: { $0 = $0.prefix(27) }) { .truncated(path: $0, size: 27) },
    Fault(name: "empty", change: { $0 = Data() }) { .truncated(path: $0, size: 0) },
    Fault(name: "cut", change: { $0 = $0.prefix(300_000) }) { .damaged(path: $0) },
    Fault(name: "altered behind", change: { $0[390_000] ^= 1 }) { .damaged(path: $0) },
    Fault(name: "altered tag", change: { $0[$0.count - 1] ^= 1 }) { .damaged(path: $0) },
    Fault(name: "longer", change: { $0.append(0) }) { .damaged(path: $0) },
    Fault(name: "another key", isOtherKey: true) { .wrongKey(path: $0) },
    Fault(name: "unknown contents", file: "file.bin.enc", plain: Array(0..<200), change: { $0[50] ^= 1 }) {
      .notAuthentic(path: $0)
    },
    Fault(name: "unknown contents, another key", file: "x", plain: Array(0..<200), isOtherKey: true) {
      .notAuthentic(path: $0)
    },
  ]

  @Test(arguments: faults.indices)
  func whatIsWrongIsTold(index: Int) async throws {
    let fault = Self.faults[index]
    let sealed = try await sealed(fault.file, fault.plain, key: fault.isOtherKey ? otherKey : key)
    try change(sealed, fault.change)
    await #expect(throws: fault.expected(sealed), "\(fault.name)") {
      try await EncryptedFile.open(sealed, to: .path(path("out")), keys: [key])
    }
    await #expect(throws: fault.expected(sealed)) { try await EncryptedFileReader.open(sealed, keys: [key]) }
    #expect(try names() == [fault.file], "nothing of a file that is not authentic may stay")
  }

  @Test(arguments: [[0], [0, 1], [1, 0], [1, 1, 0]])
  func theKeyThatFitsIsUsed(order: [Int]) async throws {
    let sealed = try await sealed("a.enc", Array(0..<100))
    let keys = order.map { [key, otherKey][$0] }
    let opened = try await EncryptedFile.open(sealed, to: .path(path("a")), keys: keys)
    #expect(order[opened.key] == 0)
    #expect(try bytes("a") == Data(0..<100))
  }

  @Test func moreThanTheCipherCanTakeIsRefused() async throws {
    func sparse(_ name: String, _ size: Int64) throws -> String {
      let file = try folder.file(name, "")
      #expect(truncate(file, off_t(size)) == 0)
      return file
    }
    let limit: Int64 = (1 << 36) - 32
    let plain = try sparse("plain", limit + 1)
    await #expect(throws: EncryptedFileError.tooLarge(path: plain, size: limit + 1)) {
      try await EncryptedFile.seal(.path(plain), to: path("plain.enc"), key: key)
    }
    let sealed = try sparse("a.enc", limit + 1 + Int64(EncryptedFile.overhead))
    await #expect(throws: EncryptedFileError.tooLarge(path: sealed, size: limit + 1)) {
      try await EncryptedFile.open(sealed, to: .path(path("a")), keys: [key])
    }
    #expect(try names() == ["a.enc", "plain"])
  }

  @Test func onlyRegularFilesAreRead() async throws {
    #expect(mkfifo(path("pipe"), 0o600) == 0)
    for name in ["pipe", ".", "missing"] {
      await #expect(throws: EncryptedFileError.self) {
        try await EncryptedFile.seal(.path(path(name)), to: path("a.enc"), key: key)
      }
    }
    #expect(try names() == ["pipe"])
  }

  @Test func aDescriptorIsReadFromItsBeginning() async throws {
    let source = try folder.file("source", Data(0..<100))
    let handle = try #require(FileHandle(forReadingAtPath: source))
    try handle.seek(toOffset: 50)
    let size = try await EncryptedFile.seal(
      .descriptor(handle.fileDescriptor, name: "source"), to: path("a.enc"), key: key)
    try await EncryptedFile.open(path("a.enc"), to: .path(path("a")), keys: [key])
    #expect(try size == 100 && bytes("a") == Data(0..<100))
  }

  @Test func aDescriptorGetsNothingThatWasNotVerified() async throws {
    let plain = Array("text that is long enough to be known as text".utf8)
    let sealed = try await sealed("a.txt.enc", plain)
    let output = try folder.file("out", "")
    let handle = try #require(FileHandle(forWritingAtPath: output))
    try await EncryptedFile.open(sealed, to: .descriptor(handle.fileDescriptor, name: "out"), keys: [otherKey, key])
    #expect(try bytes("out") == Data(plain))
    try change(sealed) { $0[20] ^= 1 }
    await #expect(throws: EncryptedFileError.damaged(path: sealed)) {
      try await EncryptedFile.open(sealed, to: .descriptor(handle.fileDescriptor, name: "out"), keys: [key])
    }
    #expect(try bytes("out") == Data(plain))
  }

  @Test func aCancelledTaskLeavesNothing() async throws {
    let source = try folder.file("source", "")
    #expect(truncate(source, 1 << 30) == 0)
    let (key, output) = (key, path("a.enc"))
    let task = Task { () -> EncryptedFileError? in
      do throws(EncryptedFileError) {
        try await EncryptedFile.seal(.path(source), to: output, key: key)
        return nil
      } catch { return error }
    }
    while try names() == ["source"] { await Task.yield() }
    task.cancel()
    #expect(await task.value == .cancelled)
    #expect(try names() == ["source"])
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func theReaderShowsThePlaintextAtAnyPlace(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let plain = random.bytes(Int.random(in: 1...300_000, using: &random))
    let reader = try await EncryptedFileReader.open(try await sealed("a.enc", plain), keys: [otherKey, key])
    #expect(reader.size == plain.count)
    for _ in 0..<20 {
      let start = Int.random(in: 0...plain.count, using: &random)
      let count = Int.random(in: 0...plain.count - start, using: &random)
      let read = try await reader.read(count: count, at: Int64(start))
      #expect(Array(read.readableBytesView) == Array(plain[start..<start + count]))
    }
  }

  @Test func theReaderRefusesWhatIsNotThere() async throws {
    let sealed = try await sealed("a.enc", Array(0..<100))
    let reader = try await EncryptedFileReader.open(sealed, keys: [key])
    for (count, offset) in [(1, 100), (101, 0), (-1, 0), (1, -1), (1, .max), (.max, 1)] as [(Int, Int64)] {
      await #expect(throws: TelegramError.self) { try await reader.read(count: count, at: offset) }
    }
    #expect(try await reader.read(count: 0, at: 100).readableBytes == 0)
    for size in [200, 20] as [off_t] {
      #expect(truncate(sealed, size) == 0)
      await #expect(throws: TelegramError.self) { try await reader.read(count: 1, at: 0) }
    }
  }
}
