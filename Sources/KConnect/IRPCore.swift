// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What every IRP is, whatever it gives.
///
/// It is kept apart from the generic class because nothing here depends on the class's parameter: looking up generic
/// types at run time cost more than all the rest of a completion.
struct IRPCore: ~Copyable, Sendable {
    /// Who wants to know of the completion.
    enum Observer {
        case task(UnsafeContinuation<Void, Never>)
        case routine(@Sendable (Completion) -> Void)
        case stream(CompletionQueue)
    }

    struct State: ~Copyable {
        var completion: Completion?
        var cookie: UInt64 = 0
        var index = 0
        var canceller: (any Canceller)?
        var observer: Observer?
        var moreObservers: [Observer] = []
    }

    let provider: Provider
    let operation: Operation
    let handle: UInt32
    private let state = Mutex(State())

    init(_ provider: Provider, _ operation: Operation, socket handle: UInt32) {
        self.provider = provider
        self.operation = operation
        self.handle = handle
    }

    var cookie: UInt64 { state.withLock { $0.cookie } }

    var completion: Completion? { state.withLock { $0.completion } }

    var status: NTStatus { state.withLock { $0.completion?.status } ?? .pending }

    /// The request is on its way to `canceller`'s side, the `index`-th of its batch.
    func submitted(index: Int, canceller: any Canceller, stream: CompletionQueue?) {
        state.withLock { state in
            state.index = index
            state.canceller = canceller
            if let stream { state.observer = .stream(stream) }
        }
    }

    /// The request has a cookie, or (0) has none again.
    func entered(as cookie: UInt64) {
        state.withLock { $0.cookie = cookie }
    }

    func cancel() {
        let (canceller, cookie) = state.withLock { ($0.canceller, $0.cookie) }
        canceller?.cancel(cookie)
    }

    /// The first completion counts, and is told to all observers; a second does nothing.
    func finish(_ completion: consuming Completion) {
        var completion = completion
        let (observer, more) = state.withLock { state -> (Observer?, [Observer]) in
            guard state.completion == nil else { return (nil, []) }
            completion.index = state.index
            state.completion = completion
            state.canceller = nil
            return (state.observer.take(), exchange(&state.moreObservers, with: []))
        }
        if let observer { Self.notify(observer, completion) }
        for observer in more { Self.notify(observer, completion) }
    }

    /// Tells the observer of the completion, now or when it comes.
    func observe(_ observer: Observer) {
        let completion = state.withLock { state -> Completion? in
            if state.completion != nil { return state.completion }
            if state.observer == nil { state.observer = observer } else { state.moreObservers.append(observer) }
            return nil
        }
        if let completion { Self.notify(observer, completion) }
    }

    /// Waits for the completion. Cancelling the waiting task cancels the request, and waits on.
    func wait() async -> Completion {
        if let completion { return completion }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { observe(.task($0)) }
        } onCancel: {
            cancel()
        }
        guard let completion else { preconditionFailure("an IRP resumed its task before it completed") }
        return completion
    }

    private static func notify(_ observer: Observer, _ completion: Completion) {
        switch observer {
        case .task(let continuation): continuation.resume()
        case .routine(let routine): routine(completion)
        case .stream(let queue): queue.push(completion)
        }
    }
}
