import NIOCore
import TL

/// `help.*`: what clients ask for when they start.
extension Dispatcher {
  mutating func registerHelp() {
    on(API.HelpGetConfig.self, access: .everywhere) { telegram, caller, _ in telegram.config(for: caller) }
    on(API.HelpGetNearestDc.self, access: .anyone) { telegram, caller, _ in
      API.NearestDc(country: "ZZ", thisDc: caller.dc, nearestDc: telegram.world.homeDC)
    }
    on(API.HelpGetAppConfig.self, access: .anyone) { _, _, request in
      if request.hash == 1 { return .helpAppConfigNotModified(.init()) }
      return .helpAppConfig(.init(hash: 1, config: .jsonObject(.init(value: []))))
    }
    on(API.HelpGetCdnConfig.self, access: .anyone) { telegram, _, _ in
      API.CdnConfig(
        publicKeys: telegram.cdn.dc.map { [API.CdnPublicKey(dcId: $0, publicKey: telegram.cdn.publicKey)] } ?? [])
    }
    on(API.HelpGetTermsOfServiceUpdate.self, access: .anyone) { telegram, _, _ in
      .helpTermsOfServiceUpdateEmpty(.init(expires: telegram.world.now + 86_400))
    }
    on(API.HelpAcceptTermsOfService.self) { _, _, _ in true }
    on(API.HelpGetInviteText.self) { _, _, _ in API.HelpInviteText(message: "Join me in the sandbox.") }
    on("help.getPromoData") { writer in
      writer.writeConstructor(0x98f6_ac75)  // help.promoDataEmpty
      writer.writeInt(.max)
    }
  }
}

extension Telegram {
  fileprivate func config(for caller: Caller) -> API.Config {
    API.Config(
      date: world.now, expires: world.now + 3600, testMode: false, thisDc: caller.dc,
      dcOptions: endpoints.map {
        API.DcOption(
          ipv6: $0.host.contains(":"), cdn: $0.id == cdn.dc, id: $0.id, ipAddress: $0.host, port: Int32($0.port))
      },
      dcTxtDomainName: "localhost", chatSizeMax: 200, megagroupSizeMax: 200_000, forwardedCountMax: 100,
      onlineUpdatePeriodMs: 210_000, offlineBlurTimeoutMs: 5000, offlineIdleTimeoutMs: 30_000,
      onlineCloudTimeoutMs: 300_000, notifyCloudDelayMs: 30_000, notifyDefaultDelayMs: 1500,
      pushChatPeriodMs: 60_000, pushChatLimit: 2, editTimeLimit: World.editTimeLimit,
      revokeTimeLimit: .max, revokePmTimeLimit: .max, ratingEDecay: 2_419_200, stickersRecentLimit: 200,
      channelsReadMediaPeriod: 604_800, callReceiveTimeoutMs: 20_000, callRingTimeoutMs: 90_000,
      callConnectTimeoutMs: 30_000, callPacketTimeoutMs: 10_000, meUrlPrefix: "https://t.me/",
      captionLengthMax: Int32(MessageText.maximumCaptionLength),
      messageLengthMax: Int32(MessageText.maximumLength), webfileDcId: world.homeDC)
  }
}
