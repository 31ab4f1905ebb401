// SPDX-License-Identifier: Apache-2.0

import Dispatch
import GenericNetlink
import Glibc

/// Looks names up where waiting for an answer holds up nobody.
enum NameResolver {
    private static let queue = DispatchQueue(label: "kconnect.names", attributes: .concurrent)

    /// Calls `completion`, on a queue of its own, with the addresses of a name in the order in which to try them.
    static func resolve(
        _ name: String, port: UInt16, family: SocketAddress.Family?,
        _ completion: @escaping @Sendable (Result<[SocketAddress], KConnectError>) -> Void
    ) {
        queue.async { completion(lookUp(name, port: port, family: family)) }
    }

    /// Calls `completion` on the queue of the resolver after a while.
    static func after(_ time: Duration, _ completion: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: time.nanoseconds)), execute: completion)
    }

    /// Asks `getaddrinfo`, and waits.
    static func lookUp(
        _ name: String, port: UInt16, family: SocketAddress.Family?
    ) -> Result<[SocketAddress], KConnectError> {
        var hints = addrinfo()
        hints.ai_family = family.map { Int32($0.rawValue) } ?? AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard failure == 0 else {
            // ENXIO, for there is no errno for a name without an address.
            let words = "\(name): " + String(cString: gai_strerror(failure))
            return .failure(
                KConnectError(
                    .nameNotResolved, errno: failure == EAI_SYSTEM ? errno : ENXIO, message: words,
                    operation: .socketConnect))
        }
        let entries = sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }
        return .success(entries.compactMap { $0.flatMap { address($0.pointee, port: port) } })
    }

    private static func address(_ entry: addrinfo, port: UInt16) -> SocketAddress? {
        let sockaddr = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
        var address = SocketAddress(sockaddr: sockaddr.bytes)
        address?.port = port
        return address
    }
}
