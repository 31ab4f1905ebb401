// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A batch that has been submitted.
public struct Submission<IRPs: Sendable>: Sendable {
    /// What the closure that filled the batch returned: as a rule, the IRPs.
    public let irps: IRPs

    /// Each request's completion, as it comes. To be iterated once.
    public let completions: Completions
}

/// The completions of a batch, in the order in which they come; it ends with the last.
///
/// ``Completion/index`` says which of the batch's requests it was. Cancelling the iterating task ends the iteration
/// and leaves the requests alone.
public struct Completions: AsyncSequence, Sendable {
    /// One request's result.
    public typealias Element = Completion
    /// Getting one never fails.
    public typealias Failure = Never

    let queue: CompletionQueue

    /// Starts taking completions. Two iterators would each get a part of them.
    public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }

    /// Takes one completion after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let queue: CompletionQueue

        /// The next completion; nil after the last, or when the task was cancelled.
        public mutating func next() async -> Completion? { await queue.next() }

        /// The next completion, whichever actor asks for it.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Completion? { await queue.next() }
    }
}

/// Completions on their way from the reader to whoever iterates: one object for a whole batch.
final class CompletionQueue: Sendable {
    private struct State: ~Copyable {
        var ready: [Completion] = []
        var next = 0
        /// Completions still to come; unknown until the batch has been filled.
        var expected: Int?
        var delivered = 0
        var waiter: UnsafeContinuation<Void, Never>?

        var hasEnded: Bool { expected.map { delivered >= $0 } ?? false }
    }

    private let state = Mutex(State())

    func expect(_ count: Int) {
        state.withLock { $0.expected = count }
    }

    func push(_ completion: Completion) {
        let waiter = state.withLock { state in
            state.ready.append(completion)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func next() async -> Completion? {
        while !Task.isCancelled {
            let (completion, hasEnded) = take()
            if completion != nil || hasEnded { return completion }
            await withTaskCancellationHandler {
                await withUnsafeContinuation { wait($0) }
            } onCancel: {
                wake()
            }
        }
        return nil
    }

    private func take() -> (Completion?, hasEnded: Bool) {
        state.withLock { state in
            guard state.next < state.ready.count else { return (nil, state.hasEnded) }
            let completion = state.ready[state.next]
            state.next += 1
            state.delivered += 1
            if state.next == state.ready.count {
                state.ready.removeAll(keepingCapacity: true)
                state.next = 0
            }
            return (completion, false)
        }
    }

    private func wait(_ continuation: UnsafeContinuation<Void, Never>) {
        let previous = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            // A second iterator would wait for ever if its waiting were forgotten, so it looks again instead.
            if state.next < state.ready.count || Task.isCancelled { return continuation }
            return exchange(&state.waiter, with: continuation)
        }
        previous?.resume()
    }

    private func wake() {
        state.withLock { $0.waiter.take() }?.resume()
    }
}
