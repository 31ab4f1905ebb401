// SPDX-License-Identifier: Apache-2.0

import Glibc
import KConnect
import Testing

extension GuestTests {
    /// Requests that make no sense, as far as the types let them through.
    @Suite struct RefusalTests {
        let provider: Provider
        let listener: Listener

        init() throws {
            provider = try Provider()
            listener = try Listener()
        }

        /// The error of a request that is refused: it has words.
        private func refusal<Value>(_ irp: IRP<Value>) async -> NTStatus? {
            let error = await #expect(throws: KConnectError.self) { try await irp.value }
            #expect(error?.message != nil)
            #expect(error?.status == irp.status)
            return error?.status
        }

        private func boundSocket() async throws -> Socket {
            let socket = try await provider.socket(.ipv4)
            _ = try await socket.bind(to: .wildcard(.ipv4)).value
            return socket
        }

        @Test func `flags other than zero`() async throws {
            let socket = try await boundSocket()
            #expect(await refusal(socket.connectEx(to: listener.address, flags: 1)) == .invalidParameter)
            #expect(await refusal(provider.socketConnect(to: listener.address, flags: 1 << 31)) == .invalidParameter)
            _ = try await socket.connectEx(to: listener.address).value
        }

        @Test func `an address of the wrong family`() async throws {
            let other = try #require(SocketAddress("::1", port: listener.address.port))
            let socket = try await boundSocket()
            #expect(await refusal(socket.connectEx(to: other)) == .invalidParameter)
            let from = provider.socketConnect(to: listener.address, from: .wildcard(.ipv6))
            #expect(await refusal(from) == .invalidParameter)
            let unbound = try await provider.socket(.ipv4)
            #expect(await refusal(unbound.bind(to: .wildcard(.ipv6))) == .invalidParameter)
        }

        @Test func `port 0`() async throws {
            var remote = listener.address
            remote.port = 0
            #expect(await refusal(try await boundSocket().connectEx(to: remote)) == .invalidParameter)
            #expect(await refusal(provider.socketConnect(to: remote)) == .invalidParameter)
        }

        @Test func `a socket that is not bound`() async throws {
            let socket = try await provider.socket(.ipv4)
            #expect(await refusal(socket.connectEx(to: listener.address)) == .invalidParameter)
        }

        @Test func `a socket that is connected already`() async throws {
            let connection = try await provider.socketConnect(to: listener.address).value
            #expect(await refusal(connection.socket.connectEx(to: listener.address)) == .connectionActive)
            try listener.accept().send("it stands")
            #expect(try await connection.socket.receive().value.bytes == Array("it stands".utf8))
        }

        @Test func `a socket whose connect failed is STATUS_FILE_FORCED_CLOSED`() async throws {
            let socket = try await boundSocket()
            let failed = socket.connectEx(to: try closedPort())
            _ = await #expect(throws: KConnectError.self) { try await failed.value }
            #expect(await refusal(socket.connectEx(to: listener.address)) == .fileForcedClosed)
            _ = try await socket.close().value
        }

        @Test func `a handle that is in use`() async throws {
            let socket = try await boundSocket()
            let again = provider.submit(.socket(socket, family: .ipv4))
            _ = await #expect(throws: KConnectError.self) { try await again.value }
            #expect(again.completion?.errno == EEXIST)
        }

        @Test func `a socket that is closed, or never was`() async throws {
            let socket = try await boundSocket()
            _ = try await socket.close().value
            #expect(await refusal(socket.connectEx(to: listener.address)) == .invalidHandle)
            #expect(await refusal(socket.receive()) == .invalidHandle)
            #expect(await refusal(socket.close()) == .invalidHandle)
            #expect(await refusal(provider.newSocket().receive()) == .invalidHandle)
        }

        @Test func `an option that is not allowed`() async throws {
            let socket = try await provider.socket(.ipv4)
            let linger = SocketOption.Name(level: UInt32(SOL_SOCKET), name: UInt32(SO_LINGER))
            let set = socket.setOption(SocketOption(linger, bytes: [UInt8](repeating: 0, count: 8)))
            #expect(await refusal(set) == .notSupported)
            #expect(await refusal(socket.option(linger)) == .notSupported)
        }

        @Test(arguments: [-1, 0, 65_537, Int.max])
        func `a receive of a length that is not allowed`(_ length: Int) async throws {
            let connection = try await provider.socketConnect(to: listener.address).value
            #expect(await refusal(connection.socket.receive(upTo: length)) == .invalidParameter)
        }

        @Test(arguments: [Duration.zero, .seconds(-1)])
        func `a timeout that is none`(_ timeout: Duration) async throws {
            #expect(await refusal(provider.socketConnect(to: listener.address, timeout: timeout)) == .invalidParameter)
        }

        @Test func `the third of five is bad and the others run`() async throws {
            let submission = provider.submit { batch in
                (0..<5).map { index in
                    batch.submit(.socketConnect(to: listener.address, sending: [1], flags: index == 2 ? 1 : 0))
                }
            }
            var statuses: [Int: NTStatus] = [:]
            for await completion in submission.completions {
                #expect(statuses.updateValue(completion.status, forKey: completion.index) == nil)
            }
            #expect(statuses == [0: .success, 1: .success, 2: .invalidParameter, 3: .success, 4: .success])
            #expect(submission.irps.map(\.status) == [.success, .success, .invalidParameter, .success, .success])
        }
    }
}
