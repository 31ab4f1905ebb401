// SPDX-License-Identifier: Apache-2.0

/// One asynchronous request: a future with the manners of an I/O request packet.
///
/// It completes exactly once. Cancelling the task that awaits ``value`` cancels it; dropping it does not. While it is
/// pending it keeps its provider open.
public final class IRP<Value: CompletionValue>: RequestOwner, Sendable {
    let core: IRPCore

    /// A request about the socket with that handle; 0 if it is not known beforehand.
    init(_ provider: Provider, _ operation: Operation, socket handle: UInt32) {
        core = IRPCore(provider, operation, socket: handle)
    }

    /// The request's name in its session; 0 for one that never got to the kernel, or stands for several requests, as a
    /// connect to a name with several addresses does.
    public var cookie: UInt64 { core.cookie }

    /// The socket that the request is about, from the moment it is submitted, so that a receive can go out in one message
    /// with the connect. Nil for a connect to a name: which socket it will be, its result tells.
    public var socket: Socket? {
        core.handle == 0 ? nil : Socket(provider: core.provider, handle: core.handle)
    }

    /// The status: ``NTStatus/pending``, and in the end the final one.
    public var status: NTStatus { core.status }

    /// All that the kernel said about the request, also if it failed; nil while it is pending.
    public var completion: Completion? { core.completion }

    /// Asks for an end. The outcome still comes, exactly once: ``NTStatus/cancelled``, or whatever came first.
    public func cancel() { core.cancel() }

    /// Waits for the result. Cancelling the waiting task cancels the request; the outcome is still waited for.
    public var value: Value {
        get async throws(KConnectError) {
            let completion = await core.wait()
            return try result(completion).get()
        }
    }

    /// Calls `routine` with the result, at once if it is there already.
    ///
    /// It runs on the thread that reads completions: it may start new requests, and must not wait for them, as a
    /// completion routine of the kernel must not.
    public func onCompletion(_ routine: @escaping @Sendable (Result<Value, KConnectError>) -> Void) {
        core.observe(.routine { [self] completion in routine(result(completion)) })
    }

    func finish(_ completion: consuming Completion) { core.finish(completion) }

    func fail(_ error: KConnectError) {
        core.finish(Completion(error, operation: core.operation, cookie: cookie))
    }

    private func result(_ completion: Completion) -> Result<Value, KConnectError> {
        if let error = completion.error { return .failure(error) }
        return .success(Value(completion, provider: core.provider))
    }
}

/// What the request table knows of an IRP.
protocol RequestOwner: AnyObject, Sendable {
    /// The request has completed. A second call does nothing.
    func finish(_ completion: consuming Completion)
    /// The request has ended without a completion of the kernel's.
    func fail(_ error: KConnectError)
}

/// What can end a pending request.
protocol Canceller: AnyObject, Sendable {
    /// Asks for the end of the request with that cookie.
    func cancel(_ cookie: UInt64)
}
