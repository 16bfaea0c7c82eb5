import Foundation
import Testing

@testable import TGLCore

@Suite struct KeyFileTests {
  private static func key(_ byte: UInt8) -> String { Data(repeating: byte, count: 32).base64EncodedString() }

  @Test(
    arguments: [
      (key(1), [1]), ("\(key(1))\n", [1]), ("\(key(1))\r\n\(key(2))", [1, 2]),
      ("# old\n\n  \(key(3))  \n#\n\(key(4))\n", [3, 4]), ("DELETED_MEDIA_KEY_B64=\(key(5))\n", [5]),
    ] as [(String, [UInt8])])
  func keysAreReadALineEach(text: String, first: [UInt8]) throws {
    #expect(try KeyFile.keys(in: text).map { $0.exposed.first } == first)
  }

  @Test(arguments: [
    ("", "has no key in it"), ("# nothing\n", "has no key in it"), ("secret", "has no key on line 1"),
    ("\(key(1))\n\(key(2).dropLast(4))\n", "has no key on line 2"), ("OTHER=\(key(1))", "has no key on line 1"),
  ])
  func anythingElseIsRefusedWithoutShowingIt(text: String, reason: String) {
    let error = #expect(throws: KeyFile.Failure.self) { try KeyFile.keys(in: text) }
    #expect(error?.reason == reason)
  }

  @Test func aNewKeyIsReadBack() throws {
    let key = NewKey()
    for line in [key.line(forEnvFile: false), key.line(forEnvFile: true)] {
      #expect(try KeyFile.keys(in: line).map { Data($0.exposed).base64EncodedString() } == [key.text.exposed])
    }
    #expect("\(key)".contains(key.text.exposed) == false)
  }
}
