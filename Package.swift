// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "kconnect",
    products: [
        .library(name: "KConnect", targets: ["KConnect"]),
        .executable(name: "kconnect", targets: ["kconnect"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(
            name: "CNetlink", pkgConfig: "libnl-genl-3.0", providers: [.apt(["libnl-genl-3-dev"])]),
        .systemLibrary(name: "CKConnect"),
        .target(name: "GenericNetlink", dependencies: ["CNetlink"], swiftSettings: settings),
        .target(name: "KConnect", dependencies: ["GenericNetlink", "CKConnect"], swiftSettings: settings),
        .target(
            name: "KConnectCommands",
            dependencies: ["KConnect", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings),
        .executableTarget(name: "kconnect", dependencies: ["KConnectCommands"], swiftSettings: settings),

        .testTarget(
            name: "GenericNetlinkTests", dependencies: ["GenericNetlink", "CNetlink"], swiftSettings: settings),
        .testTarget(name: "KConnectTests", dependencies: ["KConnect"], swiftSettings: settings),
        .testTarget(
            name: "KConnectCommandsTests", dependencies: ["KConnectCommands", "KConnect"], swiftSettings: settings),
        .testTarget(name: "KConnectGuestTests", dependencies: ["KConnect"], swiftSettings: settings),
    ]
)
