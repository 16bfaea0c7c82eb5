import Logging
import MTProto
import Metrics
import NIOCore

/// One connection: bytes in, what the machine says of them, bytes out, and when to look again.
extension DataCenterLink {
  /// Begins a conversation over `channel`.
  func attach(_ channel: any Channel) {
    self.channel = channel
    signals = []
    hasAnswered = false
    isReadingPaused = false
    let configuration = environment.configuration
    let secret = configuration.proxy?.mtproxySecret
    machine.connected(
      transport: secret?.transport(wanted: configuration.transport) ?? configuration.transport,
      dc: configuration.wireNumber(dc: dc), secret: secret?.key, keys: publicKeys, now: now, using: &random)
    if channel.isActive { flush() } else { end(.closed("closed at once")) }
  }

  /// Ends the conversation; `run()` learns why.
  func end(_ fault: LinkFault) {
    guard let channel else { return }
    self.channel = nil
    timer?.task.cancel()
    timer = nil
    machine.disconnected(now: now)
    channel.close(promise: nil)
    signal(.ended(fault))
  }

  private func perform(_ outputs: [LinkMachine.Output]) {
    for output in outputs {
      switch output {
      case .keyAgreed(let agreement): signal(.keyAgreed(agreement))
      case .fault(let fault): end(fault)
      case .session(let event): perform(event)
      }
    }
  }

  private func perform(_ event: ClientSession.Event) {
    switch event {
    case .result(let id, let bytes):
      hasAnswered = true
      heard()
      finish(id, .success(bytes))
    case .failure(let id, let error):
      hasAnswered = true
      heard()
      finish(id, .failure(.rpc(error)))
    case .updates(let bytes):
      heard()
      if isHome { environment.feed?.offer(.received(bytes)) }
    case .sessionCreated, .messagesDropped:
      // Before the first answer it says no more than `connected` did: the difference is still to be asked for.
      if isHome, hasAnswered { environment.feed?.offer(.gap) }
    case .salt(let salt): if purpose != .cdn { environment.hints.note(dc: dc, salt: salt) }
    case .timeOffset(let offset): if purpose != .cdn { environment.hints.note(dc: dc, timeOffset: offset) }
    case .undecodable(let bytes):
      environment.logger.warning("unreadable message", metadata: ["dc": "\(dc)", "bytes": "\(bytes.readableBytes)"])
    case .pong: heard()
    case .stalled:
      Counter(label: "tgl_connection_stalls_total").increment()
      end(.stalled)
    }
  }

  /// The connection works: that it could be opened is not enough to say so.
  private func heard() {
    guard !wasUseful else { return }
    wasUseful = true
    if isHome { environment.state.report(.connected) }
  }

  /// Answers what has been asked so far in this turn of the event loop together.
  func scheduleFlush() {
    guard !isFlushScheduled, channel != nil else { return }
    isFlushScheduled = true
    loop.execute {
      self.assumeIsolated { link in
        link.isFlushScheduled = false
        link.flush()
      }
    }
  }

  /// Writes what is due and sets the timer for what comes next.
  func flush() {
    guard let channel else { return }
    let now = now
    if let bytes = machine.outgoing(now: now, using: &random) { channel.writeAndFlush(bytes, promise: nil) }
    applyGate(now: now)
    setTimer(now: now)
  }

  private func setTimer(now: Moment) {
    let due = [machine.nextDeadline, gate.deadline(at: now.uptime)].compactMap(\.self).min()
    if let timer, timer.deadline == due { return }
    timer?.task.cancel()
    timer = nil
    guard let due else { return }
    let task = loop.scheduleTask(deadline: .uptime(due)) {
      self.assumeIsolated { link in
        link.timer = nil
        link.perform(link.machine.tick(now: link.now))
        link.flush()
      }
    }
    timer = (due, task)
  }

  // MARK: Back-pressure

  func updateBufferChanged(hasRoom: Bool) {
    if hasRoom { gate.bufferDrained() } else { gate.bufferFilled(at: now.uptime) }
    flush()
  }

  private func applyGate(now: Moment) {
    let pause = gate.isPaused(at: now.uptime)
    guard pause != isReadingPaused else { return }
    isReadingPaused = pause
    channel?.triggerUserOutboundEvent(
      pause ? ConnectionHandler.ReadingEvent.pause : ConnectionHandler.ReadingEvent.resume, promise: nil)
  }
}

extension DataCenterLink: ConnectionDelegate {
  nonisolated func received(_ bytes: ByteBuffer, on channel: any Channel) {
    assumeIsolated { link in
      guard link.channel === channel else { return }
      link.perform(link.machine.received(bytes, now: link.now, using: &link.random))
      if link.purpose != .cdn, let clock = link.machine.session?.serverClock {
        link.environment.serverClock.note(clock)
      }
    }
  }

  nonisolated func receivedAll(on channel: any Channel) {
    assumeIsolated { link in
      guard link.channel === channel else { return }
      link.flush()
    }
  }

  nonisolated func closed(_ channel: any Channel, error: (any Error)?) {
    assumeIsolated { link in
      guard link.channel === channel else { return }
      link.end(.closed(error.map(describe) ?? "the server closed the connection"))
    }
  }
}
