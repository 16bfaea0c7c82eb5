import MTProto
import MTProtoCrypto
import NIOCore
import TL

/// Two-step verification: asks for the password and proves that it is known without sending it.
///
/// Source: core.telegram.org/api/srp, "Checking the password with SRP".
struct PasswordCheck {
  let client: TelegramClient
  let prompts: any SignInPrompts

  func run() async throws(SignInError) -> API.AnyAuthAuthorization {
    var stale = 0
    var wrong = 0
    var password: String?
    while true {
      let state = try await call(API.AccountGetPassword())
      let answer: String
      if let password {
        answer = password
      } else {
        do {
          answer = try await prompts.password(hint: state.hint, isRetry: wrong > 0)
        } catch { throw .prompting(error) }
      }
      password = nil
      let proof = try await prove(answer, to: state)
      do throws(TelegramError) {
        return try await client.invoke(API.AuthCheckPassword(password: .inputCheckPasswordSRP(proof)))
      } catch {
        switch error.refusal?.name {
        case "PASSWORD_HASH_INVALID":
          wrong += 1
          guard wrong < SignIn.attempts else { throw .tooManyAttempts("passwords") }
        case "SRP_ID_INVALID" where stale < 2:
          // Too slow: the server's values are used up. The answer is still good.
          stale += 1
          password = answer
        default: throw SignInError(error, phone: "")
        }
      }
    }
  }

  private func call<Function: TLFunction>(_ function: Function) async throws(SignInError) -> Function.Response {
    do throws(TelegramError) { return try await client.invoke(function) } catch {
      throw SignInError(error, phone: "")
    }
  }

  private func prove(
    _ password: String, to state: API.AccountPassword
  ) async throws(SignInError) -> API.InputCheckPasswordSRP {
    guard case .passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(let algorithm) = state.currentAlgo,
      let serverB = state.srpB, let id = state.srpId
    else { throw .passwordAlgorithmUnknown }
    let parameters = SRP.Parameters(
      salt1: Array(algorithm.salt1.readableBytesView), salt2: Array(algorithm.salt2.readableBytesView),
      generator: algorithm.g, prime: Array(algorithm.p.readableBytesView))
    var random = client.environment.random
    do throws(CryptoError) {
      let proof = try SRP.prove(
        password: password, parameters: parameters, serverB: Array(serverB.readableBytesView), using: &random)
      return API.InputCheckPasswordSRP(srpId: id, a: ByteBuffer(bytes: proof.a), m1: ByteBuffer(bytes: proof.m1))
    } catch { throw .unsafePasswordCheck(error.description) }
  }
}
