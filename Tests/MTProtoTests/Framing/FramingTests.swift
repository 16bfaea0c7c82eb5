import MTProto
import NIOCore
import TestSupport
import Testing

@Suite struct FramingTests {
  /// Packets of every size a length field changes at; none shorter than a message's header.
  private static let lengths = [20, 24, 500, 504, 508, 512, 1_000, 65_536, 1 << 20]

  @Test(arguments: Transport.all)
  func everythingArrivesWholeInBothDirections(transport: Transport) throws {
    var random = SeededGenerator(seed: 7)
    var client = ClientFraming(transport: transport, dc: 2, using: &random)
    var server = ServerFraming()
    server.receive(client.opening())
    for length in Self.lengths {
      let packet = ByteBuffer(bytes: random.bytes(length))
      var wire = ByteBuffer()
      client.encode(packet, into: &wire, using: &random)
      server.receive(wire)
      try expect(packet, from: try server.next(), transport)
      #expect(try server.next() == nil)
      wire.clear()
      server.encode(packet, into: &wire, using: &random)
      client.receive(wire)
      try expect(packet, from: try client.next(), transport)
    }
    #expect(server.transport == transport)
    #expect(server.dc == (transport.isObfuscated ? 2 : nil))
  }

  /// A packet with room in front of it is sent from where it is; what arrives is the same.
  @Test(arguments: Transport.all)
  func roomInFrontOfAPacketIsNotSent(transport: Transport) throws {
    for length in Self.lengths {
      var wires: [ByteBuffer] = []
      for headroom in [0, 1, 4, 16] {
        var random = SeededGenerator(seed: 10)
        var client = ClientFraming(transport: transport, dc: 2, using: &random)
        var packet = ByteBuffer(repeating: 0xEE, count: headroom)
        packet.moveReaderIndex(forwardBy: headroom)
        packet.writeRepeatingByte(7, count: length)
        var wire = ByteBuffer()
        client.encode(packet, into: &wire, using: &random)
        // What the caller has kept is as it was.
        #expect(packet == ByteBuffer(repeating: 7, count: length))
        client.encode(packet, into: &wire, using: &random)
        wires.append(wire)
      }
      #expect(wires.allSatisfy { $0 == wires[0] })
    }
  }

  @Test(arguments: Transport.all)
  func cutsAnywhereDoNotMatter(transport: Transport) throws {
    var random = SeededGenerator(seed: 8)
    var client = ClientFraming(transport: transport, dc: -4, using: &random)
    var wire = client.opening()
    let packets = [20, 24, 600].map { ByteBuffer(bytes: random.bytes($0)) }
    for packet in packets { client.encode(packet, into: &wire, using: &random) }
    var server = ServerFraming()
    var frames: [Frame] = []
    for byte in wire.readableBytesView {
      server.receive(ByteBuffer(bytes: [byte]))
      while let frame = try server.next() { frames.append(frame) }
    }
    #expect(frames.count == packets.count)
    for (packet, frame) in zip(packets, frames) { try expect(packet, from: frame, transport) }
  }

  @Test(arguments: Transport.all)
  func transportErrorsAreToldApart(transport: Transport) throws {
    var random = SeededGenerator(seed: 9)
    var client = ClientFraming(transport: transport, dc: 2, using: &random)
    var server = ServerFraming()
    var wire = client.opening()
    client.encode(ByteBuffer(repeating: 1, count: 20), into: &wire, using: &random)
    server.receive(wire)
    _ = try server.next()
    for code in [Int32(-404), -429, -444] {
      var answer = ByteBuffer()
      server.encode(error: code, into: &answer, using: &random)
      client.receive(answer)
      #expect(try client.next() == .error(code))
    }
  }

  /// The forms of core.telegram.org/mtproto/mtproto-transports, by hand.
  @Test(arguments: [
    ("abridged", "ef" + "05" + String(repeating: "11", count: 20)),
    ("abridged", "ef" + "7f800000" + String(repeating: "11", count: 512)),
    ("intermediate", "eeeeeeee" + "14000000" + String(repeating: "11", count: 20)),
    // CRC-32 by zlib.crc32 of Python.
    ("full", "2000000000000000" + String(repeating: "11", count: 20) + "b23bba22"),
  ])
  func bytesAreThoseOfTheDocumentation(name: String, wire: String) throws {
    var random = SeededGenerator(seed: 1)
    let transport = try #require(Transport(name: name))
    var client = ClientFraming(transport: transport, dc: 2, using: &random)
    var written = client.opening()
    let length = name == "abridged" && wire.count > 1_000 ? 512 : 20
    client.encode(ByteBuffer(repeating: 0x11, count: length), into: &written, using: &random)
    #expect(written == bytes(wire))
  }

  @Test func quickAcknowledgmentsAreNoPackets() throws {
    var random = SeededGenerator(seed: 1)
    var abridged = ClientFraming(transport: Transport(.abridged, obfuscated: false), dc: 2, using: &random)
    abridged.receive(bytes("80aabbcc" + "05" + String(repeating: "11", count: 20)))
    #expect(try abridged.next() == .quickAck(0x80aa_bbcc))
    #expect(try abridged.next() == .packet(ByteBuffer(repeating: 0x11, count: 20)))
  }

  @Test(arguments: [
    ("abridged", "7fffffff", FramingError.packetTooLong(0xFF_FFFF * 4)),
    ("intermediate", "ffffff7f", .packetTooLong(0x7FFF_FFFF)),
    ("intermediate", "00000000", .badLength(0)),
    ("full", "0b00000000000000", .badLength(11)),
    ("full", "ffffff7f00000000", .badLength(0x7FFF_FFFF)),
    ("full", "fcffff7f00000000", .packetTooLong(0x7FFF_FFFC)),
  ])
  func impossibleLengthsAreRefusedBeforeAnythingIsKept(name: String, wire: String, error: FramingError) throws {
    var random = SeededGenerator(seed: 1)
    let transport = try #require(Transport(name: name))
    var client = ClientFraming(transport: transport, dc: 2, using: &random)
    client.receive(bytes(wire))
    #expect(throws: error) { try client.next() }
  }

  @Test func fullTransportChecksNumberAndSum() throws {
    var random = SeededGenerator(seed: 1)
    let transport = Transport(.full, obfuscated: false)
    var sender = ClientFraming(transport: transport, dc: 2, using: &random)
    var wire = ByteBuffer()
    sender.encode(ByteBuffer(repeating: 1, count: 20), into: &wire, using: &random)
    let first = wire
    var altered = ByteBuffer(buffer: first)
    altered.setInteger(UInt8(9), at: 12)
    var receiver = ClientFraming(transport: transport, dc: 2, using: &random)
    receiver.receive(altered)
    #expect(throws: FramingError.badChecksum) { try receiver.next() }
    var twice = ClientFraming(transport: transport, dc: 2, using: &random)
    twice.receive(first)
    twice.receive(first)
    #expect(try twice.next() != nil)
    #expect(throws: FramingError.badSequenceNumber(expected: 1, actual: 0)) { try twice.next() }
  }

  @Test func obfuscatedOpeningsLookLikeNothingElse() {
    var random = SeededGenerator.run(2)
    for _ in 0..<2_000 {
      let opening = ClientFraming(transport: Transport(.abridged, obfuscated: true), dc: 2, using: &random).opening()
      #expect(opening.readableBytes == 64)
      #expect(opening.getInteger(at: 0, as: UInt8.self) != 0xef)
      let first = opening.getInteger(at: 0, endianness: .little, as: UInt32.self)
      #expect(![0xdddd_dddd, 0xeeee_eeee, 0x4441_4548, 0x5453_4f50, 0x2054_4547, 0x4954_504f].contains(first))
      #expect(opening.getInteger(at: 4, as: UInt32.self) != 0)
    }
  }

  @Test func randomBytesNeverTrap() {
    var random = SeededGenerator.run(3)
    for round in 0..<20_000 {
      let transport = Transport.all[round % Transport.all.count]
      var client = ClientFraming(transport: transport, dc: 2, using: &random)
      var server = ServerFraming()
      for _ in 0..<4 {
        let noise = ByteBuffer(bytes: random.bytes(Int.random(in: 0...90, using: &random)))
        client.receive(noise)
        server.receive(noise)
        for _ in 0..<30 where (try? client.next()) == nil { break }
        for _ in 0..<30 where (try? server.next()) == nil { break }
      }
    }
  }

  @Test func namesAreThoseOfTheSetting() {
    #expect(
      Set(Transport.allNames) == [
        "abridged", "intermediate", "padded", "full", "obfuscated-abridged", "obfuscated-intermediate",
        "obfuscated-padded",
      ])
    #expect(Transport(name: "obfuscated-full") == nil)
  }

  /// Padding of the padded transport stays behind the packet.
  private func expect(_ packet: ByteBuffer, from frame: Frame?, _ transport: Transport) throws {
    guard case .packet(let received)? = frame else {
      Issue.record("no packet: \(String(describing: frame))")
      return
    }
    let extra = received.readableBytes - packet.readableBytes
    #expect(transport.framing == .padded ? (0...15).contains(extra) : extra == 0)
    #expect(received.getSlice(at: received.readerIndex, length: packet.readableBytes) == packet)
  }
}
