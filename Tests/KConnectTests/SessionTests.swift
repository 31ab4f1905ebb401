// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Testing

@testable import KConnect

/// Sessions with a real kernel that refuses every message, see ``providerWithoutModule()``.
@Suite struct SessionTests {
    private let target: SocketAddress

    init() throws { target = try #require(SocketAddress("127.0.0.1:9")) }

    @Test func `without the module there is no provider, and the error says why`() {
        var configuration = Provider.Configuration()
        configuration.family = "no-such-family"
        let error = #expect(throws: KConnectError.self) { _ = try Provider(configuration) }
        #expect(error == .moduleNotLoaded)
        #expect(error?.code == .moduleNotLoaded)
        #expect(error?.description.contains("not loaded") == true)
    }

    @Test func `the kernel's refusals have errors of their own`() {
        #expect(KConnectError(refusal: .init(errno: EPERM)).code == .notPermitted)
        #expect(KConnectError(refusal: .init(errno: EPERM)).status == .accessDenied)
        #expect(KConnectError(refusal: .init(errno: ENOENT)).code == .moduleNotLoaded)
        let other = KConnectError(refusal: .init(errno: EDQUOT, message: "words"))
        #expect(other.code == .request && other.status == .quotaExceeded && other.message == "words")
    }

    @Test func `a refused message ends each of its requests`() async throws {
        let provider = try providerWithoutModule()
        let submission = provider.submit { batch in
            let target = target
            return (0..<10).map { _ in batch.submit(.socketConnect(to: target)) }
        }
        var indices: Set<Int> = []
        for await completion in submission.completions {
            #expect(completion.errno == EOPNOTSUPP)
            #expect(completion.operation == .socketConnect)
            indices.insert(completion.index)
        }
        #expect(indices == Set(0..<10))
        for irp in submission.irps { #expect(irp.status == .notSupported) }
    }

    @Test func `a batch beyond the message limit goes out in several messages`() async throws {
        let provider = try providerWithoutModule()
        let data = [UInt8](repeating: 1, count: 30_000)
        let submission = provider.socketConnect(to: Array(repeating: target, count: 40), sending: data)
        var count = 0
        for await completion in submission.completions {
            #expect(completion.errno == EOPNOTSUPP)
            count += 1
        }
        #expect(count == 40)
    }

    @Test func `data that no message can hold is refused by itself`() async throws {
        let provider = try providerWithoutModule()
        let submission = provider.submit { batch in
            let data = [UInt8](repeating: 1, count: 1 << 20)
            return (
                batch.submit(.socketConnect(to: target)), batch.submit(.socketConnect(to: target, sending: data)),
                batch.submit(.socketConnect(to: target))
            )
        }
        var statuses: [Int: NTStatus] = [:]
        for await completion in submission.completions { statuses[completion.index] = completion.status }
        #expect(statuses == [0: .notSupported, 1: .bufferOverflow, 2: .notSupported])
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func `a timeout that makes no sense ends its request alone`(timeout: Duration) async throws {
        let provider = try providerWithoutModule()
        let submission = provider.submit { batch in
            batch.submit(.socketConnect(to: target, timeout: timeout))
            batch.submit(.socketConnect(to: target))
        }
        var statuses: [Int: NTStatus] = [:]
        for await completion in submission.completions { statuses[completion.index] = completion.status }
        #expect(statuses == [0: .invalidParameter, 1: .notSupported])
    }

    @Test func `closing ends what is pending, and takes nothing more`() async throws {
        let provider = try providerWithoutModule()
        provider.close()
        provider.close()
        let irp = provider.socketConnect(to: target)
        let error = await #expect(throws: KConnectError.self) { _ = try await irp.value }
        #expect(error?.code == .sessionClosed)
        #expect(error?.status == .cancelled)
        irp.cancel()
        provider.cancelAll()
    }

    @Test func `a request that is submitted while the session closes ends all the same`() async throws {
        for _ in 0..<50 {
            let provider = try providerWithoutModule()
            let irps = await withTaskGroup(of: [IRP<ConnectResult>].self) { group in
                for _ in 0..<3 {
                    group.addTask { (0..<10).map { _ in provider.socketConnect(to: target) } }
                }
                group.addTask {
                    provider.close()
                    return []
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            for irp in irps { await #expect(throws: KConnectError.self) { _ = try await irp.value } }
        }
    }

    @Test func `a completion routine may submit and close`() async throws {
        let provider = try providerWithoutModule()
        let count = Atomic<Int>(0)
        let target = target
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            @Sendable func again() {
                provider.socketConnect(to: target).onCompletion { _ in
                    if count.add(1, ordering: .relaxed).newValue < 100 { return again() }
                    provider.close()
                    continuation.resume()
                }
            }
            again()
        }
        #expect(count.load(ordering: .relaxed) == 100)
    }

    @Test func `a provider that nobody holds is gone, and with it its session and its thread`() async throws {
        weak var session: Session?
        do {
            let provider = try providerWithoutModule()
            session = provider.session
            _ = try? await provider.socketConnect(to: target).value
        }
        while session != nil { await Task.yield() }
        #expect(session == nil)
    }

    @Test func `a dropped IRP completes, and keeps its provider until then`() async throws {
        let status = await withUnsafeContinuation { (continuation: UnsafeContinuation<NTStatus, Never>) in
            guard let provider = try? providerWithoutModule() else {
                return continuation.resume(returning: NTStatus.pending)
            }
            provider.socketConnect(to: target).onCompletion { result in
                if case .failure(let error) = result { continuation.resume(returning: error.status) }
            }
        }
        #expect(status == .notSupported)
    }

    @Test func `handles are never 0 and never the same`() throws {
        let provider = try providerWithoutModule()
        let handles = (0..<1000).map { _ in provider.newSocket().handle }
        #expect(Set(handles).count == 1000 && !handles.contains(0))
    }
}

@Suite struct HostConnectTests {
    @Test func `a numeric name needs no server`() throws {
        let addresses = try NameResolver.lookUp("192.0.2.1", port: 80, family: nil).get()
        #expect(addresses.map(\.description) == ["192.0.2.1:80"])
    }

    @Test func `localhost has an address of each family that is asked for`() throws {
        let addresses = try NameResolver.lookUp("localhost", port: 80, family: .ipv4).get()
        #expect(addresses.map(\.description) == ["127.0.0.1:80"])
    }

    @Test func `a name that can't be is not resolved, in words`() async throws {
        let provider = try providerWithoutModule()
        let irp = provider.socketConnect(toHost: "no such name", port: 80)
        let error = await #expect(throws: KConnectError.self) { _ = try await irp.value }
        #expect(error?.code == .nameNotResolved)
        #expect(error?.message?.contains("no such name") == true)
        #expect(error?.operation == .socketConnect)
    }

    @Test func `the attempt's completion is the connect's`() async throws {
        let provider = try providerWithoutModule()
        let irp = provider.socketConnect(toHost: "localhost", port: 80)
        let error = await #expect(throws: KConnectError.self) { _ = try await irp.value }
        #expect(error?.status == .notSupported)
        #expect(irp.completion?.operation == .socketConnect)
    }

    @Test func `a cancel ends it, before or after the look-up`() async throws {
        let provider = try providerWithoutModule()
        for _ in 0..<20 {
            let irp = provider.socketConnect(toHost: "localhost", port: 80)
            irp.cancel()
            let error = await #expect(throws: KConnectError.self) { _ = try await irp.value }
            #expect(error?.status == .cancelled || error?.status == .notSupported)
        }
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func `a timeout that makes no sense is refused before anything is looked up`(timeout: Duration) throws {
        let provider = try providerWithoutModule()
        let irp = provider.socketConnect(toHost: "localhost", port: 80, timeout: timeout)
        #expect(irp.status == .invalidParameter)
    }
}
