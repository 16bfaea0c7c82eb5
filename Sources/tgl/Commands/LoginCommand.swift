import ArgumentParser
import Foundation
import Logging
import TGLCore
import TL
import TelegramClient

struct LoginCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login",
    abstract: "Sign in to Telegram as your account.",
    discussion: """
      Asks for the phone number, the code Telegram sends, and the two-step verification password if there is one. \
      At a terminal codes and passwords are not shown; when standard input is no terminal, each answer is read as a line.

      With --qr nothing is typed but that password: a code is drawn, which Telegram on your phone scans (Settings > \
      Devices > Link Desktop Device), and drawn anew before it ends. Where no colours are wanted, or standard error is \
      no terminal, the link that the code stands for is told too.

      API_ID and API_HASH must be set: make them at https://my.telegram.org under "API development tools".

      EXAMPLES
        tgl login
        tgl login --qr
        tgl login --status --json
        printf '%s\\n' "$PHONE" "$CODE" | tgl login
        tgl login --logout

      EXIT STATUS
        0 signed in; 66 standard input ended; 69 Telegram cannot be reached; 75 'tgl run' is running, or too many \
      attempts; 77 not signed in; 78 wrong settings; 130 interrupted.
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: ArgumentHelp("The account's phone number, in international form.", valueName: "number"))
  var phone: String?

  @Flag(help: "Draw a QR code to be scanned with Telegram on your phone, instead of asking for phone number and code.")
  var qr = false

  @Flag(help: "Say who is signed in, on which data centre.")
  var status = false

  @Flag(help: "End the session on the server and forget it.")
  var logout = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if status && logout { throw ValidationError("'--status' and '--logout' exclude each other") }
    if qr, let other = [("--phone", phone != nil), ("--status", status), ("--logout", logout)].first(where: \.1) {
      throw ValidationError("'--qr' and '\(other.0)' exclude each other")
    }
  }

  func run() async throws {
    let settings = try AccountSettings(global.source())
    settings.warnings.forEach(Output.notice)
    if status { try requireSession(settings) }
    let root = try DataRoot(path: settings.dataRoot)
    // The key must not change under a running service; looking at it does no harm.
    let lock = status ? nil : try InstanceLock(root)
    defer { withExtendedLifetime(lock) {} }
    if qr {
      // A prompt ends the process itself when it is interrupted; while a code is shown there is none.
      try await Interruption.cancels { try await act(settings, root) }
    } else {
      try await act(settings, root)
    }
  }

  /// Looking changes nothing: where there is no session, none is made to say so.
  private func requireSession(_ settings: AccountSettings) throws {
    let root = DataRoot(existing: settings.dataRoot)
    guard FileManager.default.fileExists(atPath: root.sessionFile) else {
      throw AccountError.notSignedIn(path: root.sessionFile)
    }
  }

  private func act(_ settings: AccountSettings, _ root: DataRoot) async throws {
    // That a code was scanned is told by an update.
    try await Account.withClient(
      settings: settings, root: root, version: TGL.version, receivesUpdates: qr, callTimeout: .seconds(20),
      logger: loginLogger
    ) { [self] client, session in
      if logout {
        try await logOut(client, session, root)
      } else if status {
        guard try await session.home()?.authKey != nil else { throw AccountError.notSignedIn(path: root.sessionFile) }
        try await tell(SignedInUser.current(of: client, root: root), as: "Signed in")
      } else {
        try await signIn(client, session)
      }
    }
  }

  /// The dialogue is not to be mixed with what a connection reports in passing, and a drawing not to be moved by it.
  private var loginLogger: Logger {
    var logger = global.logger()
    if !global.debug { logger.logLevel = qr ? .error : .warning }
    return logger
  }

  private func signIn(_ client: TelegramClient, _ session: SessionFile) async throws {
    if let home = try await session.home(), home.authKey != nil, let user = try await currentUser(client) {
      return try await tell(SignedInUser(user, dc: client.homeDC()), as: "Already signed in")
    }
    let prompts = TerminalPrompts(phone: phone)
    let user =
      if qr {
        try await QRSignIn(client: client, prompts: prompts, display: LoginCodeScreen()).run()
      } else {
        try await SignIn(client: client, prompts: prompts).run()
      }
    try await tell(SignedInUser(user, dc: client.homeDC()), as: "Signed in")
  }

  /// Nil also for a session that the server has ended.
  private func currentUser(_ client: TelegramClient) async throws(TelegramError) -> API.User? {
    do throws(TelegramError) { return try await client.currentUser() } catch {
      if case .signIn = error.verdict { return nil }
      throw error
    }
  }

  private func logOut(_ client: TelegramClient, _ session: SessionFile, _ root: DataRoot) async throws {
    guard try await session.home()?.authKey != nil, try await currentUser(client) != nil else {
      // What is left of a session the server has ended is of no use.
      try await session.clear()
      throw AccountError.notSignedIn(path: root.sessionFile)
    }
    try await client.logOut()
    if json { try Output.json(["signed_in": false]) } else { print("Signed out.") }
  }

  private func tell(_ user: SignedInUser, as event: String) throws {
    if json { return try Output.json(user) }
    let names = [user.username.map { "@\($0)" }, "id \(user.id)", "DC\(user.dc)"].compactMap(\.self)
    print("\(event) as \(user.name) (\(names.joined(separator: ", "))).")
  }
}
