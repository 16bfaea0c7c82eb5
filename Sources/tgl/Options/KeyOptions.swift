import ArgumentParser
import TGLCore

/// Where the keys of recovered media come from.
struct KeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take the key from this file instead of the settings; several keys, one a line, for files from before a change.",
      valueName: "file"),
    completion: .file())
  var keyFile: String?

  /// The keys, of which there must be one; warnings are told.
  func keys(_ source: SettingsSource) throws -> [Secret<[UInt8]>] { try keys(source, required: true) }

  /// The keys, if there are any; warnings are told.
  func optionalKeys(_ source: SettingsSource) throws -> [Secret<[UInt8]>] { try keys(source, required: false) }

  private func keys(_ source: SettingsSource, required: Bool) throws -> [Secret<[UInt8]>] {
    let keys = try DeletedMediaKeys(source, keyFile: keyFile, required: required)
    keys.warnings.forEach { Output.notice("tgl: \($0)") }
    return keys.keys
  }
}
