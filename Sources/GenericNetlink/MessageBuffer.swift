// SPDX-License-Identifier: Apache-2.0

import CNetlink

/// A message does not fit its buffer's limit.
public struct MessageTooLong: Error, Hashable, Sendable {
    /// The error has nothing to say but its name.
    public init() {}
}

/// The memory of one netlink message, written attribute by attribute, sent, and used again.
///
/// The buffer owns its memory. It never grows: what does not fit its ``limit`` is refused, because the kernel
/// would refuse it too (`netlink_sendmsg`, EMSGSIZE).
public struct MessageBuffer: ~Copyable, Sendable {
    // Owned by this value alone, which can't be copied.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// Bytes written so far.
    public private(set) var count = 0

    /// The most payload, in bytes, that one attribute carries: its 16-bit length counts its own header.
    public static let attributePayloadMax = Int(UInt16.max) - MemoryLayout<nlattr>.size

    /// A buffer for messages of at most `limit` bytes, header included.
    public init(limit: Int) {
        let headers = MemoryLayout<nlmsghdr>.size + MemoryLayout<genlmsghdr>.size
        storage = .allocate(byteCount: max(align(headers), limit & ~(alignment - 1)), alignment: 8)
    }

    deinit { storage.deallocate() }

    /// The most bytes of a message.
    public var limit: Int { storage.count }

    /// Starts a generic netlink message, and forgets what was in the buffer.
    ///
    /// `type` is the family's number, `command` and `version` are the family's own; `flags` get the one of a request.
    public mutating func begin(
        type: UInt16, command: UInt8, version: UInt8, flags: MessageFlags = [], sequence: UInt32
    ) {
        begin(control: type, flags: flags, sequence: sequence)
        append(genlmsghdr(cmd: command, version: version, reserved: 0))
    }

    /// Starts a message of netlink itself without a payload, such as `NLMSG_NOOP`.
    public mutating func begin(control type: UInt16, flags: MessageFlags, sequence: UInt32) {
        count = 0
        let flags = flags.union(.request).rawValue
        append(
            nlmsghdr(nlmsg_len: 0, nlmsg_type: type, nlmsg_flags: flags, nlmsg_seq: sequence, nlmsg_pid: 0))
    }

    /// Puts an integer, in the machine's byte order.
    @inlinable
    public mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: UInt16, _ value: Value
    ) throws(MessageTooLong) {
        try put(type, count: MemoryLayout<Value>.size) { $0.storeBytes(of: value, as: Value.self) }
    }

    /// Puts a flag: an attribute that says all by being there.
    public mutating func put(flag type: UInt16) throws(MessageTooLong) {
        try put(type, count: 0) { _ in }
    }

    /// Puts a string, with the zero at its end that the kernel's `NLA_NUL_STRING` wants.
    public mutating func put(_ type: UInt16, _ string: String) throws(MessageTooLong) {
        let utf8 = string.utf8
        try put(type, count: utf8.count + 1) { target in
            target.copyBytes(from: utf8)
            target[utf8.count] = 0
        }
    }

    /// Puts bytes.
    public mutating func put(_ type: UInt16, _ bytes: RawSpan) throws(MessageTooLong) {
        try put(type, count: bytes.byteCount) { target in
            bytes.withUnsafeBytes { target.copyMemory(from: $0) }
        }
    }

    /// Puts bytes in as many attributes of one type as they need; in none if there are none.
    public mutating func put(joined type: UInt16, _ bytes: RawSpan) throws(MessageTooLong) {
        var start = 0
        while start < bytes.byteCount {
            let end = min(bytes.byteCount, start + Self.attributePayloadMax)
            try put(type, bytes.extracting(start..<end))
            start = end
        }
    }

    /// Puts an attribute of `count` bytes, which `fill` writes in place.
    public mutating func put(
        _ type: UInt16, count payload: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(MessageTooLong) {
        let header = MemoryLayout<nlattr>.size
        guard payload <= Self.attributePayloadMax, count + align(header + payload) <= limit else {
            throw MessageTooLong()
        }
        append(nlattr(nla_len: UInt16(header + payload), nla_type: type))
        fill(UnsafeMutableRawBufferPointer(rebasing: storage[count..<count + payload]))
        let end = count + payload
        count = align(end)
        for index in end..<count { storage[index] = 0 }
    }

    /// Puts a nest and what `body` puts into it.
    ///
    /// Nothing of the nest stays in the message when it does not fit.
    public mutating func nest(
        _ type: UInt16, _ body: (inout MessageBuffer) throws(MessageTooLong) -> Void
    ) throws(MessageTooLong) {
        let start = count
        do throws(MessageTooLong) {
            try put(type | UInt16(NLA_F_NESTED), count: 0) { _ in }
            try body(&self)
            // A nest's length is 16 bits too; the kernel takes a longer nest only if it trusts the sender to
            // have meant the rest, which strict validation does not.
            guard count - start <= Int(UInt16.max) else { throw MessageTooLong() }
        } catch {
            count = start
            throw error
        }
        storage.storeBytes(of: UInt16(count - start), toByteOffset: start, as: UInt16.self)
    }

    /// Takes back all that was put in since ``count`` was `length`.
    public mutating func truncate(to length: Int) {
        count = min(count, length)
    }

    /// The finished message's bytes.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        storage.storeBytes(of: UInt32(count), as: UInt32.self)
        return body(UnsafeRawBufferPointer(rebasing: storage[..<count]))
    }

    private mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        storage.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count = align(count + MemoryLayout<Value>.size)
    }
}

/// The alignment of everything in netlink, `NLMSG_ALIGNTO` and `NLA_ALIGNTO`.
@usableFromInline let alignment = 4

@inlinable func align(_ length: Int) -> Int { (length + alignment - 1) & ~(alignment - 1) }
