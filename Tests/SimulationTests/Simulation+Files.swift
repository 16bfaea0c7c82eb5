import Foundation
import MTProto
import MTProtoCrypto
import NIOCore
import TL
import TelegramClient

@testable import TGLCore

/// Telegram, as the media vault sees it.
struct SimulatedFiles: MediaSource {
  let process: Process

  private var world: Simulation { process.world }

  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    try await SimulatedMessages(process: process).messages(ids, in: scope)
  }

  func download(_ file: RemoteFile, to path: String) async throws(DownloadError) -> DownloadedFile {
    let world = world
    guard case .inputDocumentFileLocation(let location) = file.location else { throw .gone("no document") }
    let reference = location.fileReference.getInteger(at: 0, as: Int64.self)
    let truth: TrueFile?
    do throws(TelegramError) {
      truth = try await SimulatedSource(process: process).call(API.UploadGetFile.name) { world in
        (world.server.files[location.id], {})
      }
    } catch { throw .telegram(error) }
    guard reference == world.server.fileReference else { throw .referenceExpired }
    guard let truth, truth.fate != .gone else { throw .gone("FILE_ID_INVALID") }
    guard truth.fate == .fine else { throw .telegram(.rpc(RPCError(code: 500, message: "INTERNAL"), method: "file")) }
    let bytes = truth.bytes
    do {
      // Cut off in the middle, now and then.
      let isCut = world.roll(world.plan.callFails / 2)
      try Data(isCut ? bytes.prefix(bytes.count / 2) : bytes[...]).write(to: URL(fileURLWithPath: path))
      let now = Date(timeIntervalSince1970: TimeInterval(world.wallTime.components.seconds))
      try FileManager.default.setAttributes([.modificationDate: now], ofItemAtPath: path)
      if isCut { throw DownloadError.telegram(.timeout(method: API.UploadGetFile.name)) }
    } catch let error as DownloadError { throw error } catch { throw .file("\(error)") }
    world.trace("file \(truth.id)")
    return DownloadedFile(size: Int64(bytes.count), sha256: Array(SHA256.hash(bytes)))
  }
}
