import ArgumentParser
import Foundation

@main
struct TLGen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tlgen",
    abstract: "Compiles a TL schema into Swift: the whole schema as a table, typed code for what is used.",
    discussion: """
      Telegram's schema text is not part of this repository; the table generated from it is, and serves as the source \
      when no --api (or no --mtproto) is given. So one more line in Sources/tlgen/used.txt needs no schema file.

      EXAMPLES
        tlgen generate                                 after a change of used.txt
        tlgen generate --api api.tl                    a new layer
        tlgen generate --api api.tl --mtproto mtproto.tl
        tlgen check                                    is the generated code current?
      """,
    subcommands: [Generate.self, Check.self])
}

struct Sources: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Telegram's API schema as TL text; a line of it names the layer (`// LAYER n`).", valueName: "file"))
  var api: String?
  @Option(help: ArgumentHelp("The schema of MTProto's own messages as TL text.", valueName: "file"))
  var mtproto: String?
  @Option(help: ArgumentHelp("The package's folder.", valueName: "directory"))
  var package = "."

  /// Path below the package and text of every generated file; nil for a file left from before.
  func files() throws -> [String: String?] {
    var files: [String: String?] = try Generator(package: package, apiPath: api, mtprotoPath: mtproto).files()
    for directory in Generator.directories {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: url(directory).path)) ?? []
      for name in names where files["\(directory)/\(name)"] == nil {
        files.updateValue(nil, forKey: "\(directory)/\(name)")
      }
    }
    return files
  }

  func url(_ path: String) -> URL { URL(filePath: package).appending(path: path) }
}

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Writes the generated Swift.")
  @OptionGroup var sources: Sources

  func run() throws {
    for (path, text) in try sources.files().sorted(by: { $0.key < $1.key }) {
      let url = sources.url(path)
      guard let text else {
        try FileManager.default.removeItem(at: url)
        print("\(path) removed")
        continue
      }
      if (try? String(contentsOf: url, encoding: .utf8)) == text { continue }
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
      print(path)
    }
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fails when the generated Swift is not what would be written.")
  @OptionGroup var sources: Sources

  func run() throws {
    let stale = try sources.files().filter { path, text in
      text == nil || (try? String(contentsOf: sources.url(path), encoding: .utf8)) != text
    }
    guard stale.isEmpty else {
      throw SchemaError(description: "not current, run 'make schema': \(stale.keys.sorted().joined(separator: ", "))")
    }
  }
}
