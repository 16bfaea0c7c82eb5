import Foundation
import MTProtoCrypto
import NIOCore

/// The bytes of a file: in memory, on disk, or made up when somebody reads them.
///
/// Only what is small is held in memory, so that files of gigabytes cost none.
enum FileContent: Sendable {
  case memory(ByteBuffer)
  /// Parts of `partSize` bytes, each at the start of a slot of `slotSize` bytes; equal when the file has no gaps.
  case disk(OpenFile, size: Int64, partSize: Int64, slotSize: Int64)
  /// A keystream of AES-256 in counter mode, whose key is drawn from the seed.
  case generated(size: Int64, seed: UInt64)

  /// Files up to this size are held in memory.
  static let largestInMemory: Int64 = 10 << 20

  /// The file at `path` as it is now; one that is not held in memory must not change afterwards.
  static func file(at path: String) -> FileContent? {
    guard let file = OpenFile(reading: path), let size = file.size else { return nil }
    if size > largestInMemory { return .disk(file, size: size, partSize: 1 << 20, slotSize: 1 << 20) }
    return file.read(at: 0, length: Int(size)).map(FileContent.memory)
  }

  var size: Int64 {
    switch self {
    case .memory(let bytes): Int64(bytes.readableBytes)
    case .disk(_, let size, _, _), .generated(let size, _): size
    }
  }

  /// The bytes from `offset` on, `length` of them or what there is.
  func read(at offset: Int64, length: Int) throws(RPCFailure) -> ByteBuffer {
    let start = min(max(offset, 0), size)
    let end = start + min(Int64(max(length, 0)), size - start)
    switch self {
    case .memory(let bytes):
      return bytes.getSlice(at: bytes.readerIndex + Int(start), length: Int(end - start)) ?? ByteBuffer()
    case .disk(let file, _, let partSize, let slotSize):
      var result = ByteBuffer()
      var position = start
      while position < end {
        let inPart = position % partSize
        let count = min(end - position, partSize - inPart)
        guard var piece = file.read(at: position / partSize * slotSize + inPart, length: Int(count)) else {
          throw RPCFailure(500, "FILE_READ_FAILED")
        }
        result.writeBuffer(&piece)
        position += count
      }
      return result
    case .generated(_, let seed): return Self.keystream(seed, from: start, to: end)
    }
  }

  private static func keystream(_ seed: UInt64, from start: Int64, to end: Int64) -> ByteBuffer {
    var generator = SeededGenerator(seed: seed)
    let block = UInt64(start / 16).bigEndian
    let iv = [UInt8](repeating: 0, count: 8) + withUnsafeBytes(of: block, Array.init)
    // Key and counter have the lengths the cipher wants.
    guard let cipher = try? AESCTR(key: generator.bytes(32), iv: iv) else { return ByteBuffer() }
    let lead = Int(start % 16)
    var buffer = ByteBuffer(repeating: 0, count: lead + Int(end - start))
    buffer.withUnsafeMutableReadableBytes { cipher.apply($0) }
    buffer.moveReaderIndex(forwardBy: lead)
    return buffer
  }

  /// SHA-256 in hexadecimal, a stretch at a time.
  func sha256() throws(RPCFailure) -> String {
    var hasher = SHA256()
    var offset: Int64 = 0
    while offset < size {
      let piece = try read(at: offset, length: 1 << 20)
      piece.withUnsafeReadableBytes { hasher.update($0) }
      offset += Int64(piece.readableBytes)
    }
    return hasher.finish().hexadecimal
  }
}

extension [UInt8] {
  var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

/// A file by its descriptor, closed when nobody refers to it any more.
final class OpenFile: Sendable {
  private let descriptor: Int32

  init?(reading path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
  }

  /// A new file without a name in `folder`: it is gone when it is closed, however the process ends.
  init?(temporaryIn folder: String) {
    var template = Array("\(folder)/upload-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return nil }
    unlink(template)
  }

  deinit { close(descriptor) }

  /// Bytes; nil for what is no ordinary file.
  var size: Int64? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int64(status.st_size)
  }

  /// `length` bytes; nil when there are fewer, or the disk fails.
  func read(at offset: Int64, length: Int) -> ByteBuffer? {
    var buffer = ByteBufferAllocator().buffer(capacity: length)
    var isWhole = true
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { memory in
      var done = 0
      while done < length {
        let count = pread(descriptor, memory.baseAddress.map { $0 + done }, length - done, off_t(offset) + off_t(done))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        done += count
      }
      isWhole = done == length
      return done
    }
    return isWhole ? buffer : nil
  }

  /// - Returns: false when the disk does not take it.
  func write(_ bytes: ByteBuffer, at offset: Int64) -> Bool {
    bytes.withUnsafeReadableBytes { memory in
      var done = 0
      while done < memory.count {
        let count = pwrite(
          descriptor, memory.baseAddress.map { $0 + done }, memory.count - done, off_t(offset) + off_t(done))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }
}
