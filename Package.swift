// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Settings every Swift target shares.
///
/// `TGL_WERROR=1`, which `make` sets in CI, turns warnings into errors.
let swiftSettings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
  + (ProcessInfo.processInfo.environment["TGL_WERROR"] == "1" ? [.treatAllWarnings(as: .error)] : [])

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
  name: "tgl",
  products: [
    .executable(name: "tgl", targets: ["tgl"]),
    .executable(name: "tgl-sandbox", targets: ["tgl-sandbox"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
  ],
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),
    .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CAESIGE", dependencies: ["COpenSSL"]),
    .target(name: "TL", dependencies: [nioCore], swiftSettings: swiftSettings),
    .target(name: "MTProtoCrypto", dependencies: ["COpenSSL", "CAESIGE"], swiftSettings: swiftSettings),
    .target(name: "MTProto", dependencies: ["TL", "MTProtoCrypto", "CZlib", nioCore], swiftSettings: swiftSettings),
    .target(
      name: "TelegramClient",
      dependencies: ["MTProto", "TL", "MTProtoCrypto", "CLinux", nioCore, nioPosix, logging, metrics],
      swiftSettings: swiftSettings),
    .target(
      name: "TGLCore",
      dependencies: [
        "TelegramClient", "TL", "MTProto", "MTProtoCrypto", grdb, sqlite, logging, metrics, serviceLifecycle,
        unixSignals, nioCore, nioPosix, nioHTTP1, hummingbird, "CLinux",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "TelegramSandbox",
      dependencies: ["MTProto", "TL", "MTProtoCrypto", nioCore, nioPosix, nioHTTP1, logging],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "tgl",
      dependencies: ["TGLCore", "TelegramClient", "CLinux", "CQREncode", "CReadline", argumentParser, logging],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "tgl-sandbox",
      dependencies: ["TelegramSandbox", argumentParser, logging],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "tgl-bench",
      dependencies: ["TGLCore", "TelegramClient", "TelegramSandbox", "TL", "MTProto", argumentParser],
      path: "Benchmarks/tgl-bench", swiftSettings: swiftSettings),
    .executableTarget(
      name: "tlgen", dependencies: [argumentParser], exclude: ["used.txt"], swiftSettings: swiftSettings),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .testTarget(name: "TLTests", dependencies: ["TL", "TestSupport", nioCore], swiftSettings: swiftSettings),
    .testTarget(
      name: "MTProtoCryptoTests", dependencies: ["MTProtoCrypto", "CAESIGE", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTProtoTests", dependencies: ["MTProto", "TL", "MTProtoCrypto", "TestSupport", nioCore],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TelegramClientTests",
      dependencies: [
        "TelegramClient", "MTProto", "TL", "MTProtoCrypto", "TestSupport", nioCore, nioPosix, nioEmbedded, logging,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TGLCoreTests",
      dependencies: [
        "TGLCore", "TelegramClient", "MTProto", "TL", "MTProtoCrypto", "TestSupport", grdb, logging, metrics, nioCore,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "TGLCore", "TelegramClient", "MTProto", "TL", "MTProtoCrypto", "TestSupport", grdb, logging, nioCore,
      ],
      exclude: ["Link"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TelegramSandboxTests",
      dependencies: ["TelegramSandbox", "MTProto", "TL", "MTProtoCrypto", "TestSupport", nioCore, logging],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LinkSimulationTests",
      dependencies: ["TelegramClient", "TelegramSandbox", "MTProto", "TL", "MTProtoCrypto", "TestSupport", nioCore],
      path: "Tests/SimulationTests/Link", swiftSettings: swiftSettings),
  ]
)
