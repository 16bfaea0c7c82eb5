import ArgumentParser
import Foundation
import TGLCore
import TelegramClient

/// Exit codes, by sysexits(3).
enum ExitStatus: Int32 {
  /// Some of several items; each has been named.
  case someFailed = 1
  case dataError = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case cannotCreate = 73
  case temporaryFailure = 75
  case noPermission = 77
  case configuration = 78
  case interrupted = 130
}

/// How a command's error is told: its lines, and the exit code.
struct CommandFailure: Error {
  let lines: [String]
  let status: ExitStatus

  init(_ error: any Error) {
    lines = error is CancellationError ? ["interrupted"] : "\(error)".split(separator: "\n").map(String.init)
    status = Self.status(of: error)
  }

  private static func status(of error: any Error) -> ExitStatus {
    switch error {
    case is SettingsError, is StartError: .configuration
    case is AccountError: .noPermission
    case let error as DataRootError: if case .unusable = error { .configuration } else { .temporaryFailure }
    case let error as SessionFileError: status(of: error)
    case let error as ArchiveError: status(of: error)
    case let error as SignInError: status(of: error)
    case let error as TelegramError: status(of: error)
    case let error as LegacyError: status(of: error)
    case let error as BackupError: if case .notABackup = error { .noInput } else { .dataError }
    case is PromptError, is UnknownPeer: .noInput
    case let error as ExportError: if case .unknownChat = error { .noInput } else { .cannotCreate }
    case let error as EncryptedFileError: if case .outputExists = error { .cannotCreate } else { .someFailed }
    case is CancellationError: .interrupted
    default: .software
    }
  }

  private static func status(of error: SessionFileError) -> ExitStatus {
    switch error {
    case .busy, .unwritable: .temporaryFailure
    case .exposed: .configuration
    case .unreadable, .foreign, .tooNew, .tooOld: .dataError
    }
  }

  private static func status(of error: ArchiveError) -> ExitStatus {
    switch error {
    case .missing: .noInput
    case .busy, .full, .noRoom, .readOnly, .io: .temporaryFailure
    case .corrupt: .dataError
    case .inaccessible, .newerSchema, .olderSchema, .skipsVersions, .legacyLayout, .otherAccount: .configuration
    case .failed: .software
    }
  }

  private static func status(of error: LegacyError) -> ExitStatus {
    switch error {
    case .noArchive: .noInput
    case .notPython: .dataError
    case .inUse: .temporaryFailure
    case .incomplete: .software
    }
  }

  private static func status(of error: SignInError) -> ExitStatus {
    switch error {
    case .client(let error): status(of: error)
    case .prompt(let error): status(of: error)
    case .cancelled: .interrupted
    case .flood: .temporaryFailure
    default: .noPermission
    }
  }

  private static func status(of error: TelegramError) -> ExitStatus {
    switch error {
    case .unauthorized, .authKeyLost: .noPermission
    case .unreachable, .keyExchange, .timeout, .rpc, .decoding: .unavailable
    case .floodWait: .temporaryFailure
    case .store: .dataError
    case .file: .noInput
    case .cancelled, .closed: .interrupted
    case .unknownPeer, .unknownUsername: .configuration
    }
  }
}
