public import MTProtoCrypto
public import TL

/// Why a key exchange was broken off; nothing of it is used.
public enum KeyExchangeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A packet that is no plain message.
  case notPlain
  /// The TL value inside could not be read.
  case decoding(TLError)
  /// A value that may not come at this step.
  case unexpected
  case nonceMismatch
  case serverNonceMismatch
  /// `pq` is no product of two different primes of at most 64 bits.
  case notFactored
  /// None of the server's RSA keys is known: it is not the server it should be, or its key is missing.
  case unknownFingerprints([Int64])
  /// SHA-1 of an encrypted answer, or one of the `new_nonce_hash`es, does not fit.
  case hashMismatch
  /// A check of the security guidelines failed.
  case crypto(CryptoError)
  /// `server_DH_params_fail` or `dh_gen_fail`.
  case refused
  case tooManyRetries

  public var description: String {
    switch self {
    case .notPlain: "an encrypted message where a plain one was due"
    case .decoding(let error): "unreadable answer: \(error)"
    case .unexpected: "an answer that does not belong to this step"
    case .nonceMismatch: "the answer's nonce is not ours"
    case .serverNonceMismatch: "the answer's server nonce changed"
    case .notFactored: "pq could not be factored"
    case .unknownFingerprints(let fingerprints):
      "none of the server's RSA keys is known: \(fingerprints.map { String(UInt64(bitPattern: $0), radix: 16) }.joined(separator: ", "))"
    case .hashMismatch: "an answer's hash does not fit"
    case .crypto(let error): error.description
    case .refused: "the server refused"
    case .tooManyRetries: "the server asked for too many retries"
    }
  }
}

extension KeyExchangeError {
  /// Runs a step of TL reading or cryptography under this error type.
  static func wrap<T>(_ step: () throws -> T) throws(KeyExchangeError) -> T {
    do { return try step() } catch let error as CryptoError { throw .crypto(error) } catch let error as TLError {
      throw .decoding(error)
    } catch let error as KeyExchangeError { throw error } catch { throw .unexpected }
  }
}
