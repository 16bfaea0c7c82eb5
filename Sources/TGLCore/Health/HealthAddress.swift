import Foundation

/// Where the health endpoint is asked.
public struct HealthAddress: Sendable, Hashable, CustomStringConvertible {
  public let host: String
  public let port: Int
  /// With the query, if there is one.
  public let path: String

  /// What `init(url:)` takes.
  public static let accepts = "an address as in http://127.0.0.1:8080/health"

  /// Nil for anything but plain HTTP.
  public init?(url text: String) {
    guard let url = URLComponents(string: text), url.scheme?.lowercased() == "http", url.user == nil,
      url.password == nil, let host = url.host, !host.isEmpty, url.fragment == nil
    else { return nil }
    let port = url.port ?? 80
    guard (1...65_535).contains(port) else { return nil }
    self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    self.port = port
    path =
      (url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath) + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
  }

  /// From HEALTH_HOST, HEALTH_PORT and HEALTH_PATH; an address that stands for all of a machine's is asked on loopback.
  ///
  /// - Throws: `SettingsError` with everything that is wrong among these.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    let host = reader.value(SettingsCatalog.healthHost)
    let port = reader.value(SettingsCatalog.healthPort)
    let path = reader.value(SettingsCatalog.healthPath)
    if port == 0 {
      reader.refuse(
        SettingsCatalog.healthPort.name, "0 lets the system choose; give the address the service's log names with --url"
      )
    }
    guard reader.problems.isEmpty, let host, let port, let path else { throw SettingsError(problems: reader.problems) }
    self.host =
      switch host {
      case "0.0.0.0": "127.0.0.1"
      case "::", "0:0:0:0:0:0:0:0": "::1"
      default: host
      }
    self.port = port
    self.path = path
  }

  /// HEALTH_TOKEN, or what is in HEALTH_TOKEN_FILE; nil for none.
  ///
  /// - Throws: `SettingsError` when it is wrong.
  public static func token(_ source: SettingsSource) throws(SettingsError) -> Secret<String>? {
    var reader = SettingsReader(source)
    let token = reader.value(SettingsCatalog.healthToken)
    guard let token else { throw SettingsError(problems: reader.problems) }
    return token
  }

  /// As the header `Host` and an address have it.
  var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  public var description: String { "http://\(authority)\(path)" }
}
