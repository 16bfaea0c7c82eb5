import MTProto
import NIOCore
import TL

/// A code on its way to the person.
struct SentCode: Sendable {
  enum Outcome: Sendable {
    case code(SentCode)
    /// No code is needed.
    case alreadySignedIn(API.AnyAuthAuthorization)
  }

  let request: CodeRequest
  /// Names the code when it is checked.
  let hash: String

  /// Telegram's answer to a request for a code; throws where the code is out of reach.
  static func outcome(_ sent: API.AnyAuthSentCode, phone: String) throws(SignInError) -> Outcome {
    switch sent {
    case .authSentCode(let sent):
      let delivery = CodeDelivery(sent.type)
      switch delivery {
      case .emailSetUpRequired, .unknown: throw .codeUnavailable(delivery)
      default: break
      }
      let request = CodeRequest(
        phone: phone, delivery: delivery, next: sent.nextType.map(NextCodeDelivery.init),
        timeout: sent.timeout.map { .seconds($0) })
      return .code(SentCode(request: request, hash: sent.phoneCodeHash))
    case .authSentCodeSuccess(let success): return .alreadySignedIn(success.authorization)
    case .authSentCodePaymentRequired(let payment):
      throw .paymentRequired(supportEmail: payment.supportEmailAddress)
    case .other(let raw): throw .codeUnavailable(.unknown(raw.name ?? "?"))
    }
  }

  /// Blanks between the words of a phrase belong to it.
  var isPhrase: Bool { if case .smsPhrase = request.delivery { true } else { false } }

  /// The call that checks `answer`.
  func signIn(answer: String) throws(TelegramError) -> API.AuthSignIn {
    guard case .email = request.delivery else {
      return API.AuthSignIn(phoneNumber: request.phone, phoneCodeHash: hash, phoneCode: answer)
    }
    do throws(TLError) {
      return API.AuthSignIn(
        phoneNumber: request.phone, phoneCodeHash: hash, emailVerification: try Self.emailVerification(answer))
    } catch { throw .decoding(error, method: API.AuthSignIn.name) }
  }

  /// `emailVerificationCode#922e55a9 code:string = EmailVerification`.
  private static func emailVerification(_ code: String) throws(TLError) -> TLRaw {
    var writer = TLWriter()
    writer.writeConstructor(0x922e_55a9)
    writer.writeString(code)
    return try TLRaw(decoding: writer.buffer)
  }
}
