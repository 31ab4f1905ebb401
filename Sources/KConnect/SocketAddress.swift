// SPDX-License-Identifier: Apache-2.0

import GenericNetlink
import Glibc

/// An IPv4 or IPv6 address with a port, as `struct sockaddr_in` and `struct sockaddr_in6` hold it.
public struct SocketAddress: Hashable, Sendable {
    /// The family of an address, and of the sockets that can use it.
    public enum Family: Hashable, Sendable {
        /// IPv4, `AF_INET`.
        case ipv4
        /// IPv6, `AF_INET6`.
        case ipv6

        /// `AF_INET` or `AF_INET6`.
        public var rawValue: UInt32 { self == .ipv4 ? UInt32(AF_INET) : UInt32(AF_INET6) }
    }

    /// The family.
    public let family: Family

    /// The port, in the machine's byte order; 0 leaves it to the kernel.
    public var port: UInt16

    /// The interface that a link-local IPv6 address belongs to (`sin6_scope_id`); 0 if none, and for IPv4.
    public var scope: UInt32 = 0

    // The address as one number, most significant byte first; an IPv4 address is in the lowest 32 bits.
    private var upper: UInt64
    private var lower: UInt64

    /// Any local address of a family, with a port that the kernel chooses when it connects.
    public static func wildcard(_ family: Family, port: UInt16 = 0) -> SocketAddress {
        SocketAddress(family: family, port: port, scope: 0, upper: 0, lower: 0)
    }

    /// An address of text such as "192.0.2.1", "2001:db8::1" or "fe80::1%eth0"; nil if it is none.
    ///
    /// Names are not looked up.
    public init?(_ text: some StringProtocol, port: UInt16) {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let numeric = parts.first.map({ String($0) }) else { return nil }
        var v4 = in_addr()
        if parts.count == 1, inet_pton(AF_INET, numeric, &v4) == 1 {
            let address = UInt32(bigEndian: v4.s_addr)
            self.init(family: .ipv4, port: port, scope: 0, upper: 0, lower: UInt64(address))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, numeric, &v6) == 1 else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            let name = String(parts[1])
            scope = UInt32(name) ?? if_nametoindex(name)
            guard scope != 0 else { return nil }
        }
        let (upper, lower) = withUnsafeBytes(of: v6) { Self.words($0, 0) }
        self.init(family: .ipv6, port: port, scope: scope, upper: upper, lower: lower)
    }

    /// An address of text with a port, such as "192.0.2.1:80" or "[2001:db8::1]:80": what ``description`` prints.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let address = SocketAddress(host.dropFirst().dropLast(), port: port), address.family == .ipv6 else {
                return nil
            }
            self = address
        } else {
            guard let address = SocketAddress(host, port: port), address.family == .ipv4 else { return nil }
            self = address
        }
    }

    /// The address in the bytes of a `struct sockaddr_in` or `sockaddr_in6`; nil if it is neither, or too short.
    public init?(sockaddr bytes: RawSpan) {
        self.init(reading: bytes)
    }

    /// The bytes that ``encode(into:)`` writes: 16 of a `sockaddr_in`, 28 of a `sockaddr_in6`.
    public var encodedCount: Int { family == .ipv4 ? 16 : 28 }

    /// Writes a `struct sockaddr_in` or `sockaddr_in6` into the first ``encodedCount`` bytes of a buffer.
    public func encode(into buffer: UnsafeMutableRawBufferPointer) {
        buffer.storeBytes(of: UInt16(family.rawValue), as: UInt16.self)
        buffer.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        switch family {
        case .ipv4:
            buffer.storeBytes(of: UInt32(truncatingIfNeeded: lower).bigEndian, toByteOffset: 4, as: UInt32.self)
            buffer.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
        case .ipv6:
            buffer.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
            buffer.storeBytes(of: upper.bigEndian, toByteOffset: 8, as: UInt64.self)
            buffer.storeBytes(of: lower.bigEndian, toByteOffset: 16, as: UInt64.self)
            buffer.storeBytes(of: scope, toByteOffset: 24, as: UInt32.self)
        }
    }

    private init(family: Family, port: UInt16, scope: UInt32, upper: UInt64, lower: UInt64) {
        self.family = family
        self.port = port
        self.scope = scope
        self.upper = upper
        self.lower = lower
    }

    private init?(reading bytes: RawSpan) {
        guard let family = bytes.load(UInt16.self), let port = bytes.load(UInt16.self, at: 2) else { return nil }
        switch UInt32(family) {
        case Family.ipv4.rawValue:
            guard let address = bytes.load(UInt32.self, at: 4) else { return nil }
            self.init(
                family: .ipv4, port: UInt16(bigEndian: port), scope: 0, upper: 0,
                lower: UInt64(UInt32(bigEndian: address)))
        case Family.ipv6.rawValue:
            guard let scope = bytes.load(UInt32.self, at: 24) else { return nil }
            let (upper, lower) = bytes.withUnsafeBytes { Self.words($0, 8) }
            self.init(family: .ipv6, port: UInt16(bigEndian: port), scope: scope, upper: upper, lower: lower)
        default: return nil
        }
    }

    private static func words(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> (UInt64, UInt64) {
        (
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        )
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The address without its port: "192.0.2.1", "fe80::1%2".
    public var host: String {
        withUnsafeTemporaryAllocation(byteCount: 28, alignment: 8) { sockaddr in
            encode(into: sockaddr)
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
                let address = sockaddr.baseAddress?.advanced(by: family == .ipv4 ? 4 : 8)
                guard let base = text.baseAddress, let address,
                    inet_ntop(Int32(family.rawValue), address, base, socklen_t(text.count)) != nil
                else { return "?" }
                return scope == 0 ? String(cString: base) : String(cString: base) + "%\(scope)"
            }
        }
    }

    /// "192.0.2.1:80", "[2001:db8::1]:80".
    public var description: String {
        family == .ipv4 ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}
