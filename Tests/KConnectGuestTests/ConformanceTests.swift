// SPDX-License-Identifier: Apache-2.0

import Glibc
import KConnect
import Testing

extension GuestTests {
    /// Clauses and statuses that no other file provokes. `Tests/guest/conformance.yaml` says which test proves what.
    @Suite struct ConformanceTests {
        let provider: Provider

        init() throws {
            provider = try Provider()
        }

        private func failure<Value>(_ irp: IRP<Value>) async -> NTStatus? {
            let error = await #expect(throws: KConnectError.self) { try await irp.value }
            #expect(error?.status == irp.status)
            return error?.status
        }

        private func run(_ command: String) throws {
            try #require(system(command) == 0, "\(command)")
        }

        /// What becomes of a connect to an address for which there is a route of that kind.
        private func connect(byRoute kind: String) async throws -> NTStatus? {
            let remote = try #require(SocketAddress("192.0.2.77", port: 80))
            try run("ip route add \(kind) 192.0.2.77")
            defer { _ = system("ip route delete \(kind) 192.0.2.77") }
            return await failure(provider.socketConnect(to: remote, sending: [1]))
        }

        @Test func `an unreachable host is STATUS_HOST_UNREACHABLE`() async throws {
            #expect(try await connect(byRoute: "unreachable") == .hostUnreachable)
        }

        @Test func `a prohibited route is STATUS_ACCESS_DENIED`() async throws {
            #expect(try await connect(byRoute: "prohibit") == .accessDenied)
        }

        @Test func `a request that waits is STATUS_PENDING`() async throws {
            let peer = try SilentPeer()
            defer { withExtendedLifetime(peer) {} }
            let irp = provider.socketConnect(to: peer.address)
            try await Task.sleep(for: .milliseconds(100))
            #expect(irp.status == .pending)
            #expect(irp.completion == nil)
            irp.cancel()
            #expect(await failure(irp) == .cancelled)
        }

        @Test func `a connect that somebody else destroys is STATUS_CONNECTION_ABORTED`() async throws {
            let peer = try SilentPeer()
            let irp = provider.socketConnect(to: peer.address, timeout: .seconds(20))
            while irp.status == .pending {
                try run("ss -K -n state syn-sent dst 127.0.0.1:\(peer.address.port) >/dev/null")
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(await failure(irp) == .connectionAborted)
        }

        @Test func `an address that is taken is STATUS_ADDRESS_ALREADY_EXISTS`() async throws {
            let listener = try Listener()
            let socket = try await provider.socket(.ipv4)
            #expect(await failure(socket.bind(to: listener.address)) == .addressAlreadyExists)
        }

        @Test func `an address of another machine is STATUS_INVALID_ADDRESS_COMPONENT`() async throws {
            let elsewhere = try #require(SocketAddress("192.0.2.1", port: 0))
            let socket = try await provider.socket(.ipv4)
            #expect(await failure(socket.bind(to: elsewhere)) == .invalidAddressComponent)
        }

        @Test func `a receive without a connection is STATUS_CONNECTION_INVALID`() async throws {
            let socket = try await provider.socket(.ipv4)
            #expect(await failure(socket.receive()) == .connectionInvalid)
        }

        /// A peer that closes before it has read what came resets the connection.
        @Test func `a reset is STATUS_CONNECTION_RESET`() async throws {
            let listener = try Listener()
            let connection = try await provider.socketConnect(to: listener.address, sending: [1]).value
            _ = try listener.accept()
            #expect(await failure(connection.socket.receive()) == .connectionReset)
        }

        @Test func `sending after a disconnect is STATUS_PIPE_DISCONNECTED`() async throws {
            let listener = try Listener()
            let connection = try await provider.socketConnect(to: listener.address).value
            let peer = try listener.accept()
            _ = try await connection.socket.disconnect().value
            #expect(await failure(connection.socket.send([1])) == .pipeDisconnected)
            #expect(try peer.receive() == [])
        }

        @Test func `a connected socket does not listen`() async throws {
            let listener = try Listener()
            let connection = try await provider.socketConnect(to: listener.address).value
            let local = try #require(connection.local)
            #expect(await failure(connection.socket.setOption(.fastOpen())) == .connectionActive)
            #expect(await failure(provider.socketConnect(to: local)) == .connectionRefused)
        }

        /// The routine of each completion makes the next request: connect, receive, close.
        @Test func `completion routines start new requests`() async throws {
            let listener = try Listener()
            let peer = Task.detached {
                let peer = try listener.accept()
                try peer.send("answer")
                return peer
            }
            let closed = await withCheckedContinuation { continuation in
                provider.socketConnect(to: listener.address).onCompletion { connection in
                    guard let socket = try? connection.get().socket else {
                        return continuation.resume(returning: false)
                    }
                    socket.receive().onCompletion { received in
                        let text = try? received.get().bytes
                        socket.close(.graceful).onCompletion { closed in
                            continuation.resume(returning: text == Array("answer".utf8) && (try? closed.get()) != nil)
                        }
                    }
                }
            }
            #expect(closed)
            #expect(try await peer.value.receive() == [])
        }

        @Test func `a request past the session's quota is STATUS_QUOTA_EXCEEDED`() async throws {
            let quota = 262_144
            let listener = try Listener()
            let socket = try await provider.socketConnect(to: listener.address).value.socket
            let submission = provider.submit { batch in
                (0...quota).map { _ in batch.submit(.receive(socket, upTo: 1)) }
            }
            #expect(await failure(submission.irps[quota]) == .quotaExceeded)
            #expect(submission.irps[0].status == .pending)
            _ = try await socket.close().value
            #expect(await failure(submission.irps[0]) == .cancelled)
            while try provider.statistics().outstanding > 0 {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
