/// What a link to a data centre is for.
///
/// Files have a link of their own to the account's home: what they move must never stand in front of updates and calls.
/// To other data centres one link serves for everything.
enum LinkRole: Sendable, Hashable {
  case main
  case files
  /// To a content delivery network: it knows no accounts, and proves itself with keys of its own.
  ///
  /// Source: "Encrypted CDNs for Speed and Security", core.telegram.org/cdn.
  case cdn
}
