/// Everything that is wrong with the settings, so that it can be mended in one go.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
  public struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// The setting, or the file.
    public let subject: String
    /// What is wrong and what is accepted.
    public let reason: String

    /// One line, whatever the value of the setting holds.
    public var description: String { "\(subject): \(reason)".escapingControls() }
  }

  public let problems: [Problem]

  /// A line a problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
