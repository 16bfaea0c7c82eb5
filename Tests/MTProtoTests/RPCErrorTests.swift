import MTProto
import Testing

@Suite struct RPCErrorTests {
  private static let cases: [(Int32, String, String, Int?, RPCError.Kind)] = [
    (420, "FLOOD_WAIT_42", "FLOOD_WAIT", 42, RPCError.Kind.floodWait(.seconds(42))),
    (420, "FLOOD_PREMIUM_WAIT_3", "FLOOD_PREMIUM_WAIT", 3, .floodWait(.seconds(3))),
    (420, "SLOWMODE_WAIT_10", "SLOWMODE_WAIT", 10, .slowModeWait(.seconds(10))),
    (303, "PHONE_MIGRATE_4", "PHONE_MIGRATE", 4, .migrate(.phone, dc: 4)),
    (303, "FILE_MIGRATE_5", "FILE_MIGRATE", 5, .migrate(.file, dc: 5)),
    (303, "NETWORK_MIGRATE_1", "NETWORK_MIGRATE", 1, .migrate(.network, dc: 1)),
    (400, "FILE_PART_7_MISSING", "FILE_PART_X_MISSING", 7, .other),
    (400, "FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_EXPIRED", nil, .fileReferenceExpired),
    (400, "FILE_REFERENCE_EMPTY", "FILE_REFERENCE_EMPTY", nil, .fileReferenceExpired),
    (400, "FILE_REFERENCE_3_EXPIRED", "FILE_REFERENCE_X_EXPIRED", 3, .fileReferenceExpired),
    (400, "FILE_REFERENCE_0_INVALID", "FILE_REFERENCE_X_INVALID", 0, .fileReferenceExpired),
    (401, "AUTH_KEY_UNREGISTERED", "AUTH_KEY_UNREGISTERED", nil, .unauthorized),
    (401, "SESSION_PASSWORD_NEEDED", "SESSION_PASSWORD_NEEDED", nil, .other),
    (406, "AUTH_KEY_DUPLICATED", "AUTH_KEY_DUPLICATED", nil, .unauthorized),
    (500, "INTERDC_2_CALL_ERROR", "INTERDC_X_CALL_ERROR", 2, .serverFailure),
    (400, "2FA_CONFIRM_WAIT_86400", "2FA_CONFIRM_WAIT", 86_400, .other),
    (420, "FLOOD_WAIT_99999999999999999999", "FLOOD_WAIT_99999999999999999999", nil, .other),
    (420, "FLOOD_WAIT_9000000000", "FLOOD_WAIT", 9_000_000_000, .floodWait(.seconds(Int64(Int32.max)))),
    (400, "42", "X", 42, .other), (400, "", "", nil, .other), (400, "_", "_", nil, .other),
  ]

  @Test(arguments: cases)
  func nameAndNumberAreTakenApart(code: Int32, message: String, name: String, argument: Int?, kind: RPCError.Kind) {
    let error = RPCError(code: code, message: message)
    #expect(error.name == name)
    #expect(error.argument == argument)
    #expect(error.kind == kind)
    #expect(error.message == message)
  }
}
