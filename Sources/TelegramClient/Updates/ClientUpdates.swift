public import NIOCore
public import TL

/// What reaches the update pump, in the order it happened.
public enum UpdatePayload: Sendable {
  /// An `Updates` from the server, pushed or as the answer to a call of our own.
  case updates(API.AnyUpdates)
  /// A pushed value that cannot be read as `Updates`; it must not be lost, but says nothing more.
  case undecodable(ByteBuffer, TLError)
  /// The connection stands, anew or for the first time: ask for the difference.
  case connected
  /// Updates may be missing here: ask for the difference.
  case gap
}

/// The updates of a client, for one consumer.
///
/// Taking them slowly is safe: the socket is read no further, or what does not fit is left out and a `gap` put in
/// its place.
public struct ClientUpdates: AsyncSequence, Sendable {
  let feed: UpdateFeed
  let peers: PeerBook

  public func makeAsyncIterator() -> Iterator { Iterator(feed: feed, peers: peers) }

  public struct Iterator: AsyncIteratorProtocol {
    let feed: UpdateFeed
    let peers: PeerBook

    /// Nil when the client has stopped or the task is cancelled.
    public mutating func next() async -> UpdatePayload? {
      switch await feed.next() {
      case nil: return nil
      case .connected: return .connected
      case .gap: return .gap
      case .answered(let updates): return .updates(updates)
      case .received(let bytes):
        let updates: API.AnyUpdates
        do throws(TLError) {
          updates = try API.AnyUpdates(decoding: bytes)
        } catch {
          return .undecodable(bytes, error)
        }
        await peers.harvest(updates)
        return .updates(updates)
      }
    }
  }
}
