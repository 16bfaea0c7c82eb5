import MTProtoCrypto
import Testing

@Suite struct TelegramKeysTests {
  /// The fingerprints Telethon 1.45 computes for the keys it has; the first and the test key are the ones
  /// core.telegram.org/mtproto/auth_key and my.telegram.org name, 0xd09d1d85de64fd85 and 0xb25898df208d2603.
  @Test func fingerprintsAreThePublishedOnes() {
    #expect(
      TelegramKeys.production.map(\.fingerprint) == [
        Int64(bitPattern: 0xD09D_1D85_DE64_FD85), 847_625_836_280_919_973, 1_562_291_298_945_373_506,
        -5_859_577_972_006_586_033, 6_491_968_696_586_960_280,
      ])
    #expect(TelegramKeys.test.map(\.fingerprint) == [Int64(bitPattern: 0xB258_98DF_208D_2603)])
  }
}
