// SPDX-License-Identifier: Apache-2.0

import GenericNetlink
import Glibc

/// A socket option and its value, as `setsockopt` takes them (WskControlSocket).
public struct SocketOption: Hashable, Sendable {
    /// Which option: its level and its name.
    public struct Name: Hashable, Sendable {
        /// `SOL_SOCKET`, `IPPROTO_IP`, `IPPROTO_IPV6` or `IPPROTO_TCP`.
        public let level: UInt32
        /// The option's number at that level.
        public let name: UInt32

        /// The option of a level and a number.
        public init(level: UInt32, name: UInt32) {
            self.level = level
            self.name = name
        }

        /// `TCP_FASTOPEN`.
        public static let fastOpen = Name(level: tcp, name: 23)
        /// `TCP_NODELAY`.
        public static let noDelay = Name(level: tcp, name: UInt32(TCP_NODELAY))
        /// `SO_BINDTODEVICE`.
        public static let bindToDevice = Name(level: socket, name: UInt32(SO_BINDTODEVICE))
        /// `SO_MARK`.
        public static let mark = Name(level: socket, name: UInt32(SO_MARK))
        /// `SO_KEEPALIVE`.
        public static let keepAlive = Name(level: socket, name: UInt32(SO_KEEPALIVE))

        private static let tcp = UInt32(IPPROTO_TCP)
        private static let socket = UInt32(SOL_SOCKET)
    }

    enum Value: Hashable, Sendable {
        case none
        case integer(UInt32)
        case bytes([UInt8])
    }

    /// Which option it is.
    public let name: Name

    let value: Value

    private init(_ name: Name, integer: UInt32) {
        self.name = name
        value = .integer(integer)
    }

    /// The question for an option, without a value.
    init(asking name: Name) {
        self.name = name
        value = .none
    }

    /// Lets the data of the connect travel in the SYN (`TCP_FASTOPEN`, RFC 7413).
    ///
    /// Data in a SYN may arrive twice: **idempotent data only**.
    public static func fastOpen(_ on: Bool = true) -> SocketOption { SocketOption(.fastOpen, integer: on ? 1 : 0) }

    /// Sends small segments at once (`TCP_NODELAY`).
    public static func noDelay(_ on: Bool = true) -> SocketOption { SocketOption(.noDelay, integer: on ? 1 : 0) }

    /// Uses one network interface only (`SO_BINDTODEVICE`).
    public static func bindToDevice(_ interface: String) -> SocketOption {
        SocketOption(.bindToDevice, bytes: Array(interface.utf8) + [0])
    }

    /// Marks every packet, for routing and filters (`SO_MARK`).
    public static func mark(_ mark: UInt32) -> SocketOption { SocketOption(.mark, integer: mark) }

    /// Probes a silent peer (`SO_KEEPALIVE`).
    public static func keepAlive(_ on: Bool = true) -> SocketOption { SocketOption(.keepAlive, integer: on ? 1 : 0) }

    /// Any other option, with its value in the layout that `setsockopt` wants.
    public init(_ name: Name, bytes: [UInt8]) {
        self.name = name
        value = .bytes(bytes)
    }

    /// Any other option whose value is a 32-bit integer.
    public init(_ name: Name, value: Int32) {
        self.init(name, integer: UInt32(bitPattern: value))
    }
}
