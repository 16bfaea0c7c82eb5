import Logging
import NIOCore
import TL

/// Who calls: an auth key's session on a data centre, and the account it is signed in to.
struct Caller: Sendable {
  let dc: Int32
  let authKeyID: Int64
  let user: Int64?

  func viewer() throws(RPCFailure) -> Int64 {
    guard let user else { throw .authKeyUnregistered }
    return user
  }
}

/// The whole of Telegram as methods see it: the world, who is signed in where, uploads, and the faults asked for.
///
/// A value.
struct Telegram: Sendable {
  struct Endpoint: Sendable {
    let id: Int32
    let host: String
    var port: Int
  }

  var world: World
  let apiID: Int32
  let apiHash: String
  /// Every data centre's address, as `help.getConfig` announces it.
  var endpoints: [Endpoint]
  var authorizations: [AuthKeyAddress: Authorization] = [:]
  var sentCodes: [String: SentCode] = [:]
  /// By the bytes that were handed out.
  var exports: [[UInt8]: ExportedAuthorization] = [:]
  /// By the bytes that stand in the link.
  var loginTokens: [[UInt8]: LoginToken] = [:]
  /// How long a login token stays valid, in seconds.
  var loginTokenLifetime: Int32 = 30
  /// Keys whose login tokens have been accepted and who have not been told.
  private(set) var acceptedKeys: Set<AuthKeyAddress> = []
  var uploads: [UploadKey: Upload] = [:]
  /// Where the parts of big files are kept.
  let folder: String
  var cdn = CDN()
  /// SHA-256 of files in hexadecimal, as far as they were asked for.
  var digests: [Int64: String] = [:]
  var faults = Faults()
  /// Methods that were asked for and do not exist here, with how often.
  private(set) var unknownMethods: [String: Int] = [:]
  let logger: Logger

  init(world: World, apiID: Int32, apiHash: String, endpoints: [Endpoint], folder: String = "/tmp", logger: Logger) {
    self.world = world
    self.apiID = apiID
    self.apiHash = apiHash
    self.endpoints = endpoints
    self.folder = folder
    self.logger = logger
  }

  /// What a call came to.
  struct Outcome: Sendable {
    /// The boxed result, or `rpc_error`.
    let response: ByteBuffer
    /// False when the caller asked for no updates (`invokeWithoutUpdates`).
    let wantsUpdates: Bool
  }

  /// Runs one method; what others must be told is left in `world`'s announcements.
  mutating func call(_ body: ByteBuffer, dc: Int32, authKeyID: Int64, now: Int32) -> Outcome {
    world.now = now
    let address = AuthKeyAddress(dc: dc, id: authKeyID)
    var reader = TLReader(body)
    var wantsUpdates = true
    do {
      wantsUpdates = try unwrap(&reader, address)
      authorizations[address, default: Authorization(createdAt: now)].activeAt = now
      return Outcome(response: try run(&reader, address), wantsUpdates: wantsUpdates)
    } catch {
      let failure = error as? RPCFailure ?? .inputRequestInvalid
      if !(error is RPCFailure) { logger.warning("request that cannot be read", metadata: ["error": "\(error)"]) }
      return Outcome(
        response: MT.RpcError(errorCode: failure.code, errorMessage: failure.message).encoded(),
        wantsUpdates: wantsUpdates)
    }
  }

  private mutating func run(_ reader: inout TLReader, _ address: AuthKeyAddress) throws -> ByteBuffer {
    let constructor = try reader.peekConstructor()
    let authorization = authorizations[address]
    if authorization?.isRevoked == true { throw RPCFailure.sessionRevoked }
    guard let method = Dispatcher.all.method(constructor) else {
      let name = TLSchema.api.name(of: constructor) ?? "#" + String(constructor, radix: 16)
      unknownMethods[name, default: 0] += 1
      logger.warning("method that the sandbox does not have", metadata: ["method": "\(name)"])
      throw RPCFailure.methodInvalid
    }
    logger.debug("call", metadata: ["method": "\(method.name)", "user": "\(authorization?.user ?? 0)"])
    let caller = Caller(dc: address.dc, authKeyID: address.id, user: authorization?.user)
    if address.dc == cdn.dc {
      guard method.access == .cdn || method.access == .everywhere else {
        throw method.access == .anyone ? RPCFailure.methodInvalid : .authKeyUnregistered
      }
    } else if method.access == .cdn {
      throw RPCFailure.methodInvalid
    }
    if method.access == .signedIn || method.access == .home {
      guard caller.user != nil else {
        throw authorization?.passwordUser == nil ? RPCFailure.authKeyUnregistered : .sessionPasswordNeeded
      }
      if method.access == .home, address.dc != world.homeDC { throw RPCFailure.userMigrate(world.homeDC) }
    }
    if let failure = faults.failure(for: method.name, request: reader.buffer, caller: caller.user) { throw failure }
    world.destination = .answer(method.name)
    defer { world.destination = .push }
    let answer = try method.handle(&self, caller, &reader)
    world.noteSent(answer)
    return answer
  }

  /// Takes the wrappers off a call.
  ///
  /// Source: "Calling API methods", core.telegram.org/api/invoking.
  private mutating func unwrap(_ reader: inout TLReader, _ address: AuthKeyAddress) throws(TLError) -> Bool {
    var wantsUpdates = true
    for _ in 0..<8 {
      switch try reader.peekConstructor() {
      case 0xda9b_0d0d:  // invokeWithLayer
        _ = try reader.readConstructor()
        authorizations[address, default: Authorization(createdAt: world.now)].layer = try reader.readInt()
      case 0xc1cd_5ea9:  // initConnection
        _ = try reader.readConstructor()
        let flags = try reader.readFlags()
        var device = Authorization.Device(apiID: try reader.readInt())
        device.model = try reader.readString()
        device.systemVersion = try reader.readString()
        device.appVersion = try reader.readString()
        for _ in 0..<3 { _ = try reader.readString() }
        if flags & 1 != 0 { try TLSchema.api.skip(&reader) }
        if flags & 2 != 0 { try TLSchema.api.skip(&reader) }
        authorizations[address, default: Authorization(createdAt: world.now)].device = device
      case 0xbf94_59b7:  // invokeWithoutUpdates
        _ = try reader.readConstructor()
        wantsUpdates = false
      case 0xcb9f_372d:  // invokeAfterMsg; calls of a session run in the order they came
        _ = try reader.readConstructor()
        _ = try reader.readLong()
      case 0x3dc4_b4f0:  // invokeAfterMsgs
        _ = try reader.readConstructor()
        _ = try [Int64](from: &reader)
      default: return wantsUpdates
      }
    }
    throw .tooDeep(offset: reader.offset)
  }

  // MARK: Login tokens

  mutating func announceAcceptance(to key: AuthKeyAddress) { acceptedKeys.insert(key) }

  /// Hands out the keys that are to be told since the last call.
  mutating func takeAcceptedKeys() -> Set<AuthKeyAddress> {
    defer { acceptedKeys = [] }
    return acceptedKeys
  }

  // MARK: Results

  /// The `updates` that answer a change: what the caller's own account was told of it, `first` in front.
  func updates(
    for viewer: Int64, first: [API.AnyUpdate] = [], mentioning mentions: Mentions = Mentions()
  ) -> API.AnyUpdates {
    Self.envelope(
      world.announcements.filter { $0.user == viewer }, for: viewer, in: world, first: first, mentioning: mentions)
  }

  /// Puts one account's announcements into an `updates`.
  static func envelope(
    _ announcements: [World.Announcement], for viewer: Int64, in world: World, first: [API.AnyUpdate] = [],
    mentioning others: Mentions = Mentions()
  ) -> API.AnyUpdates {
    var mentions = others
    for announcement in announcements { mentions.formUnion(announcement.mentions) }
    return .updates(
      API.Updates(
        updates: first + announcements.map(\.update), users: world.users(mentions, for: viewer),
        chats: world.chats(mentions, for: viewer), date: world.now, seq: 0))
  }
}
