// SPDX-License-Identifier: Apache-2.0

import CKConnect
@testable import GenericNetlink
import Glibc
import Testing

@testable import KConnect

@Suite struct RequestEncodingTests {
    /// Attributes by their type, in their order; what is in the nest, and what follows it.
    private func encode(_ body: RequestBody, limit: Int = 1 << 18) throws -> (
        nest: [(UInt32, [UInt8])], behind: [(UInt32, [UInt8])]
    ) {
        var message = MessageBuffer(limit: limit)
        message.begin(type: 20, command: 1, version: 1, sequence: 1)
        try body.encode(cookie: 0x0102_0304_0506_0708, into: &message)
        var nest: [(UInt32, [UInt8])] = []
        var behind: [(UInt32, [UInt8])] = []
        message.contents.span.bytes.extracting(20..<message.count).forEachAttribute { type, value in
            if type == UInt16(KCONNECT_A_REQUEST.rawValue) {
                value.forEachAttribute { nest.append((UInt32($0), $1.bytes)) }
            } else {
                behind.append((UInt32(type), value.bytes))
            }
        }
        return (nest, behind)
    }

    @Test func `a socket-connect carries what was given, and nothing else`() throws {
        let remote = try #require(SocketAddress("192.0.2.1:80"))
        var body = Request.socketConnect(
            to: remote, sending: [1, 2, 3], options: [.fastOpen(), .bindToDevice("lo")], timeout: .milliseconds(1500)
        ).body
        body.socket = 7
        let (nest, behind) = try encode(body)
        #expect(behind.isEmpty)
        #expect(
            nest.map(\.0)
                == [
                    KCONNECT_A_REQUEST_COOKIE, KCONNECT_A_REQUEST_OPERATION, KCONNECT_A_REQUEST_SOCKET,
                    KCONNECT_A_REQUEST_TIMEOUT, KCONNECT_A_REQUEST_FAMILY, KCONNECT_A_REQUEST_REMOTE,
                    KCONNECT_A_REQUEST_OPTION, KCONNECT_A_REQUEST_OPTION, KCONNECT_A_REQUEST_DATA,
                ].map(\.rawValue))
        #expect(nest[0].1 == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(nest[1].1 == [6, 0, 0, 0])
        #expect(nest[2].1 == [7, 0, 0, 0])
        #expect(nest[3].1.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } == 1_500_000_000)
        #expect(nest[4].1 == [2, 0, 0, 0])
        #expect(nest[5].1 == [2, 0, 0, 80, 192, 0, 2, 1] + [UInt8](repeating: 0, count: 8))
        #expect(nest[6].1 == [8, 0, 1, 0, 6, 0, 0, 0, 8, 0, 2, 0, 23, 0, 0, 0, 8, 0, 3, 0, 1, 0, 0, 0])
        #expect(Array(nest[7].1.suffix(8)) == [7, 0, 3, 0, 0x6C, 0x6F, 0, 0])
        #expect(nest[8].1 == [1, 2, 3])
    }

    @Test func `flags travel as they are, for the kernel to refuse`() throws {
        let remote = try #require(SocketAddress("[::1]:80"))
        let (nest, _) = try encode(Request.socketConnect(to: remote, flags: 0x8000_0001).body)
        #expect(nest.first { $0.0 == KCONNECT_A_REQUEST_FLAGS.rawValue }?.1 == [1, 0, 0, 0x80])
        #expect(nest.first { $0.0 == KCONNECT_A_REQUEST_FAMILY.rawValue }?.1 == [10, 0, 0, 0])
    }

    @Test(arguments: [(0, 0), (1, 0), (32_768, 0), (32_769, 1), (65_531, 1), (65_532, 2), (65_535, 2), (65_536, 2)])
    func `data that a nest can't hold follows behind it, in order`(count: Int, attributes: Int) throws {
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let remote = try #require(SocketAddress("192.0.2.1:80"))
        let (nest, behind) = try encode(Request.socketConnect(to: remote, sending: data).body)
        #expect(behind.count == attributes)
        #expect(behind.allSatisfy { $0.0 == KCONNECT_A_DATA.rawValue })
        let inside = nest.filter { $0.0 == KCONNECT_A_REQUEST_DATA.rawValue }
        #expect((inside + behind).flatMap(\.1) == data)
    }

    @Test(arguments: [64, 128, 40_000, 65_600])
    func `a request that does not fit leaves the message as it was`(limit: Int) throws {
        var message = MessageBuffer(limit: limit)
        message.begin(type: 20, command: 1, version: 1, sequence: 1)
        let before = message.contents
        let remote = try #require(SocketAddress("192.0.2.1:80"))
        let body = Request.socketConnect(to: remote, sending: [UInt8](repeating: 1, count: 65_535)).body
        #expect(throws: MessageTooLong.self) { try body.encode(cookie: 1, into: &message) }
        #expect(message.contents == before)
    }

    @Test func `a timeout beyond the longest is the longest`() throws {
        let remote = try #require(SocketAddress("192.0.2.1:80"))
        for timeout in [Duration.seconds(86_400), .seconds(86_401), .seconds(Int64.max)] {
            let (nest, _) = try encode(Request.socketConnect(to: remote, timeout: timeout).body)
            let value = nest.first { $0.0 == KCONNECT_A_REQUEST_TIMEOUT.rawValue }?.1
            #expect(value?.withUnsafeBytes { $0.loadUnaligned(as: Int.self) } == KCONNECT_TIMEOUT_MAX)
        }
    }

    @Test func `send, receive and disconnect carry WSK's flags`() throws {
        let socket = try providerWithoutModule().newSocket()
        func flags(_ body: RequestBody) throws -> [UInt8]? {
            try encode(body).nest.first { $0.0 == KCONNECT_A_REQUEST_FLAGS.rawValue }?.1
        }
        #expect(try flags(Request.send(socket, [1]).body) == nil)
        #expect(try flags(Request.send(socket, [1], flags: .noDelay).body) == [1, 0, 0, 0])
        #expect(try flags(Request.receive(socket, flags: .waitAll).body) == [1, 0, 0, 0])
        #expect(try flags(Request.receive(socket, upTo: 0, flags: .drain).body) == [2, 0, 0, 0])
        #expect(try flags(Request.disconnect(socket).body) == nil)
        #expect(try flags(Request.disconnect(socket, .abortive).body) == [1, 0, 0, 0])
    }

    @Test func `receive and close say how much and how`() throws {
        let provider = try providerWithoutModule()
        let socket = provider.newSocket()
        let receive = try encode(Request.receive(socket, upTo: 100).body).nest
        #expect(receive.first { $0.0 == KCONNECT_A_REQUEST_LENGTH.rawValue }?.1 == [100, 0, 0, 0])
        let tooMuch = try encode(Request.receive(socket, upTo: .max).body).nest
        #expect(tooMuch.first { $0.0 == KCONNECT_A_REQUEST_LENGTH.rawValue }?.1 == [255, 255, 255, 255])
        let close = try encode(Request.close(socket, .graceful).body).nest
        #expect(close.first { $0.0 == KCONNECT_A_REQUEST_DISPOSITION.rawValue }?.1 == [1, 0, 0, 0])
        let probe = try encode(Request.probe(try #require(SocketAddress("192.0.2.1:80"))).body).nest
        #expect(probe.first { $0.0 == KCONNECT_A_REQUEST_DISPOSITION.rawValue }?.1 == [2, 0, 0, 0])
        let option = try encode(Request.option(socket, .mark).body).nest
        #expect(option.last?.1 == [8, 0, 1, 0, 1, 0, 0, 0, 8, 0, 2, 0, 36, 0, 0, 0], "no value is sent")
    }
}

@Suite struct CompletionParsingTests {
    /// A completion nest, as the kernel writes it.
    private func parse(_ fill: (inout MessageBuffer) throws(MessageTooLong) -> Void) throws -> Completion {
        var message = MessageBuffer(limit: 4096)
        message.begin(control: 0, flags: [], sequence: 0)
        try fill(&message)
        return Completion(message.contents.span.bytes.extracting(16..<message.count))
    }

    private func type(_ attribute: kconnect_completion_attr) -> UInt16 { UInt16(attribute.rawValue) }

    @Test func `every attribute finds its place`() throws {
        let remote = try #require(SocketAddress("[2001:db8::1]:443"))
        let completion = try parse { nest throws(MessageTooLong) in
            try nest.put(type(KCONNECT_A_COMPLETION_COOKIE), UInt64(1 << 40))
            try nest.put(type(KCONNECT_A_COMPLETION_OPERATION), KCONNECT_OPERATION_CONNECT_EX.rawValue)
            try nest.put(type(KCONNECT_A_COMPLETION_SOCKET), UInt32(7))
            try nest.put(type(KCONNECT_A_COMPLETION_STATUS), Int32(-ETIMEDOUT))
            try nest.put(type(KCONNECT_A_COMPLETION_INFORMATION), UInt32(65_535))
            try nest.put(type(KCONNECT_A_COMPLETION_MESSAGE), "words")
            try nest.put(type(KCONNECT_A_COMPLETION_FAST_OPEN), KCONNECT_FAST_OPEN_DATA_NOT_ACKED.rawValue)
            try nest.put(
                type(KCONNECT_A_COMPLETION_FAST_OPEN_REASON), KCONNECT_FAST_OPEN_REASON_SYN_RETRANSMITTED.rawValue)
            try nest.put(type(KCONNECT_A_COMPLETION_SUBMITTED), UInt64(1000))
            try nest.put(type(KCONNECT_A_COMPLETION_SYN_SENT), UInt64(1001))
            try nest.put(type(KCONNECT_A_COMPLETION_ESTABLISHED), UInt64(1100))
            try nest.put(type(KCONNECT_A_COMPLETION_SENT), UInt64(1200))
            try nest.put(type(KCONNECT_A_COMPLETION_COMPLETED), UInt64(1300))
            try nest.put(type(KCONNECT_A_COMPLETION_RTT), UInt32(99))
            try nest.put(type(KCONNECT_A_COMPLETION_REMOTE), count: remote.encodedCount) { remote.encode(into: $0) }
            try nest.put(type(KCONNECT_A_COMPLETION_DATA), ([1, 2] as [UInt8]).span.bytes)
            try nest.put(type(KCONNECT_A_COMPLETION_DATA), ([3] as [UInt8]).span.bytes)
            try nest.put(type(KCONNECT_A_COMPLETION_SYN_DATA), UInt32(1420))
            try nest.put(999, UInt32(1))
        }
        #expect(completion.cookie == 1 << 40)
        #expect(completion.operation == .connectEx)
        #expect(completion.socket == 7)
        #expect(completion.errno == ETIMEDOUT)
        #expect(completion.status == .ioTimeout)
        #expect(completion.information == 65_535)
        #expect(completion.message == "words")
        #expect(completion.fastOpen == .dataNotAcked)
        #expect(completion.fastOpenReason == .synRetransmitted)
        #expect(completion.synData == 1420)
        #expect(completion.rtt == 99)
        #expect(completion.remote == remote)
        #expect(completion.local == nil)
        #expect(completion.data == [1, 2, 3])
        #expect(completion.error?.message == "words")
        let times = Times(completion)
        #expect(times.submitted == 1000)
        #expect(times.synSent == .nanoseconds(1))
        #expect(times.established == .nanoseconds(100))
        #expect(times.sent == .nanoseconds(200))
        #expect(times.completed == .nanoseconds(300))
    }

    @Test func `what never happened is nil`() throws {
        let completion = try parse { nest throws(MessageTooLong) in
            try nest.put(type(KCONNECT_A_COMPLETION_STATUS), Int32(0))
        }
        #expect(completion.error == nil)
        #expect(completion.fastOpen == nil && completion.rtt == nil && completion.message == nil)
        #expect(Times(completion) == Times(completion))
        #expect(Times(completion).established == nil)
    }

    @Test(arguments: 0..<6 as Range<UInt32>)
    func `every fast open outcome has a name`(value: UInt32) {
        let outcome = FastOpen(value)
        #expect(!outcome.description.contains("unknown"))
        #expect(FastOpen(value + 6) == .unknown(value + 6))
        if value < 6 { #expect(!FastOpen.Reason(value).description.contains("unknown")) }
    }

    @Test func `what a newer module says is kept`() {
        #expect(FastOpen(77).description == "unknown 77")
        #expect(FastOpen.Reason(77) == .unknown(77))
        #expect(Operation(rawValue: 99).description == "operation 99")
    }

    @Test func `random bytes are parsed without a trap`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...128, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Small lengths and known types, so that the walk gets past the first attribute.
            for offset in stride(from: 0, to: max(0, count - 4), by: 8) {
                bytes[offset] = UInt8.random(in: 4...12, using: &random)
                bytes[offset + 1] = 0
                bytes[offset + 2] = UInt8.random(in: 0...21, using: &random)
                bytes[offset + 3] = 0
            }
            let completion = Completion(bytes.span.bytes)
            #expect(completion.data.count <= count)
        }
    }
}

extension MessageBuffer {
    /// A copy of the message.
    fileprivate var contents: [UInt8] { withBytes { Array($0) } }
}
