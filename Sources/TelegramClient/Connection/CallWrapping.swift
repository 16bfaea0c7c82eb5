import NIOCore
import TL

/// Wraps the first calls of a connection so that the server knows our layer and who is calling.
///
/// Source: "Invoking API methods", core.telegram.org/api/invoking.
struct CallWrapping: Sendable {
  let configuration: ClientConfiguration

  /// A call's boxed form, with room in front of it that `wrap` uses instead of copying it.
  static func encode(_ function: some TLFunction) -> ByteBuffer {
    var body = API.InvokeWithoutUpdates(query: function).encoded()
    body.moveReaderIndex(forwardBy: prefixLength)
    return body
  }

  private static let prefixLength = 4

  /// `body` as it travels: introduced while the connection is new, without updates where none are wanted.
  func wrap(_ body: ByteBuffer, introduce: Bool, withoutUpdates: Bool) -> ByteBuffer {
    let call = EncodedCall(body: body)
    return switch (introduce, withoutUpdates) {
    case (true, true): introduced(API.InvokeWithoutUpdates(query: call))
    case (true, false): introduced(call)
    case (false, true): prefixed(body) ?? API.InvokeWithoutUpdates(query: call).encoded()
    case (false, false): body
    }
  }

  /// Nil for a body that `encode` has not made.
  private func prefixed(_ body: ByteBuffer) -> ByteBuffer? {
    guard body.readerIndex >= Self.prefixLength else { return nil }
    var whole = body
    whole.moveReaderIndex(to: body.readerIndex - Self.prefixLength)
    let prefix = whole.getInteger(at: whole.readerIndex, endianness: .little, as: UInt32.self)
    return prefix == API.InvokeWithoutUpdates<EncodedCall>.constructor ? whole : nil
  }

  private func introduced(_ query: some TLFunction) -> ByteBuffer {
    API.InvokeWithLayer(
      layer: API.layer,
      query: API.InitConnection(
        apiId: configuration.apiID,
        deviceModel: configuration.deviceModel,
        systemVersion: configuration.systemVersion,
        appVersion: configuration.appVersion,
        systemLangCode: configuration.systemLangCode,
        langPack: "",
        langCode: configuration.langCode,
        query: query)
    ).encoded()
  }
}

/// A call whose bytes are known already.
private struct EncodedCall: TLFunction {
  typealias Response = Bool
  static var constructor: UInt32 { 0 }
  static var name: String { "" }

  let body: ByteBuffer

  func write(to writer: inout TLWriter) { writer.writeRaw(body) }
}
