// SPDX-License-Identifier: Apache-2.0

import CNetlink
import Glibc

/// The owner of a generic netlink socket, made and closed by libnl (`struct nl_sock`).
///
/// Extended acks, capped acks (the request does not come back with an error) and strict checking are on. There are
/// no automatic acks, and sequence numbers are the caller's.
public struct NetlinkSocket: ~Copyable, Sendable {
    // Owned by this value alone, which can't be copied; libnl changes it in init and deinit only.
    private nonisolated(unsafe) let socket: OpaquePointer

    /// The descriptor, for receiving. It stays the socket's and closes with it.
    public let descriptor: Int32

    /// Opens a socket, with buffers of about the given bytes.
    ///
    /// A receive buffer beyond `net.core.rmem_max` needs CAP_NET_ADMIN in the first user namespace; without it the
    /// buffer is as large as that limit allows. Throws the errno of the system call that failed.
    public init(receiveBuffer: Int = 1 << 18, sendBuffer: Int = 1 << 18) throws(NetlinkError) {
        let opened = try Self.open(receiveBuffer: receiveBuffer, sendBuffer: sendBuffer)
        socket = opened
        descriptor = nl_socket_get_fd(opened)
    }

    deinit { nl_socket_free(socket) }

    /// The port id that names the socket to the kernel, in its network namespace.
    public var portID: UInt32 { nl_socket_get_local_port(socket) }

    /// The longest message, in bytes, that the socket's send buffer lets through (`netlink_sendmsg`).
    public var messageLimit: Int {
        var size: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, &length)
        return Int(size) - 32
    }

    /// Sends a message to the kernel, which has dealt with it when the call returns.
    ///
    /// Throws the errno of `send`, such as ENOBUFS or EMSGSIZE: then the kernel has not seen the message.
    public func send(_ message: borrowing MessageBuffer) throws(NetlinkError) {
        let failure = message.withBytes { bytes in
            while Glibc.send(descriptor, bytes.baseAddress, bytes.count, 0) < 0 {
                if errno != EINTR { return errno }
            }
            return 0
        }
        if failure != 0 { throw NetlinkError(errno: failure) }
    }

    /// Joins a multicast group, by its number.
    public func join(group: UInt32) throws(NetlinkError) {
        try Self.set(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int(group))
    }

    /// Sends a request and calls `body` with the command and the attributes of each message of the answer, until the
    /// kernel has acknowledged the request or finished the dump.
    ///
    /// For a socket that nobody else reads from. The request must ask for an ack or be a dump. Returns false if what was
    /// dumped changed meanwhile (``MessageFlags/dumpInterrupted``), so that it has to be asked for again.
    public func exchange(
        _ request: borrowing MessageBuffer, sequence: UInt32, _ body: (UInt8, RawSpan) -> Void
    ) throws(NetlinkError) -> Bool {
        try send(request)
        var buffer = ReceiveBuffer(capacity: 1 << 16)
        var consistent = true
        var end: Acknowledgement?
        while end == nil {
            _ = try buffer.receive(from: descriptor, waiting: true)
            buffer.forEachMessage { header, payload in
                guard header.sequence == sequence else { return }
                if header.flags.contains(.dumpInterrupted) { consistent = false }
                switch header.type {
                case MessageHeader.error, MessageHeader.done: end = Acknowledgement(header, payload)
                default: GenericMessage.read(payload, body)
                }
            }
        }
        if let error = end?.error { throw error }
        return consistent
    }

    private static func open(receiveBuffer: Int, sendBuffer: Int) throws(NetlinkError) -> OpaquePointer {
        guard let socket = nl_socket_alloc() else { throw NetlinkError(errno: ENOMEM) }
        do throws(NetlinkError) {
            guard nl_connect(socket, NETLINK_GENERIC) == 0 else { throw NetlinkError(errno: errno) }
            let descriptor = nl_socket_get_fd(socket)
            // The kernel doubles what it is given, for its own bookkeeping.
            try set(descriptor, SOL_SOCKET, SO_SNDBUF, sendBuffer / 2)
            do throws(NetlinkError) {
                try set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer / 2)
            } catch {
                try set(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBuffer / 2)
            }
            try set(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, 1)
            try set(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, 1)
            try set(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        } catch {
            nl_socket_free(socket)
            throw error
        }
        return socket
    }

    private static func set(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int
    ) throws(NetlinkError) {
        var value = Int32(clamping: value)
        guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw NetlinkError(errno: errno)
        }
    }
}
