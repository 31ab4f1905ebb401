// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A connect to a name: its look-up, then one address after the other, behind one IRP.
///
/// While the name is looked up the kernel knows of nothing, so a cancel or the deadline ends the IRP at once. Later they
/// end the attempt that is running, and its completion ends the IRP.
final class HostConnect: Canceller, Sendable {
    private enum Phase {
        case resolving
        case connecting(IRP<ConnectResult>)
        case finished
    }

    private let irp: IRP<ConnectResult>
    private let timeout: Duration?
    private let deadline: ContinuousClock.Instant?
    private let request: @Sendable (SocketAddress, Duration?) -> Request<ConnectResult>
    private let state = Mutex((phase: Phase.resolving, isCancelled: false))

    init(
        _ irp: IRP<ConnectResult>, timeout: Duration?,
        request: @escaping @Sendable (SocketAddress, Duration?) -> Request<ConnectResult>
    ) {
        self.irp = irp
        self.timeout = timeout
        self.request = request
        deadline = timeout.map { .now + $0.clampedToTimeout }
    }

    func start(name: String, port: UInt16, family: SocketAddress.Family?) {
        irp.core.submitted(index: 0, canceller: self, stream: nil)
        if let error = request(.wildcard(family ?? .ipv4), timeout).body.malformed { return end(error) }
        if let timeout {
            NameResolver.after(timeout.clampedToTimeout) { [weak self] in self?.endLookUp(.timedOut) }
        }
        NameResolver.resolve(name, port: port, family: family) { [self] result in
            switch result {
            case .success(let addresses): attempt(addresses[...])
            case .failure(let error): endLookUp(error)
            }
        }
    }

    func cancel(_ cookie: UInt64) {
        let attempt = state.withLock { state -> IRP<ConnectResult>? in
            state.isCancelled = true
            if case .connecting(let attempt) = state.phase { return attempt }
            return nil
        }
        if let attempt { attempt.cancel() } else { endLookUp(.cancelled) }
    }

    private var remaining: Duration? { deadline.map { ContinuousClock.now.duration(to: $0) } }

    private func attempt(_ addresses: ArraySlice<SocketAddress>) {
        guard let address = addresses.first else { return end(.noAddress) }
        // Each address gets its share of the time, or one silent peer would use up that of all the others.
        let share = remaining.map { max($0 / addresses.count, .milliseconds(1)) }
        let next = irp.core.provider.submit(request(address, share))
        let state = state.withLock { state in
            defer { if case .finished = state.phase {} else { state.phase = .connecting(next) } }
            return state
        }
        if case .finished = state.phase { return abandon(next) }
        if state.isCancelled { next.cancel() }
        next.onCompletion { [self] result in
            completed(next, result, addresses.dropFirst())
        }
    }

    private func completed(
        _ attempt: IRP<ConnectResult>, _ result: Result<ConnectResult, KConnectError>,
        _ rest: ArraySlice<SocketAddress>
    ) {
        let isCancelled = state.withLock { $0.isCancelled }
        if case .failure(let error) = result, error.isWorthAnotherAddress, !isCancelled, !rest.isEmpty,
            remaining.map({ $0 > .zero }) ?? true
        {
            return self.attempt(rest)
        }
        guard let completion = attempt.completion else { return }
        state.withLock { $0.phase = .finished }
        irp.finish(completion)
    }

    /// The IRP has ended during the look-up, at the moment in which an address was found.
    private func abandon(_ attempt: IRP<ConnectResult>) {
        attempt.cancel()
        attempt.onCompletion { result in
            if case .success(let connection) = result { connection.socket.close() }
        }
    }

    private func endLookUp(_ error: KConnectError) {
        let isResolving = state.withLock { state in
            guard case .resolving = state.phase else { return false }
            state.phase = .finished
            return true
        }
        if isResolving { irp.fail(error) }
    }

    private func end(_ error: KConnectError) {
        state.withLock { $0.phase = .finished }
        irp.fail(error)
    }
}

extension KConnectError {
    /// Whether another address may do better: the path or the peer failed, not the request, its caller or its session.
    fileprivate var isWorthAnotherAddress: Bool {
        switch status {
        case .connectionRefused, .connectionReset, .connectionAborted, .ioTimeout, .networkUnreachable,
            .hostUnreachable, .invalidAddressComponent, .addressAlreadyExists:
            true
        default: false
        }
    }

    fileprivate static let timedOut = KConnectError(
        errno: ETIMEDOUT, message: "the name was not resolved in time", operation: .socketConnect)
    fileprivate static let cancelled = KConnectError(
        errno: ECANCELED, message: "cancelled while the name was looked up", operation: .socketConnect)
    fileprivate static let noAddress = KConnectError(
        .nameNotResolved, errno: ENXIO, message: "the name has no address", operation: .socketConnect)
}
