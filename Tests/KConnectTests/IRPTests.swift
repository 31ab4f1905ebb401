// SPDX-License-Identifier: Apache-2.0

import CKConnect
import GenericNetlink
import Glibc
import Synchronization
import Testing

@testable import KConnect

/// A provider that talks to `nlctrl`, which every kernel has and which refuses every request of ours: the way out and
/// back, the threads and the end of a session are real, only the module is missing.
func providerWithoutModule() throws -> Provider {
    var configuration = Provider.Configuration()
    configuration.family = "nlctrl"
    return try Provider(configuration)
}

@Suite struct IRPTests {
    private final class CancelCounter: Canceller {
        let cookies = Mutex<[UInt64]>([])
        func cancel(_ cookie: UInt64) { cookies.withLock { $0.append(cookie) } }
    }

    private let canceller = CancelCounter()

    /// A pending IRP.
    private func pending() throws -> IRP<IOStatus> {
        let irp = IRP<IOStatus>(try providerWithoutModule(), .bind, socket: 7)
        irp.submitted(index: 3, canceller: canceller, stream: nil)
        irp.entered(as: 42)
        return irp
    }

    private func completion(errno: Int32 = 0, information: Int = 0) -> Completion {
        var completion = Completion(KConnectError(errno: errno), operation: .bind, cookie: 42)
        completion.information = information
        return completion
    }

    @Test func `it is pending, and then has its status for ever`() throws {
        let irp = try pending()
        #expect(irp.status == .pending)
        #expect(irp.completion == nil)
        irp.finish(completion(information: 7))
        #expect(irp.status == .success)
        irp.finish(completion(errno: EINVAL))
        irp.fail(.sessionClosed)
        #expect(irp.status == .success)
        #expect(irp.completion?.information == 7)
        #expect(irp.completion?.index == 3)
        #expect(irp.cookie == 42)
    }

    @Test func `its value is there after the completion, and is waited for before`() async throws {
        let done = try pending()
        done.finish(completion(information: 7))
        #expect(try await done.value.information == 7)
        let irp = try pending()
        async let first = irp.value
        async let second = irp.value
        async let third = irp.value
        irp.finish(completion(information: 8))
        #expect(try await [first, second, third].map(\.information) == [8, 8, 8])
    }

    @Test func `a failure is thrown with its errno, its status and its operation`() async throws {
        let irp = try pending()
        irp.finish(completion(errno: ECONNREFUSED))
        let error = await #expect(throws: KConnectError.self) { _ = try await irp.value }
        #expect(error?.status == .connectionRefused)
        #expect(error?.errno == ECONNREFUSED)
        #expect(error?.operation == .bind)
        #expect(error?.code == .request)
    }

    @Test func `completion routines run once each, before or after`() throws {
        let irp = try pending()
        let results = Mutex<[Int]>([])
        for _ in 0..<3 {
            irp.onCompletion { result in
                let information = (try? result.get().information) ?? -1
                results.withLock { $0.append(information) }
            }
        }
        #expect(results.withLock { $0 }.isEmpty)
        irp.finish(completion(information: 7))
        irp.finish(completion(information: 8))
        irp.onCompletion { result in
            let information = (try? result.get().information) ?? -1
            results.withLock { $0.append(information) }
        }
        #expect(results.withLock { $0 } == [7, 7, 7, 7])
    }

    @Test func `a routine may use the IRP that it belongs to`() throws {
        let irp = try pending()
        let status = Mutex(NTStatus.pending)
        irp.onCompletion { _ in
            irp.cancel()
            status.withLock { $0 = irp.status }
        }
        irp.finish(completion())
        #expect(status.withLock { $0 } == .success)
    }

    @Test func `cancelling asks, and completes nothing`() throws {
        let irp = try pending()
        irp.cancel()
        #expect(canceller.cookies.withLock { $0 } == [42])
        #expect(irp.status == .pending)
        irp.finish(completion(errno: ECANCELED))
        #expect(irp.status == .cancelled)
        irp.cancel()
        #expect(canceller.cookies.withLock { $0 } == [42], "nothing is left to cancel")
    }

    @Test func `cancelling the task that waits cancels the request, and its outcome is still waited for`() async throws
    {
        let irp = try pending()
        let task = Task { try await irp.value.information }
        task.cancel()
        while canceller.cookies.withLock({ $0.isEmpty }) { await Task.yield() }
        #expect(irp.status == .pending)
        irp.finish(completion(information: 9))
        #expect(try await task.value == 9, "the connection was faster than its cancel")
    }

    @Test func `a completion races cancels and waiters without harm`() async throws {
        for _ in 0..<50 {
            let irp = try pending()
            let completion = completion(information: 1)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try? await irp.value } }
                group.addTask { irp.cancel() }
                group.addTask { irp.finish(completion) }
            }
            #expect(irp.status == .success)
        }
    }
}

@Suite struct CompletionQueueTests {
    private func completion(_ information: Int) -> Completion {
        var completion = Completion(KConnectError(errno: 0), operation: .bind)
        completion.information = information
        return completion
    }

    @Test func `completions come in their order and end with the last`() async {
        let queue = CompletionQueue()
        queue.push(completion(1))
        queue.push(completion(2))
        queue.expect(3)
        let late = completion(3)
        Task { queue.push(late) }
        var seen: [Int] = []
        for await completion in Completions(queue: queue) { seen.append(completion.information) }
        #expect(seen == [1, 2, 3])
    }

    @Test func `an empty batch ends at once`() async {
        let queue = CompletionQueue()
        queue.expect(0)
        #expect(await queue.next() == nil)
    }

    @Test func `a cancelled task stops iterating`() async {
        let queue = CompletionQueue()
        queue.expect(1)
        let task = Task { await queue.next() }
        task.cancel()
        #expect(await task.value == nil)
        queue.push(completion(1))
        #expect(await queue.next()?.information == 1, "nothing is lost by it")
    }
}
