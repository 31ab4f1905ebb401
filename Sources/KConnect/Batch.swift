// SPDX-License-Identifier: Apache-2.0

import GenericNetlink
import Glibc

/// Requests on their way into as few messages as possible, see ``Provider/submit(_:)-swift.method``.
///
/// Requests run in the order in which they were put in. One that is wrong completes with an error of its own, and the
/// others run.
public struct Batch: ~Copyable {
    private let provider: Provider
    private let stream: CompletionQueue?
    private var message: MessageBuffer
    private var sequence: UInt32?
    private var count = 0

    init(_ provider: Provider, stream: CompletionQueue?) {
        self.provider = provider
        self.stream = stream
        message = provider.session.takeBuffer()
    }

    // Specialized, for the many are connects, and looking up generic types for each costs half of encoding it.
    /// Puts a request in.
    @specialized(where Value == ConnectResult)
    @discardableResult
    public mutating func submit<Value>(_ request: Request<Value>) -> IRP<Value> {
        var body = request.body
        if body.operation == .socketConnect { body.socket = provider.session.nextHandle() }
        let irp = IRP<Value>(provider, body.operation, socket: body.socket)
        irp.core.submitted(index: count, canceller: provider.session, stream: stream)
        count += 1
        if let error = body.malformed {
            irp.fail(error)
        } else if !put(body, irp) {
            // It did not fit behind the others; if it does not fit an empty message, it is too long.
            flush()
            if !put(body, irp) { irp.fail(.messageTooLong) }
        }
        return irp
    }

    /// Makes a socket (WskSocket), which the requests that follow in the batch can already use.
    public mutating func socket(_ family: SocketAddress.Family) -> Socket {
        let socket = provider.newSocket()
        submit(.socket(socket, family: family))
        return socket
    }

    /// Writes a request into the message. Returns false if it does not fit.
    private mutating func put<Value>(_ body: RequestBody, _ irp: IRP<Value>) -> Bool {
        let session = provider.session
        let sequence = open()
        guard let cookie = session.enter(irp, in: sequence) else {
            irp.fail(session.closed)
            return true
        }
        irp.core.entered(as: cookie)
        do throws(MessageTooLong) {
            try body.encode(cookie: cookie, into: &message)
            isEmpty = false
            return true
        } catch {
            session.withdraw(cookie)
            irp.core.entered(as: 0)
            return false
        }
    }

    private var isEmpty = true

    private mutating func open() -> UInt32 {
        if let sequence { return sequence }
        let next = provider.session.nextSequence()
        provider.session.open(&message, sequence: next)
        sequence = next
        isEmpty = true
        return next
    }

    private mutating func flush() {
        guard let sequence else { return }
        if isEmpty {
            provider.session.abandon(sequence)
        } else {
            provider.session.send(message, sequence: sequence)
        }
        self.sequence = nil
    }

    /// Sends what has not been sent. Returns how many requests there were.
    consuming func finish() -> Int {
        flush()
        provider.session.giveBack(message)
        return count
    }
}
