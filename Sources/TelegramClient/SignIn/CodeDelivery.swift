import TL

/// Where a login code was sent, and what it looks like.
///
/// Source: core.telegram.org/api/auth, "auth.sentCodeType".
public enum CodeDelivery: Sendable, Equatable {
  /// In a service message to the account's other devices; of `length` digits.
  case app(length: Int)
  case sms(length: Int)
  /// Spoken by a caller.
  case call(length: Int)
  /// The number that calls is the code; it looks like `pattern`.
  case flashCall(pattern: String)
  /// The last `length` digits of a number that calls; it begins with `prefix`.
  case missedCall(prefix: String, length: Int)
  case email(pattern: String, length: Int)
  /// At fragment.com, where the anonymous number was bought.
  case fragment(url: String, length: Int)
  /// By SMS through Firebase, which only Telegram's own mobile applications can ask for.
  case firebase(length: Int)
  /// A word sent by SMS, which begins with `beginning`.
  case smsWord(beginning: String?)
  /// Several words sent by SMS, which begin with `beginning`.
  case smsPhrase(beginning: String?)
  /// Nowhere: the account needs a login e-mail address, to be set in an official application.
  case emailSetUpRequired
  /// A way this client does not know.
  case unknown(String)

  init(_ type: API.AnyAuthSentCodeType) {
    self =
      switch type {
      case .authSentCodeTypeApp(let type): .app(length: Int(type.length))
      case .authSentCodeTypeSms(let type): .sms(length: Int(type.length))
      case .authSentCodeTypeCall(let type): .call(length: Int(type.length))
      case .authSentCodeTypeFlashCall(let type): .flashCall(pattern: type.pattern)
      case .authSentCodeTypeMissedCall(let type): .missedCall(prefix: type.prefix, length: Int(type.length))
      case .authSentCodeTypeEmailCode(let type): .email(pattern: type.emailPattern, length: Int(type.length))
      case .authSentCodeTypeSetUpEmailRequired: .emailSetUpRequired
      case .authSentCodeTypeFragmentSms(let type): .fragment(url: type.url, length: Int(type.length))
      case .authSentCodeTypeFirebaseSms(let type): .firebase(length: Int(type.length))
      case .authSentCodeTypeSmsWord(let type): .smsWord(beginning: type.beginning)
      case .authSentCodeTypeSmsPhrase(let type): .smsPhrase(beginning: type.beginning)
      case .other(let raw): .unknown(raw.name ?? "#\(String(raw.constructor, radix: 16))")
      }
  }
}

extension CodeDelivery: CustomStringConvertible {
  /// As the end of "The code was sent ...".
  public var description: String {
    switch self {
    case .app: "to your other Telegram applications"
    case .sms: "by SMS"
    case .call: "by a call that speaks it"
    case .flashCall(let pattern): "by a call from a number like \(pattern); that number is the code"
    case .missedCall(let prefix, let length):
      "by a call from a number that begins with \(prefix); its last \(length) digits are the code"
    case .email(let pattern, _): "by e-mail to \(pattern)"
    case .fragment(let url, _): "to \(url)"
    case .firebase: "by SMS through Firebase"
    case .smsWord(let beginning): "by SMS; it is a word\(Self.hint(beginning))"
    case .smsPhrase(let beginning): "by SMS; it is a phrase\(Self.hint(beginning))"
    case .emailSetUpRequired: "nowhere: the account needs a login e-mail address first"
    case .unknown(let name): "in a way this client does not know (\(name))"
    }
  }

  private static func hint(_ beginning: String?) -> String {
    beginning.map { " that begins with “\($0)”" } ?? ""
  }
}

/// How a code can be sent once more.
public enum NextCodeDelivery: Sendable, Equatable {
  case sms
  case call
  case flashCall
  case missedCall
  case fragment
  case unknown

  init(_ type: API.AnyAuthCodeType) {
    self =
      switch type {
      case .authCodeTypeSms: .sms
      case .authCodeTypeCall: .call
      case .authCodeTypeFlashCall: .flashCall
      case .authCodeTypeMissedCall: .missedCall
      case .authCodeTypeFragmentSms: .fragment
      case .other: .unknown
      }
  }
}

extension NextCodeDelivery: CustomStringConvertible {
  public var description: String {
    switch self {
    case .sms: "by SMS"
    case .call: "by a call"
    case .flashCall: "by a flash call"
    case .missedCall: "by a missed call"
    case .fragment: "through Fragment"
    case .unknown: "in another way"
    }
  }
}
