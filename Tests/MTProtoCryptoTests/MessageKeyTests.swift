import Testing

@testable import MTProtoCrypto

@Suite struct MessageKeyTests {
  /// Message keys as the documentation has them by Python's hashlib, the rest by Telethon 1.45 (`MTProtoState._calc_key`).
  ///
  /// The authorization key is `pattern(256, 5)`, the padded plaintext `pattern(64, 6)`.
  @Test(arguments: [
    (
      Side.client, "521014ed02d7525187cbfdeeb9b54b78",
      "640313cf57d04669402d971b9927a30a2e61aa5971b739017174bad3186efc08",
      "f8ffbfdfd455ee1a3b411321707f730ccc87746fd8804ba2fee6ad087f689fe8"
    ),
    (
      Side.server, "07047dd09b30ce4a428e4d90f80fd2f9",
      "46fa29cdcb0b0582ab6cfea9cac41fb32e1fa3c108ac1b269fe81010ca0fd328",
      "bd9cfede7d2e43d95856707b086b90bf58e75f547b55a6cb3c2f7127c3c809ac"
    ),
  ])
  func derivesWhatTelethonDerives(sender: Side, messageKey: String, key: String, iv: String) {
    let authKey = pattern(256, seed: 5)
    let computed = pattern(64, seed: 6).withUnsafeBytes {
      MessageKey.compute(authKey: authKey, sender: sender, plaintext: $0)
    }
    #expect(hex(computed) == messageKey)
    let derived = MessageKey.derive(authKey: authKey, messageKey: computed, sender: sender)
    #expect(hex(derived.key) == key)
    #expect(hex(derived.iv) == iv)
  }

  /// By Telethon 1.45's `helpers.generate_key_data_from_nonce`.
  @Test func temporaryKeyIsTelethons() {
    let (key, iv) = TemporaryAES.keyAndIV(newNonce: pattern(32, seed: 7), serverNonce: pattern(16, seed: 8))
    #expect(hex(key) == "e95cc42d8f8364da93ea02b71cd2dde330ec6da9fffc303fb9040f08bdacd6e7")
    #expect(hex(iv) == "1c32bbf73fc3edd57cd6b46cfc2d65d61628d00c1467509ff9ab5c3ef5ff61d7")
  }

  @Test func temporaryKeyIsThatOfTelegramsExample() {
    let (key, iv) = TemporaryAES.keyAndIV(
      newNonce: PublishedKeyExchange.newNonce, serverNonce: PublishedKeyExchange.serverNonce)
    #expect(key == PublishedKeyExchange.temporaryKey)
    #expect(iv == PublishedKeyExchange.temporaryIV)
  }

  @Test func eachSideIsTheOthersOther() {
    #expect(Side.client.other == .server)
    #expect(Side.server.other == .client)
  }
}
