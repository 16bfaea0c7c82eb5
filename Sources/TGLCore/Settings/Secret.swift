/// A value that never shows itself: not in a log, an error, a dump or a debugger's summary.
public struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// The value itself; ask for it only where it is used.
  public let exposed: Value

  public init(_ value: Value) { exposed = value }

  public var description: String { "<secret>" }
  public var debugDescription: String { "<secret>" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Equatable where Value: Equatable {}
