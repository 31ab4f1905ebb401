// SPDX-License-Identifier: Apache-2.0

import Glibc
import KConnect
import Testing

extension GuestTests {
    /// Connecting by name. The guest's /etc/hosts is covered by one of its own.
    @Suite struct NameTests {
        let provider: Provider

        init() throws {
            provider = try Provider()
            try Self.hosts.get()
        }

        private static let hosts = Result {
            let path = "/tmp/kconnect-hosts"
            let file = try #require(fopen(path, "w"))
            fputs("127.0.0.2 several.test\n127.0.0.3 several.test\n127.0.0.4 several.test\n", file)
            fclose(file)
            try #require(mount(path, "/etc/hosts", nil, UInt(MS_BIND), nil) == 0, "errno \(errno)")
        }

        @Test func `the first address that answers is taken`() async throws {
            let third = try Listener("127.0.0.4")
            let second = try Listener("127.0.0.3", port: third.address.port)
            let irp = provider.socketConnect(
                toHost: "several.test", port: third.address.port, sending: Array("once".utf8))
            #expect(try second.accept().receive(4) == Array("once".utf8))
            #expect(try await irp.value.remote == second.address)
            #expect(irp.status == .success)
        }

        @Test func `where nobody answers, the last failure is the outcome`() async throws {
            let port = try closedPort("127.0.0.4").port
            let irp = provider.socketConnect(toHost: "several.test", port: port)
            let error = await #expect(throws: KConnectError.self) { try await irp.value }
            #expect(error?.status == .connectionRefused)
        }

        @Test func `a silent address does not use up the time of the others`() async throws {
            let third = try SilentPeer("127.0.0.2")
            let second = try Listener("127.0.0.3", port: third.address.port)
            let irp = provider.socketConnect(
                toHost: "several.test", port: second.address.port, timeout: .milliseconds(900))
            #expect(try await irp.value.remote == second.address)
        }

        @Test func `a name without an address`() async throws {
            let irp = provider.socketConnect(toHost: "nowhere.invalid", port: 80)
            let error = await #expect(throws: KConnectError.self) { try await irp.value }
            #expect(error?.code == .nameNotResolved)
        }
    }
}
