// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// One asynchronous request: a future with the manners of an I/O request packet.
///
/// It completes exactly once. Cancelling the task that awaits ``value`` cancels it; dropping it does not. While it is
/// pending it keeps its provider open.
public final class IRP<Value: CompletionValue>: RequestOwner, Sendable {
    private struct State: ~Copyable {
        var completion: Completion?
        var cookie: UInt64 = 0
        var index = 0
        var canceller: (any Canceller)?
        var observer: Observer?
        var moreObservers: [Observer] = []
    }

    private enum Observer {
        case task(UnsafeContinuation<Void, Never>)
        case routine(@Sendable (Result<Value, KConnectError>) -> Void)
        case stream(CompletionQueue)
    }

    let provider: Provider
    let operation: Operation
    private let handle: UInt32
    private let state = Mutex(State())

    /// A request about the socket with that handle; 0 if it is not known beforehand.
    init(_ provider: Provider, _ operation: Operation, socket handle: UInt32) {
        self.provider = provider
        self.operation = operation
        self.handle = handle
    }

    /// The request's name in its session; 0 for one that never got to the kernel, or stands for several requests, as a
    /// connect to a name with several addresses does.
    public var cookie: UInt64 { state.withLock { $0.cookie } }

    /// The socket that the request is about, from the moment it is submitted, so that a receive can go out in one message
    /// with the connect. Nil for a connect to a name: which socket it will be, its result tells.
    public var socket: Socket? { handle == 0 ? nil : Socket(provider: provider, handle: handle) }

    /// The status: ``NTStatus/pending``, and in the end the final one.
    public var status: NTStatus { completion?.status ?? .pending }

    /// All that the kernel said about the request, also if it failed; nil while it is pending.
    public var completion: Completion? { state.withLock { $0.completion } }

    /// Asks for an end. The outcome still comes, exactly once: ``NTStatus/cancelled``, or whatever came first.
    public func cancel() {
        let (canceller, cookie) = state.withLock { ($0.canceller, $0.cookie) }
        canceller?.cancel(cookie)
    }

    /// Waits for the result. Cancelling the waiting task cancels the request; the outcome is still waited for.
    public var value: Value {
        get async throws(KConnectError) {
            if let completion { return try Self.result(completion, provider).get() }
            await withTaskCancellationHandler {
                await withUnsafeContinuation { observe(.task($0)) }
            } onCancel: {
                cancel()
            }
            guard let completion else { preconditionFailure("an IRP resumed its task before it completed") }
            return try Self.result(completion, provider).get()
        }
    }

    /// Calls `routine` with the result, at once if it is there already.
    ///
    /// It runs on the thread that reads completions: it may start new requests, and must not wait for them, as a
    /// completion routine of the kernel must not.
    public func onCompletion(_ routine: @escaping @Sendable (Result<Value, KConnectError>) -> Void) {
        observe(.routine(routine))
    }

    // MARK: The session's side

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

    func finish(_ completion: Completion) {
        let (observer, more) = state.withLock { state -> (Observer?, [Observer]) in
            guard state.completion == nil else { return (nil, []) }
            state.completion = completion
            state.completion?.index = state.index
            state.canceller = nil
            return (state.observer.take(), exchange(&state.moreObservers, with: []))
        }
        if let observer { notify(observer) }
        for observer in more { notify(observer) }
    }

    func fail(_ error: KConnectError) {
        finish(Completion(error, operation: operation, cookie: cookie))
    }

    private func observe(_ observer: Observer) {
        let isComplete = state.withLock { state in
            if state.completion != nil { return true }
            if state.observer == nil { state.observer = observer } else { state.moreObservers.append(observer) }
            return false
        }
        if isComplete { notify(observer) }
    }

    private func notify(_ observer: Observer) {
        switch observer {
        case .task(let continuation): continuation.resume()
        case .routine(let routine):
            if let completion { routine(Self.result(completion, provider)) }
        case .stream(let queue):
            if let completion { queue.push(completion) }
        }
    }

    private static func result(_ completion: Completion, _ provider: Provider) -> Result<Value, KConnectError> {
        if let error = completion.error { return .failure(error) }
        return .success(Value(completion, provider: provider))
    }
}

/// What the request table knows of an IRP.
protocol RequestOwner: AnyObject, Sendable {
    /// The request has completed. A second call does nothing.
    func finish(_ completion: Completion)
    /// The request has ended without a completion of the kernel's.
    func fail(_ error: KConnectError)
}

/// What can end a pending request.
protocol Canceller: AnyObject, Sendable {
    /// Asks for the end of the request with that cookie.
    func cancel(_ cookie: UInt64)
}
