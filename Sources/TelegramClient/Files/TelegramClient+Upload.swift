import NIOCore
public import TL

extension TelegramClient {
  /// Sends the file at `path` to the account's data centre in parts, a few at a time; memory does not grow with its size.
  ///
  /// - Parameter name: the file's name as others see it.
  /// - Returns: what stands for the file in `messages.sendMedia`.
  ///
  /// Source: core.telegram.org/api/files, "Uploading files".
  public func upload(file path: String, name: String) async throws(TelegramError) -> API.AnyInputFile {
    try await upload(FileReader(path: path), name: name)
  }

  /// Sends what `source` holds; for the rest as `upload(file:name:)`.
  public func upload(_ source: some UploadSource, name: String) async throws(TelegramError) -> API.AnyInputFile {
    let plan = try UploadPlan(size: source.size)
    var random = environment.random
    let id = Int64.random(in: 1 ... .max, using: &random)
    let outcome = await withTaskGroup(of: Result<Int, TelegramError>.self) { group -> Result<Void, TelegramError> in
      defer { group.cancelAll() }
      var window = TransferWindow()
      var next = 0
      var running = 0
      while next < plan.partCount || running > 0 {
        while next < plan.partCount, running < window.size {
          if running == 0 { await files.take(plan.partSize) } else if await !files.takeIfFree(plan.partSize) { break }
          let part = next
          group.addTask { await self.send(part: part, of: plan, fileID: id, from: source) }
          next += 1
          running += 1
        }
        guard let result = await group.next() else { break }
        running -= 1
        await files.release(plan.partSize)
        switch result {
        case .success(let bytes): window.finished(bytes: bytes, at: .uptime)
        case .failure(let error):
          await files.release(running * plan.partSize)
          return .failure(error)
        }
      }
      return .success(())
    }
    try outcome.get()
    let parts = Int32(plan.partCount)
    return plan.isBig
      ? .inputFileBig(API.InputFileBig(id: id, parts: parts, name: name))
      : .inputFile(API.InputFile(id: id, parts: parts, name: name, md5Checksum: ""))
  }

  /// - Returns: the bytes that were sent.
  private func send(
    part: Int, of plan: UploadPlan, fileID: Int64, from source: some UploadSource
  ) async -> Result<Int, TelegramError> {
    let range = plan.range(ofPart: part)
    let number = Int32(part)
    do throws(TelegramError) {
      let bytes = try await source.read(count: range.count, at: range.lowerBound)
      let saved: Bool
      if plan.isBig {
        let call = API.UploadSaveBigFilePart(
          fileId: fileID, filePart: number, fileTotalParts: Int32(plan.partCount), bytes: bytes)
        saved = try await invoke(call, dc: nil, role: .files, timeout: .seconds(180), isBulk: true).response
      } else {
        let call = API.UploadSaveFilePart(fileId: fileID, filePart: number, bytes: bytes)
        saved = try await invoke(call, dc: nil, role: .files, timeout: .seconds(180), isBulk: true).response
      }
      guard saved else { throw .file("the server did not take part \(part) of the file") }
      return .success(range.count)
    } catch { return .failure(error) }
  }
}

/// How a file is cut into parts.
///
/// Source: core.telegram.org/api/files: parts divide 512 KiB, all but the last are of one size, at most 8000 for an
/// account with Premium and 4000 for others; files above 10 MB go by `upload.saveBigFilePart`.
struct UploadPlan: Sendable, Equatable {
  static let partLimit = 4000
  private static let bigFile: Int64 = 10 * 1024 * 1024

  let size: Int64
  let partSize: Int
  let partCount: Int

  init(size: Int64) throws(TelegramError) {
    guard size > 0 else { throw .file("an empty file cannot be sent") }
    self.size = size
    partSize = size <= Self.bigFile ? 128 * 1024 : 512 * 1024
    let count = (size + Int64(partSize) - 1) / Int64(partSize)
    guard count <= Self.partLimit else {
      throw .file("a file of \(size) bytes is larger than the \(Int64(Self.partLimit * 512 * 1024)) Telegram takes")
    }
    partCount = Int(count)
  }

  var isBig: Bool { size > Self.bigFile }

  func range(ofPart part: Int) -> Range<Int64> {
    let start = Int64(part) * Int64(partSize)
    return start..<min(start + Int64(partSize), size)
  }
}
