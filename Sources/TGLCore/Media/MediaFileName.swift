public import TelegramClient

/// What kept files are called: `CHATID_MSGID_name.ext`, as the service this one replaces names them.
public enum MediaFileName {
  /// Bytes a name may have on the file systems in use.
  private static let limit = 255
  /// What is added to encrypted files, and to files that are being written.
  private static let reserve = ".enc.part".utf8.count

  /// A name that every file system takes.
  ///
  /// - Parameters:
  ///   - name: the file's own name, as its sender gave it: anything may stand in it.
  ///   - mark: put behind the name, in front of its ending, to tell files of one message apart.
  public static func name(chat: PeerID, message: Int64, name: String, mark: String = "") -> String {
    let prefix = "\(chat.rawValue)_\(message)_"
    let (stem, ending) = split(clean(name))
    let tail = mark.isEmpty ? ending : "-\(mark)\(ending)"
    var kept = stem
    while prefix.utf8.count + kept.utf8.count + tail.utf8.count + reserve > limit { kept.removeLast() }
    // A single character, as readers see it, may have been too long.
    if kept.isEmpty { kept = "file" }
    return prefix + kept + tail
  }

  /// The chat and message a file belongs to; nil for a name of another form.
  public static func parse(_ name: String) -> (chat: PeerID, message: Int64, name: String)? {
    let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let chat = Int64(parts[0]).flatMap(PeerID.init(rawValue:)), let message = Int64(parts[1]),
      message > 0, !parts[2].isEmpty
    else { return nil }
    return (chat, message, String(parts[2]))
  }

  /// Without what no file system, or not every one, takes in a name.
  private static func clean(_ name: String) -> String {
    var cleaned = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "/", "\\", ":", "*", "?", "\"", "<", ">", "|": cleaned.unicodeScalars.append("_")
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: break
        default: cleaned.unicodeScalars.append(scalar)
        }
      }
    }
    while let last = cleaned.last, last == "." || last == " " { cleaned.removeLast() }
    while let first = cleaned.first, first == "." || first == " " { cleaned.removeFirst() }
    return cleaned.isEmpty ? "file" : cleaned
  }

  /// The ending with its dot; none when what is behind the last dot is too long to be one.
  private static func split(_ name: String) -> (stem: String, ending: String) {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name[dot...].utf8.count <= 16 else {
      return (name, "")
    }
    return (String(name[..<dot]), String(name[dot...]))
  }
}
