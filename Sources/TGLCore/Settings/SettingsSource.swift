import Foundation

/// The texts of all settings: flags, environment and env file, the earlier winning over the later.
public struct SettingsSource: Sendable {
  private let layers: [[String: String]]
  /// Relative paths in settings of the env file are relative to where the program runs, as with a shell.
  let problems: [SettingsError.Problem]
  /// Names in the env file that look like a setting written wrong.
  let warnings: [String]

  /// - Parameters:
  ///   - flags: values given on the command line, by setting name.
  ///   - environment: the process's.
  ///   - envFile: a file that must be there; nil for `.env` in the working directory, if there is one.
  public init(flags: [String: String] = [:], environment: [String: String], envFile: String? = nil) {
    var problems: [SettingsError.Problem] = []
    var warnings: [String] = []
    var fileValues: [String: String] = [:]
    let path = envFile ?? ".env"
    if envFile != nil || FileManager.default.fileExists(atPath: path) {
      do throws(TextFile.Failure) {
        let file = EnvFile(try TextFile.read(path))
        fileValues = file.values
        problems += file.problems.map { .init(subject: "\(path), line \($0.line)", reason: $0.reason) }
        warnings = Self.misspelled(file.values.keys, in: path)
      } catch {
        problems.append(.init(subject: path, reason: "\(error.reason); name another with --env-file"))
      }
    }
    layers = [flags, environment, fileValues]
    self.problems = problems
    self.warnings = warnings
  }

  /// The text of a setting; nil when it is not given, or given as nothing.
  func text(_ name: String) -> String? {
    for layer in layers {
      if let text = layer[name]?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty { return text }
    }
    return nil
  }

  /// Warns of names that are no setting but nearly one.
  private static func misspelled(_ names: some Collection<String>, in path: String) -> [String] {
    let known = SettingsCatalog.all.map(\.name) + SettingsCatalog.legacyNames.keys
    return names.sorted().compactMap { name in
      guard !known.contains(name), let near = known.min(by: { distance($0, name) < distance($1, name) }),
        distance(near, name) <= 2
      else { return nil }
      return "\(path): \(name) is no setting; did you mean \(near)?"
    }
  }

  /// Letters to insert, remove or change to get from one name to the other, up to 3.
  private static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.uppercased().utf8))
    guard abs(a.count - b.count) <= 2 else { return 3 }
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, right) in b.enumerated() {
        (diagonal, row[j + 1]) = (row[j + 1], min(diagonal + (left == right ? 0 : 1), row[j] + 1, row[j + 1] + 1))
      }
    }
    return row[b.count]
  }
}
