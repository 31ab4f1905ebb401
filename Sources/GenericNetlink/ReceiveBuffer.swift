// SPDX-License-Identifier: Apache-2.0

import CNetlink
import Glibc

/// The memory into which netlink messages are received, used again and again.
public struct ReceiveBuffer: ~Copyable {
    private let storage: UnsafeMutableRawBufferPointer
    private var count = 0

    /// A buffer for datagrams of at most `capacity` bytes; a longer one is an error (EMSGSIZE), for it is lost.
    public init(capacity: Int) {
        storage = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit { storage.deallocate() }

    /// Receives the next datagram from the netlink socket behind `descriptor`.
    ///
    /// Returns false if there is none and `waiting` is false. Throws ``NetlinkError`` with ENOBUFS when messages
    /// were lost because the socket's receive buffer was full; what is still in it can be received afterwards.
    public mutating func receive(from descriptor: Int32, waiting: Bool) throws(NetlinkError) -> Bool {
        count = 0
        let flags = Int32(MSG_TRUNC) | (waiting ? 0 : Int32(MSG_DONTWAIT))
        while true {
            let length = recv(descriptor, storage.baseAddress, storage.count, flags)
            if length > storage.count { throw NetlinkError(errno: EMSGSIZE, message: "a datagram of \(length) bytes") }
            if length >= 0 {
                count = length
                return true
            }
            if errno == EINTR { continue }
            if errno == EAGAIN, !waiting { return false }
            throw NetlinkError(errno: errno)
        }
    }

    /// Calls `body` with the header and the payload of each message of the datagram.
    public func forEachMessage<Failure: Error>(
        _ body: (MessageHeader, RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let datagram = UnsafeRawBufferPointer(rebasing: storage[..<count]).bytes
        let header = MemoryLayout<nlmsghdr>.size
        var offset = 0
        while let message = datagram.load(nlmsghdr.self, at: offset) {
            let length = Int(message.nlmsg_len)
            guard length >= header, offset + length <= count else { return }
            try body(MessageHeader(message), datagram.extracting(offset + header..<offset + length))
            offset += align(length)
        }
    }
}

/// What follows the netlink header of a generic netlink message.
public enum GenericMessage {
    /// Splits a payload into the family's command and its attributes, for `body`; nil if it is too short for it.
    @inlinable
    public static func read<Result>(_ payload: RawSpan, _ body: (UInt8, RawSpan) -> Result) -> Result? {
        let header = MemoryLayout<genlmsghdr>.size
        guard let generic = payload.load(genlmsghdr.self) else { return nil }
        return body(generic.cmd, payload.extracting(header..<payload.byteCount))
    }
}

/// The kernel's answer to a request as a whole: `NLMSG_ERROR`, or the end of a dump, `NLMSG_DONE`.
public struct Acknowledgement: Hashable, Sendable {
    /// What was wrong; nil if nothing was.
    public let error: NetlinkError?

    /// Reads the payload of an `NLMSG_ERROR` or `NLMSG_DONE`, with its extended ack, if the header says there is one.
    public init(_ header: MessageHeader, _ payload: RawSpan) {
        let status = payload.load(Int32.self) ?? 0
        guard status != 0 else {
            error = nil
            return
        }
        var message: String?
        var offset: UInt32?
        if header.flags.contains(.extendedAck) {
            let start = Self.extendedAckOffset(header, payload)
            payload.extracting(min(start, payload.byteCount)..<payload.byteCount).forEachAttribute { type, value in
                switch type {
                case UInt16(NLMSGERR_ATTR_MSG.rawValue): message = value.text
                case UInt16(NLMSGERR_ATTR_OFFS.rawValue): offset = value.load(UInt32.self)
                default: break
                }
            }
        }
        error = NetlinkError(errno: -status, message: message, offset: offset)
    }

    /// Behind the errno; in an error also behind the header of the request and, if it came back, its payload.
    private static func extendedAckOffset(_ header: MessageHeader, _ payload: RawSpan) -> Int {
        let status = MemoryLayout<Int32>.size
        guard header.type == MessageHeader.error else { return status }
        let request = MemoryLayout<nlmsghdr>.size
        guard !header.flags.contains(.capped), let copy = payload.load(nlmsghdr.self, at: status) else {
            return status + request
        }
        return status + align(max(request, Int(copy.nlmsg_len)))
    }
}
