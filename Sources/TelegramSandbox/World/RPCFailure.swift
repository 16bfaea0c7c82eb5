/// What a method answers instead of a result: `rpc_error`.
///
/// Source: "Error handling", core.telegram.org/api/errors, and each method's page for its names.
struct RPCFailure: Error, Hashable, Sendable, CustomStringConvertible {
  let code: Int32
  let message: String

  init(_ code: Int32, _ message: String) {
    self.code = code
    self.message = message
  }

  var description: String { "\(code) \(message)" }

  static let accessHashInvalid = RPCFailure(400, "PEER_ID_INVALID")
  static let authBytesInvalid = RPCFailure(400, "AUTH_BYTES_INVALID")
  static let authTokenAlreadyAccepted = RPCFailure(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
  static let authTokenExpired = RPCFailure(400, "AUTH_TOKEN_EXPIRED")
  static let authTokenInvalid = RPCFailure(400, "AUTH_TOKEN_INVALID")
  static let authKeyUnregistered = RPCFailure(401, "AUTH_KEY_UNREGISTERED")
  static let channelInvalid = RPCFailure(400, "CHANNEL_INVALID")
  static let channelPrivate = RPCFailure(400, "CHANNEL_PRIVATE")
  static let chatAdminRequired = RPCFailure(400, "CHAT_ADMIN_REQUIRED")
  static let chatForbidden = RPCFailure(403, "CHAT_WRITE_FORBIDDEN")
  static let chatForwardsRestricted = RPCFailure(400, "CHAT_FORWARDS_RESTRICTED")
  static let chatNotModified = RPCFailure(400, "CHAT_NOT_MODIFIED")
  static let chatIDInvalid = RPCFailure(400, "CHAT_ID_INVALID")
  static let dcIDInvalid = RPCFailure(400, "DC_ID_INVALID")
  static let entityBoundsInvalid = RPCFailure(400, "ENTITY_BOUNDS_INVALID")
  static let fileTokenInvalid = RPCFailure(400, "FILE_TOKEN_INVALID")
  static let requestTokenInvalid = RPCFailure(400, "REQUEST_TOKEN_INVALID")
  static let topicIDInvalid = RPCFailure(400, "TOPIC_ID_INVALID")
  static let topicTitleEmpty = RPCFailure(400, "TOPIC_TITLE_EMPTY")
  static let channelForumMissing = RPCFailure(400, "CHANNEL_FORUM_MISSING")
  static let ttlMediaInvalid = RPCFailure(400, "TTL_MEDIA_INVALID")
  static let stickerIDInvalid = RPCFailure(400, "STICKER_ID_INVALID")
  static let gifIDInvalid = RPCFailure(400, "GIF_ID_INVALID")
  static let fileIDInvalid = RPCFailure(400, "FILE_ID_INVALID")
  static let filePartInvalid = RPCFailure(400, "FILE_PART_INVALID")
  static let filePartsInvalid = RPCFailure(400, "FILE_PARTS_INVALID")
  static let fileReferenceEmpty = RPCFailure(400, "FILE_REFERENCE_EMPTY")
  static let fileReferenceExpired = RPCFailure(400, "FILE_REFERENCE_EXPIRED")
  static let inputRequestInvalid = RPCFailure(400, "INPUT_REQUEST_TOO_SHORT")
  static let limitInvalid = RPCFailure(400, "LIMIT_INVALID")
  static let locationInvalid = RPCFailure(400, "LOCATION_INVALID")
  static let mediaCaptionTooLong = RPCFailure(400, "MEDIA_CAPTION_TOO_LONG")
  static let mediaEmpty = RPCFailure(400, "MEDIA_EMPTY")
  static let mediaInvalid = RPCFailure(400, "MEDIA_INVALID")
  static let messageAuthorRequired = RPCFailure(403, "MESSAGE_AUTHOR_REQUIRED")
  static let messageDeleteForbidden = RPCFailure(403, "MESSAGE_DELETE_FORBIDDEN")
  static let messageEditTimeExpired = RPCFailure(400, "MESSAGE_EDIT_TIME_EXPIRED")
  static let messageEmpty = RPCFailure(400, "MESSAGE_EMPTY")
  static let messageIDInvalid = RPCFailure(400, "MESSAGE_ID_INVALID")
  static let messageNotModified = RPCFailure(400, "MESSAGE_NOT_MODIFIED")
  static let messageTooLong = RPCFailure(400, "MESSAGE_TOO_LONG")
  static let methodInvalid = RPCFailure(400, "METHOD_INVALID")
  static let msgIDInvalid = RPCFailure(400, "MSG_ID_INVALID")
  static let multiMediaTooLong = RPCFailure(400, "MULTI_MEDIA_TOO_LONG")
  static let offsetInvalid = RPCFailure(400, "OFFSET_INVALID")
  static let passwordHashInvalid = RPCFailure(400, "PASSWORD_HASH_INVALID")
  static let peerIDInvalid = RPCFailure(400, "PEER_ID_INVALID")
  static let persistentTimestampEmpty = RPCFailure(400, "PERSISTENT_TIMESTAMP_EMPTY")
  static let persistentTimestampInvalid = RPCFailure(400, "PERSISTENT_TIMESTAMP_INVALID")
  static let phoneCodeEmpty = RPCFailure(400, "PHONE_CODE_EMPTY")
  static let phoneCodeExpired = RPCFailure(400, "PHONE_CODE_EXPIRED")
  static let phoneCodeInvalid = RPCFailure(400, "PHONE_CODE_INVALID")
  static let phoneNotOccupied = RPCFailure(400, "PHONE_NOT_OCCUPIED")
  static let phoneNumberInvalid = RPCFailure(400, "PHONE_NUMBER_INVALID")
  static let phoneNumberUnoccupied = RPCFailure(400, "PHONE_NUMBER_UNOCCUPIED")
  static let randomIDDuplicate = RPCFailure(500, "RANDOM_ID_DUPLICATE")
  static let randomIDEmpty = RPCFailure(400, "RANDOM_ID_EMPTY")
  static let apiIDInvalid = RPCFailure(400, "API_ID_INVALID")
  static let sendCodeUnavailable = RPCFailure(406, "SEND_CODE_UNAVAILABLE")
  static let sessionPasswordNeeded = RPCFailure(401, "SESSION_PASSWORD_NEEDED")
  static let sessionRevoked = RPCFailure(401, "SESSION_REVOKED")
  static let srpIDInvalid = RPCFailure(400, "SRP_ID_INVALID")
  static let userAlreadyParticipant = RPCFailure(400, "USER_ALREADY_PARTICIPANT")
  static let userIDInvalid = RPCFailure(400, "USER_ID_INVALID")
  static let userNotParticipant = RPCFailure(400, "USER_NOT_PARTICIPANT")
  static let usernameInvalid = RPCFailure(400, "USERNAME_INVALID")
  static let usernameNotOccupied = RPCFailure(400, "USERNAME_NOT_OCCUPIED")

  static func floodWait(_ seconds: Int) -> RPCFailure { RPCFailure(420, "FLOOD_WAIT_\(seconds)") }
  static func phoneMigrate(_ dc: Int32) -> RPCFailure { RPCFailure(303, "PHONE_MIGRATE_\(dc)") }
  static func userMigrate(_ dc: Int32) -> RPCFailure { RPCFailure(303, "USER_MIGRATE_\(dc)") }
  static func fileMigrate(_ dc: Int32) -> RPCFailure { RPCFailure(303, "FILE_MIGRATE_\(dc)") }
  static func floodPremiumWait(_ seconds: Int) -> RPCFailure { RPCFailure(420, "FLOOD_PREMIUM_WAIT_\(seconds)") }
  static func filePartMissing(_ part: Int) -> RPCFailure { RPCFailure(400, "FILE_PART_\(part)_MISSING") }
}
