/// Bytes that all transfers of a client may have in memory together; those who want more wait in line.
actor TransferBudget {
  private var free: Int
  private var waiting: [(bytes: Int, continuation: CheckedContinuation<Void, Never>)] = []

  init(bytes: Int) { free = bytes }

  /// Waits until there is room, and takes it; `release` gives it back.
  func take(_ bytes: Int) async {
    if waiting.isEmpty, free >= bytes {
      free -= bytes
      return
    }
    await withCheckedContinuation { waiting.append((bytes, $0)) }
  }

  /// Takes room only when there is some and nobody waits for it.
  func takeIfFree(_ bytes: Int) -> Bool {
    guard waiting.isEmpty, free >= bytes else { return false }
    free -= bytes
    return true
  }

  func release(_ bytes: Int) {
    free += bytes
    while let next = waiting.first, free >= next.bytes {
      free -= next.bytes
      waiting.removeFirst()
      next.continuation.resume()
    }
  }
}
