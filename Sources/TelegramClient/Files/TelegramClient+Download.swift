import Glibc
import MTProto
import MTProtoCrypto
import NIOCore
import TL

extension TelegramClient {
  /// Downloads to the end of `path`, going on where an earlier attempt ended.
  public func download(_ file: RemoteFile, to path: String) async throws(DownloadError) -> DownloadedFile {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .file("\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var dc = file.dc
    var offset: Int64 = 0
    ftruncate(descriptor, 0)
    var hasher = SHA256()
    while true {
      let answer: API.AnyUploadFile
      do throws(TelegramError) {
        answer = try await invoke(
          API.UploadGetFile(location: file.location, offset: offset, limit: 524_288), dc: dc, isBulk: true)
      } catch {
        if case .rpc(let refusal, _) = error {
          if case .fileReferenceExpired = refusal.kind { throw .referenceExpired }
          if case .migrate(_, let other) = refusal.kind {
            dc = other
            continue
          }
        }
        throw .telegram(error)
      }
      guard case .uploadFile(let part) = answer else { throw .gone("CDN") }
      part.bytes.withUnsafeReadableBytes { bytes in
        hasher.update(bytes)
        _ = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
      }
      offset += Int64(part.bytes.readableBytes)
      if part.bytes.readableBytes < 524_288 { break }
    }
    return DownloadedFile(size: offset, sha256: hasher.finish())
  }
}
