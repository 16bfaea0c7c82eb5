import TGLCore

/// The least that makes the settings whole.
let leastSettings = [
  "API_ID": "12345", "API_HASH": "0123456789abcdef0123456789ABCDEF", "LOG_CHAT_ID": "-1001234567890",
]

/// Settings of these and the least ones; nothing in the working directory is read.
func settings(_ changes: [String: String] = [:]) throws(SettingsError) -> Settings {
  try Settings(SettingsSource(environment: leastSettings.merging(changes) { $1 }, envFile: "/dev/null"))
}

/// The lines that say what is wrong with these.
func problems(_ changes: [String: String]) -> [String] {
  do {
    _ = try settings(changes)
    return []
  } catch { return error.problems.map(\.description) }
}
