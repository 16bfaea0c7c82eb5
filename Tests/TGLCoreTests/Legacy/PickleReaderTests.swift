import Foundation
import TestSupport
import Testing

@testable import TGLCore

struct PickleReaderTests {
  private func read(_ text: String) throws -> PickleValue { try PickleReader.read(Array(text.utf8)) }

  @Test func aListIsTheSameWhereverItIsReferredTo() throws {
    // An empty list is remembered, put into a list twice, and only then filled.
    let bytes: [UInt8] = [0x80, 4, 0x28, 0x5D, 0x94, 0x68, 0, 0x4B, 7, 0x61, 0x6C, 0x2E]
    #expect(try PickleReader.read(bytes) == .list([.list([.int(7)]), .list([.int(7)])]))
  }

  @Test(
    arguments: [
      ("I01\n.", PickleValue.bool(true)), ("I00\n.", .bool(false)), ("I-12\n.", .int(-12)),
      ("L9223372036854775807L\n.", .int(.max)), ("L9223372036854775808L\n.", .bigInt("9223372036854775808")),
      ("F1.5\n.", .float(1.5)), ("V\\u0416\\U0001F642\u{0}x\n.", .string("Ж🙂\u{0}x")), ("N.", .none),
      ("(I1\nI2\ntp0\n0g0\n.", .tuple([.int(1), .int(2)])),
      ("(dVa\nI1\ns.", .dict([.init(key: .string("a"), value: .int(1))])),
    ])
  func protocolZeroIsText(pickle: String, value: PickleValue) throws {
    #expect(try read(pickle) == value)
  }

  @Test(
    arguments: [
      ("cposix\nsystem\n(Vrm -rf /\ntR.", "posix.system"), ("cbuiltins\neval\n(V1\ntR.", "builtins.eval"),
      ("cos\nsystem\n.", "os.system"), ("c__builtin__\ngetattr\n.", "__builtin__.getattr"),
      ("ctelethon.tl.types\nos.system\n.", "telethon.tl.types.os.system"),
      ("ctelethon.tl.types\ndatetime\n.", "telethon.tl.types.datetime"),
      ("ctelethon.tl.types\n__builtins__\n.", "telethon.tl.types.__builtins__"),
      ("ctelethon.tl.functions.messages\nSendMessageRequest\n.", "telethon.tl.functions.messages.SendMessageRequest"),
      ("(iposix\nsystem\n.", "posix.system"), ("P1\n.", "a persistent id"),
    ])
  func whatIsNoDataIsRefusedByItsName(pickle: String, name: String) {
    #expect(throws: PickleError.refused(name)) { try read(pickle) }
  }

  @Test func aStackedNameIsRefusedToo() {
    let bytes: [UInt8] = [0x80, 4, 0x8C, 2] + Array("os".utf8) + [0x8C, 6] + Array("system".utf8) + [0x93, 0x2E]
    #expect(throws: PickleError.refused("os.system")) { try PickleReader.read(bytes) }
  }

  @Test func aNameIsToldWithoutWhatATerminalObeys() {
    #expect(PickleError.refused("os.\u{1B}[2Jsystem").description.contains("\\u{1b}[2Jsystem"))
  }

  @Test(
    arguments: [
      [0x80, 6, 0x4E, 0x2E], [0x2E], [0x30, 0x2E], [0x61], [0x28, 0x85, 0x2E], [0x68, 3, 0x2E], [0x4B, 1, 0x62, 0x2E],
      [0xFF],
      [0x5D, 0x28, 0x4B, 1, 0x4B, 2, 0x4B, 3, 0x75, 0x2E],
    ] as [[UInt8]])
  func nonsenseIsMalformed(bytes: [UInt8]) {
    #expect {
      try PickleReader.read(bytes)
    } throws: { error in
      if case PickleError.malformed = error { true } else { false }
    }
  }

  @Test func whatRefersToItselfEnds() {
    // A list that holds itself twice.
    let bytes: [UInt8] = [0x5D, 0x94, 0x28, 0x68, 0, 0x68, 0, 0x65, 0x2E]
    #expect {
      try PickleReader.read(bytes)
    } throws: { error in
      if case PickleError.tooLarge = error { true } else { false }
    }
  }

  @Test func aThousandDoublingsEnd() {
    var bytes: [UInt8] = [0x5D, 0x94]
    for level in 0..<50 { bytes += [0x68, UInt8(level), 0x68, UInt8(level), 0x86, 0x94] }
    #expect {
      try PickleReader.read(bytes + [0x2E])
    } throws: { error in
      if case PickleError.tooLarge = error { true } else { false }
    }
  }

  @Test func aTextReferredToOftenIsCountedEachTime() {
    let text = [UInt8](repeating: 0x41, count: 1000)
    var bytes: [UInt8] = [0x28, 0x58, 0xE8, 3, 0, 0] + text + [0x94]
    for _ in 0..<100 { bytes += [0x68, 0] }
    bytes += [0x6C, 0x2E]
    let limits = PickleReader.Limits(bytes: 50_000)
    #expect(throws: PickleError.tooLarge("its texts have more than 50000 bytes")) {
      try PickleReader.read(bytes, limits: limits)
    }
  }

  @Test func depthIsLimited() {
    let bytes = [UInt8](repeating: 0x4E, count: 1) + [UInt8](repeating: 0x85, count: 100_000) + [0x2E]
    #expect {
      try PickleReader.read(bytes)
    } throws: { error in
      if case PickleError.tooLarge = error { true } else { false }
    }
  }

  @Test func randomBytesNeverCrash() {
    var generator = SeededGenerator.run(71)
    let limits = PickleReader.Limits(bytes: 4096, values: 500, depth: 20)
    let opcodes = Array("(.012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu})".utf8) + Array(0x80...0x98)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...60, using: &generator)
      let bytes = (0..<count).map { _ in
        Bool.random(using: &generator)
          ? opcodes[Int.random(in: 0..<opcodes.count, using: &generator)]
          : UInt8.random(in: .min ... .max, using: &generator)
      }
      _ = try? PickleReader.read(bytes, limits: limits)
    }
  }
}
