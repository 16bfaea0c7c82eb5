/// What a connection to a data centre is for: what moves a lot of data has one of its own, so that nothing waits behind it.
public enum LinkPurpose: Sendable, Hashable {
  /// Everything but files; at home the updates come here.
  case calls
  /// Parts of files: another session with the same key, which the server pushes no updates to.
  case files
  /// Parts of encrypted files from a CDN: a foreign server that has a key of its own and never learns who is asking.
  ///
  /// Source: core.telegram.org/cdn.
  case cdn
}
