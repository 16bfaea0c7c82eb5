import Foundation
import MTProtoCrypto
import NIOCore
import NIOPosix
import TL
import TestSupport

@testable import TelegramClient

/// A file as a server keeps it.
struct ScriptedFile: Sendable {
  let content: [UInt8]

  init(size: Int, seed: UInt64 = 1) {
    var random = SeededGenerator(seed: seed &+ UInt64(size))
    content = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      var offset = 0
      while offset < size {
        withUnsafeBytes(of: random.next()) { word in
          bytes[offset..<min(offset + 8, size)].copyBytes(from: word.prefix(size - offset))
        }
        offset += 8
      }
      count = size
    }
  }

  var sha256: [UInt8] { SHA256.hash(content) }

  func slice(_ offset: Int64, _ limit: Int32) -> ByteBuffer {
    let start = min(Int(offset), content.count)
    return ByteBuffer(bytes: content[start..<min(start + Int(limit), content.count)])
  }

  func answer(_ call: GetFileCall) -> API.AnyUploadFile {
    let type = API.AnyStorageFileType.storageFileUnknown(API.StorageFileUnknown())
    return .uploadFile(API.UploadFile(type: type, mtime: 0, bytes: slice(call.offset, call.limit)))
  }

  /// Hashes of pieces of 128 KiB, as Telegram's are.
  func hashes(_ range: Range<Int>) -> [API.FileHash] {
    stride(from: range.lowerBound, to: min(range.upperBound, content.count), by: 131_072).map { start in
      let piece = Array(content[start..<min(start + 131_072, content.count)])
      return API.FileHash(
        offset: Int64(start), limit: Int32(piece.count), hash: ByteBuffer(bytes: SHA256.hash(piece)))
    }
  }

  static func document(size: Int, dc: Int = 2, reference: [UInt8] = [1]) -> RemoteFile {
    let location = API.InputDocumentFileLocation(
      id: 7, accessHash: 8, fileReference: ByteBuffer(bytes: reference), thumbSize: "")
    return RemoteFile(location: .inputDocumentFileLocation(location), dc: dc, size: Int64(size))
  }
}

/// `upload.getFile` as the server reads it.
struct GetFileCall: Sendable {
  let acceptsCDN: Bool
  let reference: [UInt8]
  let offset: Int64
  let limit: Int32

  init?(_ call: ReceivedCall) {
    var reader = TLReader(call.body)
    guard call.constructor == API.UploadGetFile.constructor, (try? reader.readInt()) != nil,
      let flags = try? reader.readInt(), let location = try? API.AnyInputFileLocation(from: &reader),
      case .inputDocumentFileLocation(let document) = location,
      let offset = try? reader.readLong(), let limit = try? reader.readInt()
    else { return nil }
    acceptsCDN = flags & 2 != 0
    reference = Array(document.fileReference.readableBytesView)
    self.offset = offset
    self.limit = limit
  }

  /// What core.telegram.org/api/files demands of a part.
  var keepsTheRules: Bool {
    let end = offset + Int64(limit) - 1
    return offset % 4096 == 0 && limit % 4096 == 0 && limit > 0 && 1_048_576 % limit == 0
      && offset / 1_048_576 == end / 1_048_576
  }
}

extension LoopbackServer {
  /// A server that answers `upload.getFile` as the test says and everything else as it must.
  static func keepingFiles(
    _ respond: @escaping @Sendable (GetFileCall, LoopbackServer) -> Answer
  ) async throws -> LoopbackServer {
    try await start(group: MultiThreadedEventLoopGroup.singleton) { call, server in
      if let call = GetFileCall(call) { return respond(call, server) }
      return call.constructor == API.HelpGetConfig.constructor
        ? .value(config([2: server.port], thisDC: 2)) : .nothing
    }
  }

  /// Every `upload.getFile` so far.
  var fileCalls: [GetFileCall] { calls.compactMap(GetFileCall.init) }
}

/// Nothing where there is no file.
func contents(of path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map(Array.init) ?? [] }

/// A path nothing is at, in a directory that goes away with the test.
func withTemporaryPath<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("download-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try await body(directory.appendingPathComponent("file.part").path)
}
