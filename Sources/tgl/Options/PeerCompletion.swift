import ArgumentParser
import Foundation
import TGLCore

/// The chats of the archive, for the shell to complete.
enum PeerCompletion {
  static let kind = CompletionKind.custom { _, _, prefix in candidates(prefix) }

  /// Names and ids that begin so; none when there is no archive, or it cannot be read: a shell is no place for errors.
  private static func candidates(_ prefix: String) -> [String] {
    let source = SettingsSource(environment: ProcessInfo.processInfo.environment)
    guard let setting = try? DataRootSetting(source),
      let chats = try? Archive.chats(at: DataRoot(existing: setting.path).archiveFile)
    else { return [] }
    return chats.flatMap { chat in [chat.username.map { "@\($0)" }, "\(chat.id)"].compactMap(\.self) }
      .filter { $0.hasPrefix(prefix) }
  }
}
