import Metrics
import NIOCore
public import TL

extension TelegramClient {
  /// Sends the file at `path` to the account's data centre in parts; memory does not grow with its size.
  ///
  /// - Parameter name: the file's name as others see it.
  /// - Returns: what stands for the file in `messages.sendMedia`.
  public func upload(file path: String, name: String) async throws(TelegramError) -> API.AnyInputFile {
    try await upload(FileReader(path: path), name: name)
  }

  /// Sends what `source` holds to the account's data centre, several parts side by side, over a connection of its own.
  ///
  /// - Parameter name: the file's name as others see it.
  /// - Returns: what stands for the file in `messages.sendMedia`.
  ///
  /// Source: core.telegram.org/api/files, "Uploading files".
  public func upload(_ source: some UploadSource, name: String) async throws(TelegramError) -> API.AnyInputFile {
    let plan = try UploadPlan(size: source.size, partLimit: configuration.uploadPartLimit)
    var random = environment.random
    let id = Int64.random(in: 1 ... .max, using: &random)
    var job = UploadJob(client: self, source: source, plan: plan, fileID: id)
    do throws(DownloadError) {
      try await transfers.run(&job)
    } catch {
      throw TelegramError(error)
    }
    let parts = Int32(plan.partCount)
    return plan.isBig
      ? .inputFileBig(API.InputFileBig(id: id, parts: parts, name: name))
      : .inputFile(API.InputFile(id: id, parts: parts, name: name, md5Checksum: ""))
  }
}

/// An upload as the transfer loop sees it.
struct UploadJob<Source: UploadSource>: TransferJob {
  private let client: TelegramClient
  private let source: Source
  private let plan: UploadPlan
  private let fileID: Int64
  private var next = 0
  private var again: Set<Int> = []
  private var done = 0

  init(client: TelegramClient, source: Source, plan: UploadPlan, fileID: Int64) {
    self.client = client
    self.source = source
    self.plan = plan
    self.fileID = fileID
  }

  var partSize: Int { plan.partSize }
  /// As the call that may have to be sent again, and encrypted on its way into the socket.
  var partCost: Int { 2 * plan.partSize }
  var isComplete: Bool { done == plan.partCount }
  var earlyParts: Int { 0 }
  var failedParts: Int { again.count }
  var hasNextPart: Bool { !again.isEmpty || next < plan.partCount }

  mutating func nextPart() -> Int? {
    if let first = again.min() {
      again.remove(first)
      return first
    }
    guard next < plan.partCount else { return nil }
    defer { next += 1 }
    return next
  }

  mutating func failed(_ part: Int) { again.insert(part) }

  func exchange(_ part: Int) -> Exchange {
    { [self] in
      do throws(TelegramError) {
        let options = TelegramClient.CallOptions(isBulk: true, purpose: .files, leavesPaceToCaller: true)
        let body = try await encoded(part)
        let saved =
          plan.isBig
          ? try await client.invoke(encoded: body, of: API.UploadSaveBigFilePart.self, options)
          : try await client.invoke(encoded: body, of: API.UploadSaveFilePart.self, options)
        guard saved else { throw .file("the server did not take part \(part) of the file") }
        return .success(())
      } catch {
        return .failure(DownloadError(error))
      }
    }
  }

  /// The call that sends a part.
  private func encoded(_ part: Int) async throws(TelegramError) -> ByteBuffer {
    let range = plan.range(ofPart: part)
    let bytes = try await source.read(count: range.count, at: range.lowerBound)
    return plan.isBig
      ? CallWrapping.encode(
        API.UploadSaveBigFilePart(
          fileId: fileID, filePart: Int32(part), fileTotalParts: Int32(plan.partCount), bytes: bytes))
      : CallWrapping.encode(API.UploadSaveFilePart(fileId: fileID, filePart: Int32(part), bytes: bytes))
  }

  mutating func received(_ answer: Void, for part: Int) async throws(DownloadError) -> Int {
    done += 1
    let count = plan.range(ofPart: part).count
    Counter(label: "tgl_media_bytes_total", dimensions: [("direction", "up")]).increment(by: count)
    return count
  }
}

/// How a file is cut into parts.
///
/// Source: core.telegram.org/api/files: parts divide 512 KiB, all but the last are of one size, at most 8000 for an
/// account with Premium and 4000 for others; files above 10 MB go by `upload.saveBigFilePart`.
struct UploadPlan: Sendable, Equatable {
  private static let bigFile: Int64 = 10 * 1024 * 1024
  private static let largestPart = 512 * 1024

  let size: Int64
  let partSize: Int
  let partCount: Int

  init(size: Int64, partLimit: Int = 4000) throws(TelegramError) {
    guard size > 0 else { throw .file("an empty file cannot be sent") }
    self.size = size
    partSize = size <= Self.bigFile ? 128 * 1024 : Self.largestPart
    let count = (size - 1) / Int64(partSize) + 1
    guard count <= partLimit else {
      let largest = Int64(partLimit) * Int64(Self.largestPart)
      throw .file("a file of \(size) bytes is larger than the \(largest) Telegram takes")
    }
    partCount = Int(count)
  }

  var isBig: Bool { size > Self.bigFile }

  func range(ofPart part: Int) -> Range<Int64> {
    let start = Int64(part) * Int64(partSize)
    return start..<min(start + Int64(partSize), size)
  }
}
