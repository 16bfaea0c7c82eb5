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
    let reader = source
    let plan = try UploadPlan(size: reader.size)
    var random = environment.random
    let id = Int64.random(in: 1 ... .max, using: &random)
    let outcome = await withTaskGroup(of: Result<Void, TelegramError>.self) { group in
      var next = 0
      func addPart() {
        guard next < plan.partCount else { return }
        let part = next
        next += 1
        group.addTask {
          do throws(TelegramError) {
            try await self.send(part: part, of: plan, fileID: id, from: reader)
            return .success(())
          } catch { return .failure(error) }
        }
      }
      for _ in 0..<UploadPlan.parallelParts { addPart() }
      while let result = await group.next() {
        if case .failure = result {
          group.cancelAll()
          return result
        }
        addPart()
      }
      return .success(())
    }
    try outcome.get()
    let parts = Int32(plan.partCount)
    return plan.isBig
      ? .inputFileBig(API.InputFileBig(id: id, parts: parts, name: name))
      : .inputFile(API.InputFile(id: id, parts: parts, name: name, md5Checksum: ""))
  }

  private func send(
    part: Int, of plan: UploadPlan, fileID: Int64, from reader: some UploadSource
  ) async throws(TelegramError) {
    let range = plan.range(ofPart: part)
    let bytes = try await reader.read(count: range.count, at: range.lowerBound)
    let number = Int32(part)
    let saved =
      plan.isBig
      ? try await invoke(
        API.UploadSaveBigFilePart(
          fileId: fileID, filePart: number, fileTotalParts: Int32(plan.partCount), bytes: bytes), isBulk: true)
      : try await invoke(API.UploadSaveFilePart(fileId: fileID, filePart: number, bytes: bytes), isBulk: true)
    guard saved else { throw .file("the server did not take part \(part) of the file") }
  }
}

/// How a file is cut into parts.
///
/// Source: core.telegram.org/api/files: parts divide 512 KiB, all but the last are of one size, at most 8000 for an
/// account with Premium and 4000 for others; files above 10 MB go by `upload.saveBigFilePart`.
struct UploadPlan: Sendable, Equatable {
  static let partLimit = 4000
  static let parallelParts = 4
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
