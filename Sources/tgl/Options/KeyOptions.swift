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

  /// The keys; warnings are told.
  func keys(_ source: SettingsSource) throws -> [Secret<[UInt8]>] {
    let keys = try DeletedMediaKeys(source, keyFile: keyFile)
    keys.warnings.forEach { Output.notice("tgl: \($0)") }
    return keys.keys
  }
}
