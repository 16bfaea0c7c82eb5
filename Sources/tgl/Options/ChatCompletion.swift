import Foundation
import TGLCore

/// Completes a chat by what is in the archive.
enum ChatCompletion {
  /// Nothing when there is no archive where the environment, or the `.env` of the working directory, says.
  @Sendable
  static func chats(arguments: [String], index: Int, prefix: String) async -> [String] {
    let environment = ProcessInfo.processInfo.environment
    guard let settings = try? DataRootSetting(SettingsSource(environment: environment)),
      let archive = try? Archive.open(readingFrom: DataRoot(existing: settings.path).archiveFile)
    else { return [] }
    return (try? await Export.chatNames(in: archive)) ?? []
  }
}
