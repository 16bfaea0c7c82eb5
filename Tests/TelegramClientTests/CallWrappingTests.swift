import NIOCore
import TL
import Testing

@testable import TelegramClient

@Suite struct CallWrappingTests {
  private let function = API.UploadSaveFilePart(fileId: 7, filePart: 1, bytes: ByteBuffer(repeating: 3, count: 1_000))

  /// Whether a call is wrapped without copying it or not, the bytes are the same.
  @Test func roomInFrontOfACallChangesNothing() throws {
    let wrapping = CallWrapping(configuration: try configuration(port: 1))
    let plain = function.encoded()
    let prepared = CallWrapping.encode(function)
    #expect(prepared == plain)
    for (introduce, withoutUpdates) in [(true, true), (true, false), (false, true), (false, false)] {
      #expect(
        wrapping.wrap(prepared, introduce: introduce, withoutUpdates: withoutUpdates)
          == wrapping.wrap(plain, introduce: introduce, withoutUpdates: withoutUpdates))
    }
    #expect(
      wrapping.wrap(prepared, introduce: false, withoutUpdates: true)
        == API.InvokeWithoutUpdates(query: function).encoded())
  }

  /// Something else in front of a call is not taken for the wrapping.
  @Test func otherBytesInFrontOfACallAreLeft() throws {
    let wrapping = CallWrapping(configuration: try configuration(port: 1))
    var body = ByteBuffer(repeating: 9, count: 12)
    body.moveReaderIndex(forwardBy: 12)
    body.writeImmutableBuffer(function.encoded())
    #expect(
      wrapping.wrap(body, introduce: false, withoutUpdates: true) == API.InvokeWithoutUpdates(query: function).encoded()
    )
  }
}
