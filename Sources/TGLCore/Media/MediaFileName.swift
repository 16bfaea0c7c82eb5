public import TelegramClient

/// What kept files are called: `CHATID_MSGID_name.ext`, as the service this one replaces names them.
public enum MediaFileName {
  /// What is added to encrypted files, and to files that are being written.
  private static let reserve = ".enc.part".utf8.count

  /// A name that every file system takes.
  ///
  /// - Parameters:
  ///   - name: the file's own name, as its sender gave it: anything may stand in it.
  ///   - mark: put behind the name, in front of its ending, to tell files of one message apart.
  public static func name(chat: PeerID, message: Int64, name: String, mark: String = "") -> String {
    self.name(chat: chat, message: message, name: name, mark: mark, NameShape())
  }

  /// - Parameter shape: what the file system takes.
  static func name(chat: PeerID, message: Int64, name: String, mark: String, _ shape: NameShape) -> String {
    fit(clean(name), behind: "\(chat.rawValue)_\(message)_", mark: mark, shape)
  }

  /// The name of a file that is there already, for another file system.
  static func portable(_ name: String, mark: String = "", _ shape: NameShape) -> String {
    if let parsed = parse(name) {
      return self.name(chat: parsed.chat, message: parsed.message, name: parsed.name, mark: mark, shape)
    }
    let cleaned = clean(name)
    return fit(isReserved(cleaned) ? "_\(cleaned)" : cleaned, behind: "", mark: mark, shape)
  }

  /// The chat and message a file belongs to; nil for a name of another form.
  public static func parse(_ name: String) -> (chat: PeerID, message: Int64, name: String)? {
    let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let chat = Int64(parts[0]).flatMap(PeerID.init(rawValue:)), let message = Int64(parts[1]),
      message > 0, !parts[2].isEmpty
    else { return nil }
    return (chat, message, String(parts[2]))
  }

  /// Whether two names, which are not the same bytes, are one to some file systems: those that do not tell small letters
  /// from capitals, or a letter with its accent from the two put together.
  static func isLookalike(_ left: String, _ right: String) -> Bool {
    // Swift's strings are equal when they are canonically equivalent.
    !left.utf8.elementsEqual(right.utf8) && left.uppercased().lowercased() == right.uppercased().lowercased()
  }

  /// Cuts the name, between two characters, to what the file system takes; its ending stays where there is room.
  private static func fit(_ name: String, behind prefix: String, mark: String, _ shape: NameShape) -> String {
    var (stem, ending) = split(shape.isPlain ? plain(name) : name)
    func room() -> Int {
      shape.limit - reserve - prefix.utf8.count - ending.utf8.count - (mark.isEmpty ? 0 : mark.utf8.count + 1)
    }
    if room() < 4 { ending = "" }
    while stem.utf8.count > max(room(), 0) { stem.removeLast() }
    while let last = stem.last, ending.isEmpty && mark.isEmpty, last == "." || last == " " { stem.removeLast() }
    // A single character, as readers see it, may have been too long.
    if stem.isEmpty { stem = "file" }
    return prefix + stem + (mark.isEmpty ? "" : "-\(mark)") + ending
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

  /// In ASCII alone, for a file system that knows no other characters.
  private static func plain(_ name: String) -> String {
    String(
      name.map { character in
        guard character.isASCII, character.isLetter || character.isNumber || ".-_".contains(character) else {
          return "_"
        }
        return character
      })
  }

  /// Whether DOS and Windows keep the name for a device, whatever its ending.
  private static func isReserved(_ name: String) -> Bool {
    let stem = name.prefix { $0 != "." }.uppercased().trimmingSuffix { $0 == " " }
    if ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"].contains(String(stem)) { return true }
    return stem.count == 4 && (stem.hasPrefix("COM") || stem.hasPrefix("LPT"))
      && "0123456789¹²³".contains(stem.last ?? " ")
  }

  /// The ending with its dot; none when what is behind the last dot is too long to be one.
  private static func split(_ name: String) -> (stem: String, ending: String) {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name[dot...].utf8.count <= 16 else {
      return (name, "")
    }
    return (String(name[..<dot]), String(name[dot...]))
  }
}

extension StringProtocol {
  /// Without what at the end fulfils `condition`.
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, condition(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}
