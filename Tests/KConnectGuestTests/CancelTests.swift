// SPDX-License-Identifier: Apache-2.0

import Glibc
import KConnect
import Synchronization
import Testing

extension GuestTests {
    /// Deadlines and cancels: one outcome, whatever came first.
    @Suite struct CancelTests {
        let provider: Provider

        init() throws {
            provider = try Provider()
        }

        /// How often an IRP has completed.
        private final class Outcomes: Sendable {
            private let count = Atomic(0)

            init<Value>(_ irp: IRP<Value>) {
                irp.onCompletion { _ in self.count.add(1, ordering: .relaxed) }
            }

            /// Looks once more after a while.
            func settled() async throws -> Int {
                try await Task.sleep(for: .milliseconds(100))
                return count.load(ordering: .relaxed)
            }
        }

        private func error<Value>(_ irp: IRP<Value>) async -> NTStatus? {
            await #expect(throws: KConnectError.self) { try await irp.value }?.status
        }

        @Test(arguments: loopbacks)
        func `a silent peer with a deadline is STATUS_IO_TIMEOUT in time`(_ host: String) async throws {
            let peer = try SilentPeer(host)
            let irp = provider.socketConnect(to: peer.address, sending: [1], timeout: .milliseconds(300))
            let outcomes = Outcomes(irp)
            #expect(await error(irp) == .ioTimeout)
            let completed = try #require(irp.completion.flatMap { Times($0).completed })
            #expect(completed >= .milliseconds(300) && completed <= .milliseconds(350))
            #expect(try await outcomes.settled() == 1)
        }

        @Test func `a deadline of a receive leaves the connection`() async throws {
            let listener = try Listener()
            let connection = try await provider.socketConnect(to: listener.address).value
            #expect(await error(connection.socket.receive(timeout: .milliseconds(50))) == .ioTimeout)
            try listener.accept().send("it stands")
            #expect(try await connection.socket.receive().value.bytes == Array("it stands".utf8))
        }

        @Test func `a cancel before the request is sent`() async throws {
            let peer = try SilentPeer()
            let remote = peer.address
            let submission = provider.submit { batch in
                let irp = batch.submit(.socketConnect(to: remote))
                irp.cancel()
                return irp
            }
            let irp = submission.irps
            #expect(await error(irp) == .cancelled)
            #expect(irp.status == .cancelled)
        }

        @Test(arguments: loopbacks)
        func `a cancel during the request`(_ host: String) async throws {
            let peer = try SilentPeer(host)
            let irp = provider.socketConnect(to: peer.address, sending: [1])
            let outcomes = Outcomes(irp)
            try await Task.sleep(for: .milliseconds(50))
            #expect(irp.status == .pending)
            irp.cancel()
            irp.cancel()
            #expect(await error(irp) == .cancelled)
            #expect(try await outcomes.settled() == 1)
        }

        @Test func `a cancel after the request has no effect`() async throws {
            let listener = try Listener()
            let irp = provider.socketConnect(to: listener.address)
            let outcomes = Outcomes(irp)
            let connection = try await irp.value
            irp.cancel()
            #expect(irp.status == .success)
            try listener.accept().send("it stands")
            #expect(try await connection.socket.receive().value.bytes == Array("it stands".utf8))
            #expect(try await outcomes.settled() == 1)
        }

        @Test func `cancelling the task that waits cancels the request`() async throws {
            let peer = try SilentPeer()
            let irp = provider.socketConnect(to: peer.address)
            let task = Task { try await irp.value }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            #expect(await error(irp) == .cancelled)
        }

        @Test func `dropping an IRP cancels nothing`() async throws {
            let listener = try Listener()
            do { _ = provider.socketConnect(to: listener.address, sending: Array("dropped".utf8)) }
            #expect(try listener.accept().receive(7) == Array("dropped".utf8))
        }

        @Test func `cancels race with completions, and there is one outcome`() async throws {
            let listener = try Listener()
            for _ in 0..<200 {
                let irp = provider.socketConnect(to: listener.address)
                // A checked continuation traps if it is resumed twice.
                await withCheckedContinuation { continuation in
                    irp.onCompletion { _ in continuation.resume() }
                    irp.cancel()
                }
                #expect([.success, .cancelled].contains(irp.status))
                if irp.status == .success { _ = try await irp.socket?.close().value }
            }
            #expect(try provider.statistics().sockets == 0)
        }

        @Test func `cancelling all completes all, each once`() async throws {
            let peer = try SilentPeer()
            let submission = provider.socketConnect(to: Array(repeating: peer.address, count: 500))
            provider.cancelAll()
            var indices: [Int] = []
            for await completion in submission.completions {
                #expect(completion.status == .cancelled)
                indices.append(completion.index)
            }
            #expect(indices.sorted() == Array(0..<500))
        }

        @Test func `closing a socket cancels what is pending`() async throws {
            let peer = try SilentPeer()
            let irp = provider.socketConnect(to: peer.address)
            let socket = try #require(irp.socket)
            let receive = socket.receive()
            _ = try await socket.close().value
            #expect(await error(irp) == .cancelled)
            #expect(await error(receive) == .cancelled)
        }
    }
}
