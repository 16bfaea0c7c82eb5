import CLinux

/// Has the disk begin with what is written to a file while more of it comes, so that there is less to wait for at its end.
///
/// The kernel by itself keeps gigabytes back for half a minute.
public struct WriteBehind: Sendable {
  /// How much is written before it is sent on its way, in bytes.
  private static let stretch: Int64 = 8 << 20
  private var started: Int64 = 0

  /// - Parameter length: what is written of the file already, all of it on its way.
  public init(from length: Int64 = 0) { started = length }

  /// Says how far the file is written by now.
  ///
  /// Only a beginning: what does not work here shows when the file is flushed.
  public mutating func wrote(upTo length: Int64, to descriptor: CInt) {
    guard length - started >= Self.stretch else { return }
    clinux_start_writing(descriptor, started, length - started)
    started = length
  }
}
