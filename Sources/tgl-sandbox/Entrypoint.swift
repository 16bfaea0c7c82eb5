import ArgumentParser

@main
struct SandboxCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tgl-sandbox",
    abstract: "A Telegram on this machine, for tests: data centres, accounts and chats.",
    subcommands: [Serve.self, Demo.self])
}
