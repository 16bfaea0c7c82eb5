import NIOCore
import TL

/// Who may call a method, and where.
enum Access: Sendable {
  /// Before signing in, too, and on a CDN data centre.
  case everywhere
  /// Before signing in, too.
  case anyone
  /// On a CDN data centre, where nobody signs in.
  case cdn
  /// Signed in, on any data centre.
  case signedIn
  /// Signed in, on the account's own data centre.
  case home
}

/// The methods the sandbox knows, by constructor number.
struct Dispatcher: Sendable {
  struct Method: Sendable {
    let name: String
    let access: Access
    let handle: @Sendable (inout Telegram, Caller, inout TLReader) throws -> ByteBuffer
  }

  private var methods: [UInt32: Method] = [:]
  /// Methods without typed Swift, by the schema's name.
  private var untyped: [String: Method] = [:]

  /// Every service of the sandbox.
  static let all: Dispatcher = {
    var dispatcher = Dispatcher()
    dispatcher.registerAuth()
    dispatcher.registerAccount()
    dispatcher.registerHelp()
    dispatcher.registerUsers()
    dispatcher.registerContacts()
    dispatcher.registerMessages()
    dispatcher.registerDialogs()
    dispatcher.registerSending()
    dispatcher.registerChannels()
    dispatcher.registerUpdates()
    dispatcher.registerForwarding()
    dispatcher.registerForums()
    dispatcher.registerSavedMedia()
    dispatcher.registerUpload()
    dispatcher.registerCDN()
    dispatcher.registerLangPack()
    return dispatcher
  }()

  mutating func on<F: TLFunction & TLDecodable>(
    _ type: F.Type, access: Access = .home,
    _ body: @escaping @Sendable (inout Telegram, Caller, F) throws -> F.Response
  ) where F.Response: TLEncodable {
    methods[F.constructor] = Method(name: F.name, access: access) { telegram, caller, reader in
      try body(&telegram, caller, try F(lenientlyFrom: reader.buffer)).encoded()
    }
  }

  /// A method without typed Swift; its arguments come by the schema's names.
  mutating func on(
    _ name: String, access: Access = .home,
    body: @escaping @Sendable (inout Telegram, Caller, [String: TLValue]) throws -> some TLEncodable
  ) {
    untyped[name] = Method(name: name, access: access) { telegram, caller, reader in
      guard case .object(_, let arguments) = try TLSchema.api.value(from: &reader) else {
        throw RPCFailure.inputRequestInvalid
      }
      return try body(&telegram, caller, arguments).encoded()
    }
  }

  /// A method answered with the same bytes whatever its arguments.
  mutating func on(_ name: String, access: Access = .home, answer: @escaping @Sendable (inout TLWriter) -> Void) {
    untyped[name] = Method(name: name, access: access) { _, _, _ in
      var writer = TLWriter()
      answer(&writer)
      return writer.buffer
    }
  }

  func method(_ constructor: UInt32) -> Method? {
    methods[constructor] ?? TLSchema.api.name(of: constructor).flatMap { untyped[$0] }
  }
}

extension TLDecodable {
  /// Reads a request that fills `buffer`.
  ///
  /// As Telegram does, takes an InputPeer where an InputUser or InputChannel is due:
  /// the constructors have the same fields, and Pyrogram's descendants count on it.
  fileprivate init(lenientlyFrom buffer: ByteBuffer) throws(TLError) {
    var buffer = buffer
    while true {
      do throws(TLError) {
        self = try Self(decoding: buffer)
        return
      } catch .unexpectedConstructor(let constructor, let offset) {
        guard let meant = Self.equivalents[constructor] else {
          throw .unexpectedConstructor(constructor, offset: offset)
        }
        buffer.setInteger(meant, at: buffer.readerIndex + offset, endianness: .little)
      }
    }
  }

  private static var equivalents: [UInt32: UInt32] {
    [
      API.InputPeerUser.constructor: API.InputUser.constructor,
      API.InputPeerSelf.constructor: API.InputUserSelf.constructor,
      API.InputPeerChannel.constructor: API.InputChannel.constructor,
    ]
  }
}
