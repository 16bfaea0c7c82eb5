import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// The control address: JSON over HTTP.
struct ControlServer: Sendable {
  typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  let control: Control
  let logger: Logger
  /// The port the system gave.
  let port: Int
  private let listener: NIOAsyncChannel<Connection, Never>

  private static let maximumBody = 1 << 20

  init(host: String, control: Control, group: any EventLoopGroup, logger: Logger) async throws {
    self.control = control
    self.logger = logger
    listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: host, port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
    port = listener.channel.localAddress?.port ?? 0
  }

  /// Serves until cancelled.
  func run() async throws {
    try await listener.executeThenClose { connections in
      try await withThrowingDiscardingTaskGroup { group in
        for try await connection in connections {
          group.addTask { await serve(connection) }
        }
      }
    }
  }

  private func serve(_ connection: Connection) async {
    do {
      try await connection.executeThenClose { inbound, _ in
        var head: HTTPRequestHead?
        var body = ByteBuffer()
        for try await part in inbound {
          switch part {
          case .head(let request):
            head = request
            body.clear()
          case .body(var bytes):
            guard body.readableBytes + bytes.readableBytes <= Self.maximumBody else { return }
            body.writeBuffer(&bytes)
          case .end:
            guard let request = head else { return }
            head = nil
            try await respond(to: request, body, connection.channel)
            if !request.isKeepAlive { return }
          }
        }
      }
    } catch {
      logger.debug("control connection ended", metadata: ["error": "\(error)"])
    }
  }

  private func respond(
    to request: HTTPRequestHead, _ body: ByteBuffer, _ channel: any Channel
  ) async throws {
    var status = HTTPResponseStatus.ok
    var type = "application/json"
    let answer: FileContent
    do {
      (answer, type) = try await handle(request, body)
    } catch {
      status = error is UnknownPath ? .notFound : .badRequest
      answer = try Self.json(["error": Self.describe(error)])
    }
    var head = HTTPResponseHead(version: request.version, status: status)
    head.headers.add(name: "content-type", value: type)
    head.headers.add(name: "content-length", value: String(answer.size))
    // Waits until all of it is with the system: the connection may be closed next.
    channel.write(HTTPServerResponsePart.head(head), promise: nil)
    var sent: Int64 = 0
    while sent < answer.size {
      let piece = try answer.read(at: sent, length: 1 << 20)
      sent += Int64(piece.readableBytes)
      try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(piece))).get()
    }
    try await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
  }

  private struct UnknownPath: Error, CustomStringConvertible {
    let description: String
  }

  private func handle(_ request: HTTPRequestHead, _ body: ByteBuffer) async throws -> (FileContent, String) {
    let url = URLComponents(string: request.uri)
    func query(_ name: String) -> String? { url?.queryItems?.first { $0.name == name }?.value }
    func chat() throws -> Reference {
      guard let id = query("id") ?? query("chat") else { throw ControlError("which chat? (?id=…)") }
      return Reference(id)
    }
    let viewer = Reference(query("as") ?? "alice")
    let type = "application/json"
    switch (request.method, url?.path) {
    case (.POST, "/say"): return (try Self.json(await control.say(Self.decode(body))), type)
    case (.POST, "/edit"): return (try Self.json(await control.edit(Self.decode(body))), type)
    case (.POST, "/delete"): return (try Self.json(["deleted": await control.delete(Self.decode(body))]), type)
    case (.POST, "/fault"): return (try Self.json(["affected": await control.fault(Self.decode(body))]), type)
    case (.POST, "/member"): return (try Self.json(["members": await control.member(Self.decode(body))]), type)
    case (.POST, "/forward"): return (try Self.json(["ids": await control.forward(Self.decode(body))]), type)
    case (.POST, "/protect"): return (try Self.json(["changed": await control.protect(Self.decode(body))]), type)
    case (.POST, "/topic"): return (try Self.json(["id": await control.topic(Self.decode(body))]), type)
    case (.POST, "/push"): return (try Self.json(["pts": await control.push(Self.decode(body))]), type)
    case (.POST, "/migrate"): return (try Self.json(["chat": await control.migrate(Self.decode(body))]), type)
    case (.POST, "/open"): return (try Self.json(["opened": await control.open(Self.decode(body))]), type)
    case (.POST, "/accept_login"): return (try Self.json(await control.acceptLogin(Self.decode(body))), type)
    case (.POST, "/storm"): return (try Self.json(await control.storm(Self.decode(body))), type)
    case (.GET, "/record"): return (try Self.json(await control.record(seenBy: viewer)), type)
    case (.GET, "/chat"): return (try Self.json(await control.chat(chat(), seenBy: viewer)), type)
    case (.GET, "/state"): return (try Self.json(await control.state()), type)
    case (.GET, "/file"):
      guard let chat = query("chat"), let id = query("message").flatMap(Int32.init) else {
        throw ControlError("which file? (?chat=…&message=…)")
      }
      let bytes = try await control.file(id, in: Reference(chat), seenBy: viewer)
      return (bytes, "application/octet-stream")
    default: throw UnknownPath(description: "no \(request.method) \(url?.path ?? request.uri) here")
    }
  }

  private static func decode<T: ControlRequest>(_ body: ByteBuffer) throws -> T {
    try JSONDecoder().decode(Strict<T>.self, from: Data(body.readableBytesView)).value
  }

  private static func json(_ value: some Encodable) throws -> FileContent {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return .memory(ByteBuffer(bytes: try encoder.encode(value)))
  }

  private static func describe(_ error: any Error) -> String {
    switch error {
    // The last thing that an object of the schema may be is bytes.
    case DecodingError.keyNotFound(let key, let context) where key.stringValue == "base64":
      "'\(Self.path(context))' needs '_', its constructor's name"
    case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "'\(Self.path(context))' has the wrong type"
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
      "'\(Self.path(context))': \(context.debugDescription)"
    case DecodingError.dataCorrupted: "the body is no JSON object"
    case let failure as RPCFailure: failure.message
    default: "\(error)"
    }
  }

  private static func path(_ context: DecodingError.Context) -> String {
    context.codingPath.map(\.stringValue).joined(separator: ".")
  }
}
