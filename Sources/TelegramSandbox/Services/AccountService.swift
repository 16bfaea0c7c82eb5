import NIOCore
import TL

/// `account.*`.
extension Dispatcher {
  mutating func registerAccount() {
    on(API.AccountGetPassword.self, access: .anyone) { telegram, caller, _ in try telegram.password(caller) }
    on(API.AccountUpdateStatus.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      telegram.world.setOnline(!request.offline, user: viewer)
      return true
    }
    on(API.AccountGetAuthorizations.self) { telegram, caller, _ in try telegram.listAuthorizations(caller) }
    on("account.registerDevice") { $0.writeBool(true) }
    on("account.unregisterDevice") { $0.writeBool(true) }
    on("account.updateNotifySettings") { $0.writeBool(true) }
    on("account.getNotifySettings") { API.PeerNotifySettings().write(to: &$0) }
  }
}

extension Telegram {
  fileprivate func listAuthorizations(_ caller: Caller) throws(RPCFailure) -> API.AccountAuthorizations {
    let viewer = try caller.viewer()
    let own = authorizations.filter { $0.value.user == viewer && !$0.value.isRevoked && $0.key.dc == world.homeDC }
    return API.AccountAuthorizations(
      authorizationTtlDays: 180,
      authorizations: own.sorted { $0.value.createdAt < $1.value.createdAt }.map { address, authorization in
        let isCurrent = address.id == caller.authKeyID
        return describe(authorization, hash: isCurrent ? 0 : address.id, isCurrent: isCurrent)
      })
  }

  /// A device as the account's owner sees it.
  func describe(_ authorization: Authorization, hash: Int64, isCurrent: Bool = false) -> API.Authorization {
    API.Authorization(
      current: isCurrent, hash: hash, deviceModel: authorization.device?.model ?? "", platform: "",
      systemVersion: authorization.device?.systemVersion ?? "", apiId: authorization.device?.apiID ?? 0, appName: "",
      appVersion: authorization.device?.appVersion ?? "", dateCreated: authorization.createdAt,
      dateActive: authorization.activeAt, ip: "127.0.0.1", country: "", region: "")
  }
}
