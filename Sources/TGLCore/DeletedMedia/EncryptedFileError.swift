import MTProtoCrypto

/// Why a file could not be encrypted or decrypted; each case names the file it is about.
public enum EncryptedFileError: Error, Equatable, Sendable {
  /// Too short to hold a nonce and a tag.
  case truncated(path: String, size: Int64)
  /// The key opened the beginning, so that it is the right one: the file was altered or cut after it was made.
  case damaged(path: String)
  /// The beginning is not what the file's name promises, so that the key is most likely another one.
  case wrongKey(path: String)
  /// A wrong key, or a file that was altered or cut: nothing tells which.
  case notAuthentic(path: String)
  /// More than AES-GCM can encrypt with one nonce.
  case tooLarge(path: String, size: Int64)
  /// Something has the name of the output, and was not to be replaced.
  case outputExists(path: String)
  /// The file changed while it was read.
  case changed(path: String)
  /// The system refused; `operation` is what was tried, as in "read".
  case system(path: String, operation: String, reason: String)
  /// The calling task was cancelled; nothing was left behind.
  case cancelled
}

extension EncryptedFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let path, let size):
      "\(path): truncated: \(size) bytes, and an encrypted file has at least \(EncryptedFile.overhead)"
    case .damaged(let path): "\(path): the key is right, but the file was altered or truncated"
    case .wrongKey(let path): "\(path): encrypted with another key"
    case .notAuthentic(let path): "\(path): encrypted with another key, or altered or truncated"
    case .tooLarge(let path, let size): "\(path): \(size) bytes are more than AES-GCM can encrypt"
    case .outputExists(let path): "\(path): exists already"
    case .changed(let path): "\(path): changed while it was read"
    case .system(let path, let operation, let reason): "\(path): cannot \(operation): \(reason)"
    case .cancelled: "interrupted"
    }
  }
}

extension EncryptedFileError {
  /// What went wrong on the way through the cipher.
  init(_ error: any Error, path: String) {
    switch error {
    case let error as EncryptedFileError: self = error
    case CryptoError.authenticationFailed: self = .notAuthentic(path: path)
    default: self = .system(path: path, operation: "encrypt or decrypt it", reason: "\(error)")
    }
  }

  /// The reason the system gives for the last call on this thread.
  static func last(_ operation: String, _ path: String) -> EncryptedFileError {
    .system(path: path, operation: operation, reason: SystemReason.last())
  }
}
