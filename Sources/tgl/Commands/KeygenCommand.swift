import ArgumentParser
import Foundation
import TGLCore

struct KeygenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract: "Make a key for recovered media, or check the one that is set.",
    discussion: """
      The key is 32 random bytes in base64. Keep a copy of it somewhere else: without it nobody can open what was \
      encrypted with it.

      EXAMPLES
        tgl keygen --out key.txt                  a file for DELETED_MEDIA_KEY_FILE
        tgl keygen --env >> tgl.env               a line for the env file
        tgl keygen --check                        is the key that is set well formed?
        tgl keygen --check photo.jpg.enc          does it open this file?

      EXIT STATUS
        0 done; 1 some files cannot be opened; 65 none of the files can be opened; 66 there is no such file; 73 the file \
      exists; 78 no key, or wrong settings.
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: "With --check: encrypted files to open.", completion: .file())
  var files: [String] = []

  @Option(
    help: ArgumentHelp("Write the key to this file, which only you can read.", valueName: "file"),
    completion: .file())
  var out: String?

  @Flag(help: "Replace the file of --out; what was encrypted with the key in it can then not be opened any more.")
  var force = false

  @Flag(help: "Write a line for an env file: DELETED_MEDIA_KEY_B64=…")
  var env = false

  @Flag(help: "Check the key that is set, make none.")
  var check = false

  @OptionGroup var keyOptions: KeyOptions

  @Flag(help: "Print JSON: one object, or with --check one for each file.")
  var json = false

  func validate() throws {
    if check, out != nil || force || env {
      throw ValidationError("'--check' makes no key: it excludes '--out', '--force' and '--env'")
    }
    if !check, !files.isEmpty { throw ValidationError("to check whether a key opens files, add '--check'") }
    if !check, keyOptions.keyFile != nil { throw ValidationError("'--key-file' needs '--check'") }
    if force, out == nil { throw ValidationError("'--force' needs '--out'") }
    if json, env { throw ValidationError("'--json' and '--env' exclude each other") }
  }

  func run() async throws {
    if check { return try await Interruption.cancels { try await checkKeys() } }
    let key = NewKey()
    guard let out, out != "-" else {
      if json { return try Output.json(["key": key.text.exposed]) }
      print(key.line(forEnvFile: env), terminator: "")
      if isatty(STDOUT_FILENO) == 1, !global.quiet { Output.notice(Self.advice) }
      return
    }
    do { try key.write(to: out, forEnvFile: env, replacing: force) } catch .outputExists {
      Output.notice("tgl: \(out): exists already; --force replaces it, and what its key encrypted is then lost")
      throw ExitCode(ExitStatus.cannotCreate.rawValue)
    }
    if json { return try Output.json(["key_file": out]) }
    if global.quiet { return }
    Output.notice(
      env
        ? "\(out): key written. Start tgl with '--env-file \(out)', or add its line to your env file. \(Self.backup)"
        : "\(out): key written. Set DELETED_MEDIA_KEY_FILE=\(out) and ENCRYPT_DELETED_MEDIA=true. \(Self.backup)")
  }

  private static let backup = "Keep a copy somewhere else: without it nobody can open what it encrypts."
  private static let advice = """
    Put it where only tgl reads it: in the env file as DELETED_MEDIA_KEY_B64=…, or in a file that \
    DELETED_MEDIA_KEY_FILE names ('tgl keygen --out FILE' writes one). Set ENCRYPT_DELETED_MEDIA=true to use it. \
    \(backup)
    """

  private func checkKeys() async throws {
    let keys = try keyOptions.keys(global.source())
    let count = keys.count == 1 ? "The key is" : "\(keys.count) keys are"
    if files.isEmpty {
      if json { try Output.json(["keys": keys.count]) } else { print("\(count) well formed.") }
      return
    }
    var failures: [DecryptionFailure] = []
    for file in files {
      let outcome: Result<Int, EncryptedFileError>
      do throws(EncryptedFileError) { outcome = .success(try await EncryptedFile.verify(file, keys: keys)) } catch {
        outcome = .failure(error)
      }
      switch outcome {
      case .success(let key):
        if json {
          try Output.json(Check(file: file, opens: true, key: key + 1))
        } else {
          print("\(file): opens\(keys.count > 1 ? " with key \(key + 1)" : "").")
        }
      case .failure(.cancelled): throw CancellationError()
      case .failure(let error):
        let failure = DecryptionFailure.file(error)
        failures.append(failure)
        if json {
          try Output.json(Check(file: file, opens: false, reason: failure.reason, message: "\(failure)"))
        } else {
          Output.notice("tgl: \(failure)")
        }
      }
    }
    guard !failures.isEmpty else { return }
    let isAll = failures.count == files.count
    let status: ExitStatus =
      isAll && failures.allSatisfy(\.isBadData)
      ? .dataError : isAll && failures.allSatisfy { $0.reason == "no_input" } ? .noInput : .someFailed
    throw ExitCode(status.rawValue)
  }
}

/// A line of `--check --json`.
private struct Check: Encodable {
  let file: String
  let opens: Bool
  /// The place of the key that opens it, from 1.
  var key: Int?
  var reason: String?
  var message: String?
}
