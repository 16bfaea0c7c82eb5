import Glibc

/// What this machine truthfully says of itself in `initConnection`; the account's owner sees it under "Devices".
public enum DeviceInfo {
  /// The machine's product name from the firmware, or "Linux" and the architecture.
  public static let model: String = {
    let name = firstLine(of: "/sys/class/dmi/id/product_name")
    return name.isEmpty ? "Linux \(architecture)" : name
  }()

  /// Such as "Linux 6.1.0-18-amd64".
  public static let systemVersion: String = {
    let release = kernel.release
    return release.isEmpty ? "Linux" : "Linux \(release)"
  }()

  static let architecture = kernel.machine

  private static let kernel: (release: String, machine: String) = {
    var info = utsname()
    guard uname(&info) == 0 else { return ("", "") }
    return (text(of: info.release), text(of: info.machine))
  }()

  /// The C string in a tuple of characters.
  private static func text<Characters>(of field: Characters) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// At most 64 printable characters; firmware leaves blanks and placeholders.
  private static func firstLine(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = fread(&buffer, 1, buffer.count, file)
    let line = String(decoding: buffer.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
    let printable = line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
    let words = String(String.UnicodeScalarView(printable)).split(separator: " ").joined(separator: " ")
    return String(words.prefix(64))
  }
}
