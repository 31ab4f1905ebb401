// SPDX-License-Identifier: Apache-2.0

import KConnect
import Testing

extension GuestTests {
    /// What a connect achieves, and how it fails.
    @Suite struct ConnectTests {
        let provider: Provider

        init() throws {
            provider = try Provider()
        }

        @Test(arguments: loopbacks)
        func `a connection carries the first data and the answer`(_ host: String) async throws {
            let listener = try Listener(host)
            let irp = provider.socketConnect(to: listener.address, sending: Array("question".utf8))
            let peer = try listener.accept()
            #expect(try peer.receive(8) == Array("question".utf8))
            let connection = try await irp.value
            #expect(irp.status == .success)
            #expect(connection.information == 8)
            #expect(connection.remote == listener.address)
            #expect(connection.local?.host == host)
            #expect(connection.times.established ?? .zero > .zero)
            try peer.send("answer")
            #expect(try await connection.socket.receive().value.bytes == Array("answer".utf8))
            _ = try await connection.socket.close().value
            #expect(peer.isReset())
        }

        @Test(arguments: loopbacks)
        func `a chain of requests goes out in one batch`(_ host: String) async throws {
            let listener = try Listener(host)
            let family = listener.address.family
            let submission = provider.submit { batch in
                let socket = batch.socket(family)
                let bind = batch.submit(.bind(socket, to: .wildcard(family)))
                let option = batch.submit(.setOption(socket, .noDelay()))
                let connect = batch.submit(.connectEx(socket, to: listener.address, sending: Array("question".utf8)))
                let receive = batch.submit(.receive(socket))
                return (bind, option, connect, receive)
            }
            let peer = try listener.accept()
            #expect(try peer.receive(8) == Array("question".utf8))
            try peer.send("answer")
            #expect(try await submission.irps.3.value.bytes == Array("answer".utf8))
            #expect(try await submission.irps.2.value.information == 8)
            var answered: [Int] = []
            for await completion in submission.completions {
                #expect(completion.status == .success)
                answered.append(completion.index)
            }
            #expect(answered.sorted() == [0, 1, 2, 3, 4])
        }

        @Test(arguments: loopbacks)
        func `65,535 bytes arrive whole`(_ host: String) async throws {
            let listener = try Listener(host)
            let data = pattern(65_535)
            let irp = provider.socketConnect(to: listener.address, sending: data)
            let peer = try listener.accept()
            #expect(try peer.receive(data.count) == data)
            #expect(try await irp.value.information == 65_535)
        }

        @Test(arguments: loopbacks)
        func `65,536 bytes are STATUS_BUFFER_OVERFLOW, and nothing is connected`(_ host: String) async throws {
            let listener = try Listener(host)
            let irp = provider.socketConnect(to: listener.address, sending: pattern(65_536))
            let error = await #expect(throws: KConnectError.self) { try await irp.value }
            #expect(error?.status == .bufferOverflow)
            #expect(irp.completion?.information == 0)
            // The next one in the listener's queue is the first.
            let next = provider.socketConnect(to: listener.address, sending: Array("first".utf8))
            #expect(try listener.accept().receive(5) == Array("first".utf8))
            _ = try await next.value
        }

        @Test func `a batch whose data exceeds the message limit is split`() async throws {
            let listener = try Listener()
            let data = pattern(65_535)
            let submission = provider.submit { batch in
                (0..<12).map { _ in batch.submit(.socketConnect(to: listener.address, sending: data)) }
            }
            for _ in 0..<12 {
                #expect(try listener.accept().receive(data.count) == data)
            }
            var answered: [Int] = []
            for await completion in submission.completions {
                #expect(completion.status == .success)
                #expect(completion.information == data.count)
                answered.append(completion.index)
            }
            #expect(answered.sorted() == Array(0..<12))
        }

        @Test(arguments: loopbacks)
        func `a refused port is STATUS_CONNECTION_REFUSED`(_ host: String) async throws {
            let irp = provider.socketConnect(to: try closedPort(host), sending: [1])
            let error = await #expect(throws: KConnectError.self) { try await irp.value }
            #expect(error?.status == .connectionRefused)
            #expect(irp.status == .connectionRefused)
        }

        @Test(arguments: ["192.0.2.1", "2001:db8::1"])
        func `a network without a route is STATUS_NETWORK_UNREACHABLE`(_ host: String) async throws {
            let remote = try #require(SocketAddress(host, port: 80))
            let error = await #expect(throws: KConnectError.self) { try await provider.socketConnect(to: remote).value }
            #expect(error?.status == .networkUnreachable)
        }

        @Test(arguments: loopbacks)
        func `a server that closes at once gives the end of the stream`(_ host: String) async throws {
            let listener = try Listener(host)
            let irp = provider.socketConnect(to: listener.address)
            _ = try listener.accept()
            let connection = try await irp.value
            let received = try await connection.socket.receive().value
            #expect(received.isEndOfStream)
            _ = try await connection.socket.close().value
        }

        @Test(arguments: loopbacks)
        func `a graceful close delivers everything first`(_ host: String) async throws {
            let listener = try Listener(host)
            let data = pattern(65_535)
            let irp = provider.socketConnect(to: listener.address, sending: data)
            let peer = try listener.accept()
            let first = try peer.receive(1)
            _ = try await irp.value.socket.close(.graceful).value
            #expect(try first + peer.receive() == data)
        }

        @Test func `options are set and got`() async throws {
            let socket = try await provider.socket(.ipv4)
            for (option, name) in [
                (SocketOption.noDelay(), SocketOption.Name.noDelay), (.keepAlive(), .keepAlive),
                (.fastOpen(), .fastOpen),
            ] {
                #expect(try await socket.option(name).value.integer == 0)
                _ = try await socket.setOption(option).value
                #expect(try await socket.option(name).value.integer == 1)
            }
            _ = try await socket.setOption(.mark(77)).value
            #expect(try await socket.option(.mark).value.integer == 77)
            _ = try await socket.setOption(.bindToDevice("lo")).value
            #expect(try await socket.option(.bindToDevice).value.bytes == Array("lo\0".utf8))
        }

        @Test func `closing the provider resets its connections`() async throws {
            let listener = try Listener()
            let own = try Provider()
            let connection = try await own.socketConnect(to: listener.address).value
            let peer = try listener.accept()
            let pending = connection.socket.receive()
            own.close()
            #expect(peer.isReset())
            let error = await #expect(throws: KConnectError.self) { try await pending.value }
            #expect(error?.status == .cancelled)
        }
    }
}
