// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import KConnect

@Suite struct SocketAddressTests {
    private func bytes(_ address: SocketAddress) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: address.encodedCount)
        bytes.withUnsafeMutableBytes { address.encode(into: $0) }
        return bytes
    }

    @Test func `an IPv4 address is a sockaddr_in`() throws {
        let address = try #require(SocketAddress("192.0.2.1", port: 80))
        #expect(bytes(address) == [2, 0, 0, 80, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(address.encodedCount == MemoryLayout<sockaddr_in>.size)
    }

    @Test func `an IPv6 address is a sockaddr_in6, with its scope`() throws {
        let address = try #require(SocketAddress("fe80::1:2%7", port: 0x1234))
        var expected: [UInt8] = [10, 0, 0x12, 0x34, 0, 0, 0, 0, 0xFE, 0x80]
        expected += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 7, 0, 0, 0]
        #expect(bytes(address) == expected)
        #expect(address.encodedCount == MemoryLayout<sockaddr_in6>.size)
    }

    @Test(arguments: [
        "192.0.2.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0", "[2001:db8::1]:443",
        "[fe80::1%7]:22",
        "[::ffff:192.0.2.1]:1",
    ])
    func `text and bytes come back as they were`(text: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == text)
        let encoded = bytes(address)
        #expect(SocketAddress(sockaddr: encoded.span.bytes) == address)
    }

    @Test func `an interface is known by its name`() throws {
        let address = try #require(SocketAddress("fe80::1%lo", port: 1))
        #expect(address.scope == if_nametoindex("lo"))
    }

    @Test(arguments: [
        "", ":", "80", "1.2.3:80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:80", "[::1]",
        "[1.2.3.4]:80",
        "[::1:80", "::1]:80", "example.org:80", "[fe80::1%no-such-interface]:80", "[fe80::1%]:80", "1.2.3.4%1:80",
    ])
    func `what is no address is nil`(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func `bytes that are cut short or of another family are nil`() throws {
        for text in ["192.0.2.1:80", "[::1]:80"] {
            let encoded = bytes(try #require(SocketAddress(text)))
            let needed = encoded.count == 16 ? 8 : 28
            for count in 0..<needed {
                let short = Array(encoded.prefix(count))
                #expect(SocketAddress(sockaddr: short.span.bytes) == nil)
            }
        }
        let unix: [UInt8] = [1, 0] + [UInt8](repeating: 0, count: 30)
        #expect(SocketAddress(sockaddr: unix.span.bytes) == nil)
    }

    @Test func `a wildcard is all zeros`() {
        #expect(SocketAddress.wildcard(.ipv4).description == "0.0.0.0:0")
        #expect(SocketAddress.wildcard(.ipv6, port: 9).description == "[::]:9")
    }
}
