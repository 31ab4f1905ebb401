// SPDX-License-Identifier: Apache-2.0

import CKConnect
import GenericNetlink
import Glibc
import Synchronization

/// The netlink socket, the request table, and the thread that reads completions: what stands behind a ``Provider``.
///
/// Two locks. The outbox is held while a message is sent, which takes as long as the kernel takes to run it, so that a
/// CANCEL can never overtake the SUBMIT it belongs to. The table is held for moments only. The outbox may be held when
/// the table is taken, not the other way round; no IRP is told anything under either.
final class Session: Canceller, Sendable {
    private struct Outbox: ~Copyable {
        var socket: NetlinkSocket?
        var control = MessageBuffer(limit: 256)
    }

    private let family: Family
    private let outbox: Mutex<Outbox>
    private let table = Mutex(RequestTable<any RequestOwner>())
    private let spare = Mutex<MessageBuffer?>(nil)
    private let lastSequence = Atomic<UInt32>(0)
    private let lastHandle = Atomic<UInt32>(0)
    private let endReason = Mutex<KConnectError?>(nil)
    private let messageLimit: Int
    private let descriptor: Int32

    init(_ configuration: Provider.Configuration) throws(KConnectError) {
        do throws(NetlinkError) {
            let socket = try NetlinkSocket(
                receiveBuffer: configuration.receiveBuffer, sendBuffer: configuration.sendBuffer)
            family = try Family.resolve(configuration.family, over: socket)
            // Its announcements tell when the module is unloaded.
            let control = try Family.resolve("nlctrl", over: socket)
            if let group = control.groups["notify"] { try socket.join(group: group) }
            messageLimit = socket.messageLimit
            descriptor = socket.descriptor
            outbox = Mutex(Outbox(socket: socket))
        } catch {
            throw KConnectError(refusal: error)
        }
    }

    // MARK: Going out

    /// A sequence number for the next SUBMIT. 0 is that of the kernel's own messages, the highest are taken, see below.
    func nextSequence() -> UInt32 {
        while true {
            let sequence = lastSequence.add(1, ordering: .relaxed).newValue
            if sequence != 0, sequence < Self.cancelSequence { return sequence }
        }
    }

    /// A handle that no socket of this session had within the last four billion.
    func nextHandle() -> UInt32 {
        while true {
            let handle = lastHandle.add(1, ordering: .relaxed).newValue
            if handle != 0 { return handle }
        }
    }

    /// An empty message buffer; to be given back.
    func takeBuffer() -> MessageBuffer {
        spare.withLock { $0.take() } ?? MessageBuffer(limit: messageLimit)
    }

    /// Keeps a buffer for the next to come.
    func giveBack(_ buffer: consuming MessageBuffer) {
        var buffer: MessageBuffer? = consume buffer
        spare.withLock { $0 = buffer.take() }
    }

    /// Starts a SUBMIT message.
    func open(_ message: inout MessageBuffer, sequence: UInt32) {
        message.begin(
            type: family.id, command: UInt8(KCONNECT_CMD_SUBMIT.rawValue), version: UInt8(KCONNECT_FAMILY_VERSION),
            sequence: sequence)
        table.withLock { $0.open(sequence) }
    }

    /// Enters a request that is to be written into an open message; nil once the session has ended.
    func enter(_ owner: any RequestOwner, in sequence: UInt32) -> UInt64? {
        table.withLock { $0.submit(owner, in: sequence) }
    }

    /// Takes a request out again that did not fit its message.
    func withdraw(_ cookie: UInt64) {
        table.withLock { $0.withdraw(cookie) }
    }

    /// Gives up a SUBMIT message into which nothing was written.
    func abandon(_ sequence: UInt32) {
        perform(table.withLock { $0.sendFailed(sequence) })
    }

    /// Sends a SUBMIT message.
    func send(_ message: borrowing MessageBuffer, sequence: UInt32) {
        var failure = KConnectError.sessionClosed
        let action = outbox.withLock { outbox in
            table.withLock { $0.sending(sequence) }
            do throws(NetlinkError) {
                guard outbox.socket != nil, !isEnded else { return table.withLock { $0.sendFailed(sequence) } }
                try outbox.socket?.send(message)
                return table.withLock { $0.sent(sequence) }
            } catch {
                failure = KConnectError(refusal: error)
                return table.withLock { $0.sendFailed(sequence) }
            }
        }
        perform(action, failure)
    }

    func cancel(_ cookie: UInt64) {
        perform(table.withLock { $0.cancel(cookie) })
    }

    func cancelAll() {
        perform(table.withLock { $0.cancelAll() })
    }

    /// Sends a CANCEL or a REAP. Throws what `send` does.
    private func sendControl(
        _ command: kconnect_cmd, flags: MessageFlags = [], _ fill: (inout MessageBuffer) throws(MessageTooLong) -> Void
    ) throws(NetlinkError) {
        let sequence = command == KCONNECT_CMD_REAP ? Self.reapSequence : Self.cancelSequence
        try outbox.withLock { outbox throws(NetlinkError) in
            outbox.control.begin(
                type: family.id, command: UInt8(command.rawValue), version: UInt8(KCONNECT_FAMILY_VERSION),
                flags: flags, sequence: sequence)
            do throws(MessageTooLong) {
                try fill(&outbox.control)
            } catch {
                throw NetlinkError(errno: EMSGSIZE)
            }
            try outbox.socket?.send(outbox.control)
        }
    }

    // What is refused is known by its sequence number. A CANCEL that comes too late is refused as a matter of course
    // (ENOENT), so nothing is to be looked for then.
    private static let cancelSequence = UInt32.max - 1
    private static let reapSequence = UInt32.max

    // MARK: Actions

    private func perform(_ action: RequestTable<any RequestOwner>.Action, _ reason: KConnectError = .sessionClosed) {
        switch action {
        case .none: break
        case .retire(let owners): for owner in owners { owner.fail(reason) }
        case .cancel(let cookies): for cookie in cookies { sendCancel(cookie) }
        case .cancelAll: sendCancelAll()
        case .reap: reap()
        case .reapLater:
            usleep(1000)
            reap()
        case .end: end(.moduleUnloaded)
        }
    }

    private func sendCancel(_ cookie: UInt64) {
        do throws(NetlinkError) {
            try sendControl(KCONNECT_CMD_CANCEL) { message throws(MessageTooLong) in
                try message.put(UInt16(KCONNECT_A_COOKIE.rawValue), cookie)
            }
        } catch {
            table.withLock { $0.cancelFailed(cookie) }
        }
    }

    private func sendCancelAll() {
        do throws(NetlinkError) {
            try sendControl(KCONNECT_CMD_CANCEL) { message throws(MessageTooLong) in
                try message.put(flag: UInt16(KCONNECT_A_ALL.rawValue))
            }
        } catch {
            table.withLock { $0.cancelAllFailed() }
        }
    }

    private func reap() {
        do throws(NetlinkError) {
            try sendControl(KCONNECT_CMD_REAP, flags: .dump) { _ in }
        } catch {
            perform(table.withLock { $0.reapRefused(ReapRefusal(error)) })
        }
    }

    // MARK: Coming in

    /// Reads completions until the session ends. The session's one thread runs this.
    func read() {
        var buffer = ReceiveBuffer(capacity: 1 << 20)
        var completions: [Completion] = []
        var owners: [(any RequestOwner)?] = []
        while !isEnded {
            do throws(NetlinkError) {
                // Only when something waits for an empty buffer does the reader ask whether it is.
                let isWaiting = !table.withLock { $0.waitsForDrain }
                guard try buffer.receive(from: descriptor, waiting: isWaiting) else {
                    perform(table.withLock { $0.drained() })
                    continue
                }
                buffer.forEachMessage { receive($0, $1, &completions) }
                deliver(&completions, &owners)
            } catch {
                if error.errno == ENOBUFS {
                    table.withLock { $0.overrun() }
                } else {
                    end(KConnectError(errno: error.errno, message: error.message))
                }
            }
        }
        outbox.withLock { $0.socket = nil }
    }

    private func receive(_ header: MessageHeader, _ payload: RawSpan, _ completions: inout [Completion]) {
        switch header.type {
        case MessageHeader.error:
            guard let error = Acknowledgement(header, payload).error else { return }
            switch header.sequence {
            case Self.cancelSequence: break
            case Self.reapSequence: perform(table.withLock { $0.reapRefused(ReapRefusal(error)) })
            default: perform(table.withLock { $0.refused(header.sequence) }, KConnectError(refusal: error))
            }
        case MessageHeader.done:
            // What the dump brought before it is to be delivered before the next one starts.
            let isInterrupted = header.flags.contains(.dumpInterrupted)
            let error = Acknowledgement(header, payload).error
            perform(table.withLock { $0.reaped(complete: error == nil && !isInterrupted) })
        case family.id:
            GenericMessage.read(payload) { _, attributes in
                attributes.forEachAttribute { type, value in
                    switch kconnect_attr(rawValue: UInt32(type)) {
                    case KCONNECT_A_COMPLETION: completions.append(Completion(value))
                    case KCONNECT_A_DATA where !completions.isEmpty:
                        completions[completions.count - 1].data.append(contentsOf: value.bytes)
                    default: break
                    }
                }
            }
        case Family.controlID:
            let removed = GenericMessage.read(payload) { Family.removed($0, $1) }
            if removed == family.id { end(.moduleUnloaded) }
        default: break
        }
    }

    /// Tells the owners of a datagram's completions, the table locked once for all of them.
    private func deliver(_ completions: inout [Completion], _ owners: inout [(any RequestOwner)?]) {
        guard !completions.isEmpty else { return }
        table.withLock { table in
            for completion in completions { owners.append(table.completed(completion.cookie)) }
        }
        for (completion, owner) in zip(completions, owners) { owner?.finish(completion) }
        completions.removeAll(keepingCapacity: true)
        owners.removeAll(keepingCapacity: true)
    }

    // MARK: The end

    private var isEnded: Bool { endReason.withLock { $0 != nil } }

    /// Why no request is taken any more.
    var closed: KConnectError { endReason.withLock { $0 } ?? .sessionClosed }

    /// Ends every pending request with `reason`, and closes the netlink socket, with which the kernel ends the session.
    func end(_ reason: KConnectError) {
        let isFirst = endReason.withLock { current in
            if current == nil { current = reason; return true }
            return false
        }
        guard isFirst else { return }
        perform(table.withLock { $0.end() }, reason)
        wakeReader()
    }

    /// Makes the kernel answer something, for the reader may be waiting in a system call that nothing else ends.
    private func wakeReader() {
        outbox.withLock { outbox in
            outbox.control.begin(control: MessageHeader.noop, flags: .acknowledge, sequence: Self.cancelSequence)
            try? outbox.socket?.send(outbox.control)
        }
    }
}

extension ReapRefusal {
    init(_ error: NetlinkError) {
        switch error.errno {
        case EBUSY: self = .busy
        case ENOBUFS, ENOMEM, EAGAIN: self = .transient
        default: self = .final
        }
    }
}
