// SPDX-License-Identifier: Apache-2.0

import Glibc
import KConnect
import Synchronization
import Testing

/// What these tests connect to: ordinary sockets of this process, on loopback, used the blocking way.
///
/// It listens until the process ends. A test may have no more use for it while a connection still has.
final class Listener: Sendable {
    private static let all = Mutex<[Listener]>([])

    /// Where it listens.
    let address: SocketAddress

    private let descriptor: Int32

    /// Listens at a host, on a port of the kernel's choice unless one is given; without a backlog it only holds the port.
    init(_ host: String = "127.0.0.1", port: UInt16 = 0, backlog: Int32? = 4096, fastOpen: Bool = false) throws {
        let wanted = try #require(SocketAddress(host, port: port))
        let descriptor = try makeSocket(wanted.family)
        self.descriptor = descriptor
        if fastOpen { try setOption(descriptor, Int32(IPPROTO_TCP), 23, Int32(256)) }
        let bound = withSockaddr(wanted) { Glibc.bind(descriptor, $0, $1) }
        try #require(bound == 0, "errno \(errno)")
        if let backlog { try #require(listen(descriptor, backlog) == 0, "errno \(errno)") }
        address = try #require(localAddress(descriptor))
        Self.all.withLock { $0.append(self) }
    }

    /// The next connection.
    func accept() throws -> Connection {
        let connection = Glibc.accept(descriptor, nil, nil)
        try #require(connection >= 0, "errno \(errno)")
        return try Connection(connection)
    }
}

/// The peer's end of a connection.
final class Connection: Sendable {
    private let descriptor: Int32

    fileprivate init(_ descriptor: Int32) throws {
        self.descriptor = descriptor
        try limitWaiting(descriptor)
    }

    /// Connects as any program would.
    init(to remote: SocketAddress) throws {
        let descriptor = try makeSocket(remote.family)
        self.descriptor = descriptor
        let connected = withSockaddr(remote) { Glibc.connect(descriptor, $0, $1) }
        try #require(connected == 0, "errno \(errno)")
    }

    deinit { Glibc.close(descriptor) }

    /// So many bytes, or as many as there are until the end.
    func receive(_ count: Int = .max) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let part = [UInt8](unsafeUninitializedCapacity: min(count - all.count, 1 << 16)) { buffer, initialized in
                initialized = max(recv(descriptor, buffer.baseAddress, buffer.count, 0), 0)
            }
            if part.isEmpty { break }
            all += part
        }
        return all
    }

    /// Sends bytes.
    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// Whether the connection ends with a RST, and not with a FIN.
    func isReset() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = recv(descriptor, &byte, 1, 0)
            if count <= 0 { return count < 0 && errno == ECONNRESET }
        }
    }
}

/// An address that answers nothing: a listener's whose queue is full, where the kernel drops what asks for more.
struct SilentPeer {
    /// Where nobody answers.
    let address: SocketAddress

    init(_ host: String = "127.0.0.1") throws {
        address = try Listener(host, backlog: 0).address
        // The one that fills the queue stays in it, closed or not.
        _ = try Connection(to: address)
    }
}

/// An address at which nobody listens. It stays taken, so that nobody else will.
func closedPort(_ host: String = "127.0.0.1") throws -> SocketAddress {
    try Listener(host, backlog: nil).address
}

/// Text of loopback addresses, of both families.
let loopbacks = ["127.0.0.1", "::1"]

/// Bytes that would show if they were out of order.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
}

private func makeSocket(_ family: SocketAddress.Family) throws -> Int32 {
    let descriptor = Glibc.socket(Int32(family.rawValue), Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    try limitWaiting(descriptor)
    return descriptor
}

/// Nothing here waits for ever.
private func limitWaiting(_ descriptor: Int32) throws {
    try setOption(descriptor, SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: 30, tv_usec: 0))
}

private func setOption<Value: BitwiseCopyable>(
    _ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Value
) throws {
    let result = withUnsafeBytes(of: value) {
        setsockopt(descriptor, level, name, $0.baseAddress, socklen_t($0.count))
    }
    try #require(result == 0, "errno \(errno)")
}

private func withSockaddr<Result>(
    _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result
) -> Result {
    withUnsafeTemporaryAllocation(byteCount: 28, alignment: 8) { buffer in
        address.encode(into: buffer)
        return body(
            buffer.baseAddress.map { UnsafePointer($0.assumingMemoryBound(to: sockaddr.self)) },
            socklen_t(address.encodedCount))
    }
}

private func localAddress(_ descriptor: Int32) -> SocketAddress? {
    withUnsafeTemporaryAllocation(byteCount: 28, alignment: 8) { buffer in
        var length = socklen_t(buffer.count)
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self),
            getsockname(descriptor, base, &length) == 0
        else { return nil }
        return SocketAddress(sockaddr: UnsafeRawBufferPointer(buffer).bytes)
    }
}
