import ArgumentParser
import Foundation
import TGLCore

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the archive and the session, also while 'tgl run' is running.",
    discussion: """
      Makes a folder tgl-backup-YYYYmmddTHHMMSSZ with messages.db and user.session as they are at one moment, a list of \
      the media files (media.jsonl), and manifest.json, which is written last. A folder of that name is complete. \
      'tgl run' goes on writing meanwhile.

      The media files themselves come along with --media: as second names of the same files where the file system allows \
      it, which takes no room, as copies elsewhere.

      A backup holds the session: whoever can read it can act as the account. It is readable by its owner only.

      To restore: stop 'tgl run', put messages.db and user.session into DATA_ROOT/db (removing messages.db-wal and \
      messages.db-shm there) and the media folders into DATA_ROOT, and start 'tgl run': it receives what it missed.

      EXAMPLES
        tgl backup
        tgl backup --out /mnt/backup --media --verify --keep 7
        tgl backup --verify /mnt/backup/tgl-backup-20261101T120000Z

      EXIT STATUS
        0 done; 65 the backup, or the archive, is damaged; 66 there is no archive, or no backup at the folder given; 75 no \
      room, or the disk cannot be written; 78 wrong settings.
      """)

  @OptionGroup var global: GlobalOptions

  @Option(
    help: ArgumentHelp("Make the backup in this folder (default: DATA_ROOT/backups).", valueName: "dir"),
    completion: .directory)
  var out: String?

  @Flag(help: "Bring the media files along.")
  var media = false

  @Option(help: ArgumentHelp("Remove all but the newest of the backups in that folder.", valueName: "number"))
  var keep: Int?

  @Flag(help: "Check the backup against its manifest: the one that was made, or the folder given.")
  var verify = false

  @Argument(help: ArgumentHelp("With --verify: the backup to check instead of making one."), completion: .directory)
  var folder: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if folder != nil, !verify { throw ValidationError("a folder is given only with '--verify'") }
    if folder != nil, out != nil || media || keep != nil {
      throw ValidationError("'--out', '--media' and '--keep' are for making a backup, not for checking one")
    }
    if let keep, keep < 1 { throw ValidationError("'--keep \(keep)': at least one is kept") }
  }

  func run() async throws {
    if let folder {
      let manifest = try await ProgressLine(quiet: global.quiet).show {
        "checking \(folder)"
      } while: {
        try await BackupVerification.run(folder)
      }
      return try tell(folder, manifest, removed: [], isVerified: true)
    }
    let setting = try DataRootSetting(global.source())
    setting.warnings.forEach(Output.notice)
    var backup = DataBackup(root: DataRoot(existing: setting.path), folder: out, version: TGL.version)
    backup.includesMedia = media
    // What is older goes only when what is newer has proven good.
    backup.kept = keep
    let made = try await ProgressLine(quiet: global.quiet).show {
      "copying"
    } while: { [backup, verify] in
      try await backup.make { path in if verify { try BackupVerification.check(path) } }
    }
    try tell(made.path, made.manifest, removed: made.removed, isVerified: verify)
  }

  private func tell(_ path: String, _ manifest: BackupManifest, removed: [String], isVerified: Bool) throws {
    if json {
      return try Output.json(BackupResult(path: path, manifest: manifest, removed: removed, isVerified: isVerified))
    }
    if global.quiet { return }
    let bytes = manifest.files.reduce(0) { $0 + $1.size } + (manifest.media.isIncluded ? manifest.media.bytes : 0)
    print("\(path)\(isVerified ? ": sound" : "")")
    print("  \(manifest.messages) messages, \(manifest.deleted) of them deleted; \(bytes.asSize)")
    print(
      "  \(manifest.media.files) media files, \(manifest.media.bytes.asSize), "
        + (manifest.media.isIncluded ? "included" : "listed only; --media brings them along"))
    if manifest.media.missing > 0 { print("  \(manifest.media.missing) media files are not on the disk any more") }
    if !manifest.files.contains(where: { $0.name == "user.session" }) { print("  no session: nobody is signed in") }
    for path in removed { print("  removed \(path)") }
  }
}

/// The object `tgl backup --json` prints.
private struct BackupResult: Encodable {
  var path: String
  var manifest: BackupManifest
  var removed: [String]
  var isVerified: Bool

  enum CodingKeys: String, CodingKey {
    case path, manifest, removed
    case isVerified = "verified"
  }
}
