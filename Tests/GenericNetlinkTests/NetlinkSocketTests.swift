// SPDX-License-Identifier: Apache-2.0

import CNetlink
import Glibc
import Testing

@testable import GenericNetlink

/// Against the kernel that runs the tests: every kernel has the family `nlctrl`, and lets anybody ask it.
@Suite struct NetlinkSocketTests {
    @Test func `nlctrl describes itself`() throws {
        let socket = try NetlinkSocket()
        let family = try Family.resolve("nlctrl", over: socket)
        #expect(family.name == "nlctrl")
        #expect(family.id == Family.controlID)
        #expect(family.version >= 1)
        #expect(family.groups["notify"] != nil)
    }

    @Test func `the dump of all families has nlctrl in it`() throws {
        let socket = try NetlinkSocket()
        let families = try Family.all(over: socket)
        #expect(families.contains { $0.name == "nlctrl" && $0.id == Family.controlID })
        #expect(Set(families.map(\.id)).count == families.count)
    }

    @Test func `a family that is not there is ENOENT`() throws {
        let socket = try NetlinkSocket()
        #expect(throws: NetlinkError(errno: ENOENT)) {
            _ = try Family.resolve("no-such-family", over: socket)
        }
    }

    @Test func `a socket goes on after an error`() throws {
        let socket = try NetlinkSocket()
        #expect(throws: NetlinkError.self) { _ = try Family.resolve("no-such-family", over: socket) }
        #expect(try Family.resolve("nlctrl", over: socket).name == "nlctrl")
    }

    @Test func `a refusal brings the kernel's words and the offending attribute's place`() throws {
        let socket = try NetlinkSocket()
        var request = MessageBuffer(limit: 256)
        request.begin(
            type: Family.controlID, command: UInt8(CTRL_CMD_GETFAMILY), version: 2, flags: .acknowledge, sequence: 7)
        // The policy says that it is a 16-bit number.
        try request.put(UInt16(CTRL_ATTR_FAMILY_ID), UInt8(1))
        let error = #expect(throws: NetlinkError.self) {
            _ = try socket.exchange(request, sequence: 7) { _, _ in }
        }
        #expect(error?.errno == ERANGE || error?.errno == EINVAL)
        #expect(error?.message?.isEmpty == false)
        #expect(error?.offset == 20, "behind the netlink and the generic header")
    }

    @Test func `a command that the family does not have is EOPNOTSUPP`() throws {
        let socket = try NetlinkSocket()
        var request = MessageBuffer(limit: 64)
        request.begin(type: Family.controlID, command: 200, version: 2, flags: .acknowledge, sequence: 3)
        let error = #expect(throws: NetlinkError.self) {
            _ = try socket.exchange(request, sequence: 3) { _, _ in }
        }
        #expect(error?.errno == EOPNOTSUPP)
    }

    @Test func `a message beyond the send buffer is refused before the kernel sees it`() throws {
        let socket = try NetlinkSocket(sendBuffer: 8192)
        let limit = socket.messageLimit
        #expect(limit < 1 << 16)
        var message = MessageBuffer(limit: limit + 8192)
        message.begin(control: MessageHeader.noop, flags: [], sequence: 1)
        let bytes = [UInt8](repeating: 0, count: limit)
        try message.put(1, bytes.span.bytes)
        let error = #expect(throws: NetlinkError.self) { try socket.send(message) }
        #expect(error?.errno == EMSGSIZE)
    }

    @Test func `a message of the limit goes through`() throws {
        let socket = try NetlinkSocket(sendBuffer: 8192)
        var message = MessageBuffer(limit: socket.messageLimit)
        message.begin(control: MessageHeader.noop, flags: .acknowledge, sequence: 1)
        let bytes = [UInt8](repeating: 0, count: message.limit - message.count - 4)
        try message.put(1, bytes.span.bytes)
        #expect(message.count == message.limit)
        #expect(try socket.exchange(message, sequence: 1) { _, _ in })
    }

    @Test func `lost messages surface as ENOBUFS, and what is left can still be received`() throws {
        let socket = try NetlinkSocket(receiveBuffer: 1)
        var message = MessageBuffer(limit: 64)
        for sequence in 1...200 as ClosedRange<UInt32> {
            message.begin(control: MessageHeader.noop, flags: .acknowledge, sequence: sequence)
            try socket.send(message)
        }
        var buffer = ReceiveBuffer(capacity: 4096)
        let error = #expect(throws: NetlinkError.self) {
            while try buffer.receive(from: socket.descriptor, waiting: false) {}
        }
        #expect(error?.errno == ENOBUFS)
        var received = 0
        while try buffer.receive(from: socket.descriptor, waiting: false) {
            buffer.forEachMessage { _, _ in received += 1 }
        }
        #expect(received > 0 && received < 200)
    }

    @Test func `a datagram longer than the buffer is an error, not a short message`() throws {
        let socket = try NetlinkSocket()
        var message = MessageBuffer(limit: 64)
        message.begin(control: MessageHeader.noop, flags: .acknowledge, sequence: 1)
        try socket.send(message)
        var buffer = ReceiveBuffer(capacity: 16)
        let error = #expect(throws: NetlinkError.self) {
            _ = try buffer.receive(from: socket.descriptor, waiting: true)
        }
        #expect(error?.errno == EMSGSIZE)
    }

    @Test func `an empty socket has nothing to receive`() throws {
        let socket = try NetlinkSocket()
        var buffer = ReceiveBuffer(capacity: 4096)
        #expect(try !buffer.receive(from: socket.descriptor, waiting: false))
        #expect(socket.portID != 0)
    }
}
