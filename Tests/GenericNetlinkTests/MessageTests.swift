// SPDX-License-Identifier: Apache-2.0

import CNetlink
import Glibc
import Testing

@testable import GenericNetlink

@Suite struct MessageTests {
    /// A message with room for `limit` bytes, begun.
    private func message(limit: Int = 256) -> MessageBuffer {
        var message = MessageBuffer(limit: limit)
        message.begin(type: 0x1234, command: 5, version: 1, flags: .dump, sequence: 0x0102_0304)
        return message
    }

    /// The attributes of a message, each as its type and its bytes.
    private func attributes(_ message: borrowing MessageBuffer) -> [(UInt16, [UInt8])] {
        message.withBytes { bytes in
            var found: [(UInt16, [UInt8])] = []
            bytes.bytes.extracting(20..<bytes.count).forEachAttribute { found.append(($0, $1.bytes)) }
            return found
        }
    }

    @Test func `the headers are as netlink wants them`() {
        let message = message()
        let bytes = message.withBytes { Array($0) }
        let flags = UInt16(NLM_F_DUMP | NLM_F_REQUEST)
        #expect(
            bytes == [
                20, 0, 0, 0, 0x34, 0x12, UInt8(flags & 0xFF), UInt8(flags >> 8), 4, 3, 2, 1, 0, 0, 0, 0, 5, 1, 0, 0,
            ])
    }

    @Test func `attributes come back as they were put, padded to four bytes`() throws {
        var message = message()
        try message.put(1, UInt8(7))
        try message.put(2, UInt64(0x1122_3344_5566_7788))
        try message.put(3, "five")
        try message.put(flag: 4)
        try message.put(5, ([1, 2, 3] as [UInt8]).span.bytes)
        #expect(message.count % 4 == 0)
        let found = attributes(message)
        #expect(found.map(\.0) == [1, 2, 3, 4, 5])
        #expect(
            found.map(\.1) == [
                [7], [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11], Array("five".utf8) + [0], [], [1, 2, 3],
            ])
    }

    @Test func `a nest carries its attributes and the nest flag`() throws {
        var message = message()
        try message.nest(9) { nest throws(MessageTooLong) in
            try nest.put(1, UInt32(1))
            try nest.nest(2) { inner throws(MessageTooLong) in try inner.put(3, UInt32(3)) }
        }
        let raw = message.withBytes { $0.loadUnaligned(fromByteOffset: 22, as: UInt16.self) }
        #expect(raw == 9 | UInt16(NLA_F_NESTED))
        var path: [UInt16] = []
        message.withBytes { bytes in
            bytes.bytes.extracting(20..<bytes.count).forEachAttribute { type, nest in
                path.append(type)
                nest.forEachAttribute { type, value in
                    path.append(type)
                    if type == 2 { value.forEachAttribute { type, _ in path.append(type) } }
                }
            }
        }
        #expect(path == [9, 1, 2, 3])
    }

    @Test func `what does not fit leaves no trace`() throws {
        var message = message(limit: 64)
        try message.put(1, UInt32(1))
        let count = message.count
        #expect(throws: MessageTooLong.self) {
            try message.nest(2) { nest throws(MessageTooLong) in
                try nest.put(1, UInt32(1))
                try nest.put(2, [UInt8](repeating: 0, count: 64).span.bytes)
            }
        }
        #expect(message.count == count)
        try message.nest(2) { nest throws(MessageTooLong) in try nest.put(1, UInt32(1)) }
        #expect(attributes(message).map(\.0) == [1, 2])
    }

    @Test func `a message can be filled to its last byte, and not beyond`() throws {
        var message = message(limit: 32)
        try message.put(1, UInt32(1))
        #expect(throws: MessageTooLong.self) { try message.put(2, UInt8(1)) }
        try message.put(flag: 3)
        #expect(message.count == 32)
    }

    @Test func `data of 65,535 bytes needs two attributes, 65,531 need one`() throws {
        for (length, lengths) in [(0, []), (65_531, [65_531]), (65_532, [65_531, 1]), (65_535, [65_531, 4])] {
            var message = message(limit: 1 << 17)
            let data = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            try message.put(joined: 7, data.span.bytes)
            let found = attributes(message)
            #expect(found.map(\.1.count) == lengths)
            #expect(found.flatMap(\.1) == data)
        }
    }

    @Test func `a nest of 64 KiB is refused, for its length would wrap`() throws {
        var message = message(limit: 1 << 18)
        let data = [UInt8](repeating: 1, count: 65_535)
        #expect(throws: MessageTooLong.self) {
            try message.nest(1) { nest throws(MessageTooLong) in try nest.put(joined: 2, data.span.bytes) }
        }
        #expect(message.count == 20)
    }

    @Test func `a buffer is used again from its start`() throws {
        var message = message()
        try message.put(1, UInt32(1))
        message.begin(type: 1, command: 1, version: 1, sequence: 1)
        #expect(attributes(message).isEmpty)
    }

    @Test(
        arguments: [[4, 0], [3, 0, 1, 0], [0, 0, 1, 0], [9, 0, 1, 0, 1, 2, 3, 4], [255, 255, 1, 0]] as [[UInt8]])
    func `an attribute that is cut short ends the walk`(bytes: [UInt8]) {
        var count = 0
        bytes.span.bytes.forEachAttribute { _, _ in count += 1 }
        #expect(count == 0)
    }

    @Test func `an attribute before a broken one is still read`() {
        var found: [UInt16] = []
        ([4, 0, 1, 0, 99, 0, 2, 0] as [UInt8]).span.bytes.forEachAttribute { type, _ in found.append(type) }
        #expect(found == [1])
    }

    @Test func `an integer beyond the end is nil`() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(bytes.span.bytes.load(UInt16.self) == 0x0201)
        #expect(bytes.span.bytes.load(UInt16.self, at: 1) == 0x0302)
        #expect(bytes.span.bytes.load(UInt16.self, at: 2) == nil)
        #expect(bytes.span.bytes.load(UInt32.self) == nil)
        #expect(bytes.span.bytes.load(UInt8.self, at: -1) == nil)
    }

    @Test func `text ends at its zero and is repaired`() {
        #expect(([0x61, 0x62, 0, 0x63] as [UInt8]).span.bytes.text == "ab")
        #expect(([0x61, 0xFF] as [UInt8]).span.bytes.text == "a\u{FFFD}")
    }

    @Test func `random bytes are walked without a trap`() {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...96, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var total = 0
            bytes.span.bytes.forEachAttribute { _, value in
                total += value.byteCount
                value.forEachAttribute { _, _ in }
                _ = value.text
            }
            #expect(total <= bytes.count)
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
