// SPDX-License-Identifier: Apache-2.0

/// The life of every request between its submission and its one completion, as a pure state machine.
///
/// Each event is a method, and what has to be done because of it is the method's result; the table itself does no
/// I/O. The session performs the actions (`Session.perform`).
///
/// A request is *queued* in a message, which is *sending*, and then *sent*. It leaves the table, and its owner is told
/// to retire, by exactly one of these: the kernel's completion, the refusal of its message (or the failure to send
/// it), the end of the session. A cancel is none of them: it only asks the kernel, behind the message that brings the
/// request there, and the kernel's completion tells what came of it.
struct RequestTable<Owner> {
    /// What the session has to do.
    enum Action {
        /// Nothing.
        case none
        /// Tell these owners that their request ended without a completion.
        case retire([Owner])
        /// Send a CANCEL for each of these cookies, in order.
        case cancel([UInt64])
        /// Send a CANCEL for everything that was sent.
        case cancelAll
        /// Send a REAP, whose dump brings the completions that were lost.
        case reap
        /// Send a REAP again, after a moment.
        case reapLater
        /// The session is of no more use: end it.
        case end
    }

    private struct Slot {
        var generation: UInt32 = 1
        var owner: Owner?
        var sequence: UInt32 = 0
        var isCancelled = false
    }

    private struct Message {
        let sequence: UInt32
        var isSending = false
        var cancelled: [UInt64] = []
    }

    private enum Reaping {
        case idle
        /// Completions were lost; the receive buffer has to be emptied before the kernel can send them again.
        case needed
        case running(again: Bool)
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    private var unsent: [Message] = []
    private var undeliveredCancels: [UInt64] = []
    private var undeliveredCancelAll = false
    private var reaping = Reaping.idle

    /// Whether the session has ended; then no request is taken any more.
    private(set) var hasEnded = false

    /// Completions that named no request: none should.
    private(set) var strays = 0

    /// Requests that wait for their completion.
    var outstanding: Int { slots.count - free.count }

    // MARK: Submission

    /// A message is being filled, under a sequence number of its own.
    mutating func open(_ sequence: UInt32) {
        unsent.append(Message(sequence: sequence))
    }

    /// A request is put into an open message. Returns its cookie; nil once the session has ended.
    mutating func submit(_ owner: Owner, in sequence: UInt32) -> UInt64? {
        guard !hasEnded else { return nil }
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(Slot()) }
        slots[index].owner = owner
        slots[index].sequence = sequence
        slots[index].isCancelled = false
        return UInt64(slots[index].generation) << 32 | UInt64(index)
    }

    /// The request did not fit the message that it was put into; it never was there.
    mutating func withdraw(_ cookie: UInt64) {
        if let index = index(of: cookie) { _ = release(index) }
    }

    /// The message goes out now: from here on the kernel may complete its requests.
    mutating func sending(_ sequence: UInt32) {
        if let at = unsent.firstIndex(where: { $0.sequence == sequence }) { unsent[at].isSending = true }
    }

    /// The kernel has the message. What was cancelled meanwhile is cancelled behind it.
    mutating func sent(_ sequence: UInt32) -> Action {
        let cancelled = close(sequence).filter { index(of: $0) != nil }
        return cancelled.isEmpty ? .none : .cancel(cancelled)
    }

    /// The message never reached the kernel: none of its requests ran.
    mutating func sendFailed(_ sequence: UInt32) -> Action {
        _ = close(sequence)
        return retire { $0.sequence == sequence }
    }

    /// The kernel refused a message whole: none of its requests ran.
    mutating func refused(_ sequence: UInt32) -> Action {
        retire { $0.sequence == sequence }
    }

    private mutating func close(_ sequence: UInt32) -> [UInt64] {
        guard let at = unsent.firstIndex(where: { $0.sequence == sequence }) else { return [] }
        return unsent.remove(at: at).cancelled
    }

    // MARK: Completion

    /// The kernel completed a request. Returns its owner, to be told; nil for a cookie that names no request of which
    /// the kernel can know, such as one that has completed before.
    mutating func completed(_ cookie: UInt64) -> Owner? {
        guard let index = index(of: cookie), openMessage(slots[index].sequence)?.isSending != false else {
            strays += 1
            return nil
        }
        return release(index)
    }

    // MARK: Cancelling

    /// A request shall end. It stays in the table until the kernel completes it.
    mutating func cancel(_ cookie: UInt64) -> Action {
        guard let index = index(of: cookie), !slots[index].isCancelled else { return .none }
        slots[index].isCancelled = true
        if let at = unsent.firstIndex(where: { $0.sequence == slots[index].sequence }) {
            unsent[at].cancelled.append(cookie)
            return .none
        }
        return .cancel([cookie])
    }

    /// Every request shall end.
    mutating func cancelAll() -> Action {
        var wereSent = false
        for index in slots.indices where slots[index].owner != nil && !slots[index].isCancelled {
            if case .cancel = cancel(cookie(index)) { wereSent = true }
        }
        return wereSent ? .cancelAll : .none
    }

    /// A CANCEL could not be sent, for want of memory. It is tried again when there is news.
    mutating func cancelFailed(_ cookie: UInt64) {
        undeliveredCancels.append(cookie)
    }

    /// A CANCEL of everything could not be sent. It is tried again when there is news.
    mutating func cancelAllFailed() {
        undeliveredCancelAll = true
    }

    // MARK: Lost completions

    /// The kernel could not deliver completions because the receive buffer was full (ENOBUFS); it keeps them.
    mutating func overrun() {
        switch reaping {
        case .idle: reaping = .needed
        case .needed: break
        case .running: reaping = .running(again: true)
        }
    }

    /// The receive buffer has been emptied.
    mutating func drained() -> Action {
        if case .needed = reaping {
            reaping = .running(again: false)
            return .reap
        }
        if undeliveredCancelAll {
            undeliveredCancelAll = false
            return .cancelAll
        }
        let cookies = undeliveredCancels.filter { index(of: $0) != nil }
        undeliveredCancels = []
        return cookies.isEmpty ? .none : .cancel(cookies)
    }

    /// Whether ``drained()`` has something to do, so that the session should look when the buffer is empty.
    var waitsForDrain: Bool {
        if case .needed = reaping { return true }
        return undeliveredCancelAll || !undeliveredCancels.isEmpty
    }

    /// The dump that a REAP started has ended. `complete` is false if the kernel had to stop it half-way.
    mutating func reaped(complete: Bool) -> Action {
        guard case .running(let again) = reaping else { return .none }
        if complete, !again {
            reaping = .idle
            return .none
        }
        reaping = .running(again: false)
        return .reap
    }

    /// The kernel did not start a dump, or the REAP could not be sent.
    mutating func reapRefused(_ error: ReapRefusal) -> Action {
        guard case .running = reaping else { return .none }
        switch error {
        case .busy:
            // An earlier dump is still running; its end comes, and then the next can start.
            reaping = .running(again: true)
            return .none
        case .transient: return .reapLater
        case .final: return .end
        }
    }

    // MARK: The end

    /// The session has ended, by its own will or because the module is gone. Nothing more comes from the kernel.
    mutating func end() -> Action {
        guard !hasEnded else { return .none }
        hasEnded = true
        reaping = .idle
        undeliveredCancels = []
        undeliveredCancelAll = false
        return retire { _ in true }
    }

    // MARK: Slots

    private func openMessage(_ sequence: UInt32) -> Message? {
        unsent.first { $0.sequence == sequence }
    }

    private func index(of cookie: UInt64) -> Int? {
        let index = Int(cookie & 0xFFFF_FFFF)
        guard index < slots.count, slots[index].owner != nil, cookie >> 32 == UInt64(slots[index].generation) else {
            return nil
        }
        return index
    }

    private func cookie(_ index: Int) -> UInt64 {
        UInt64(slots[index].generation) << 32 | UInt64(index)
    }

    private mutating func release(_ index: Int) -> Owner? {
        let owner = slots[index].owner.take()
        slots[index].generation = max(1, slots[index].generation &+ 1)
        free.append(index)
        return owner
    }

    private mutating func retire(_ matches: (Slot) -> Bool) -> Action {
        let owners = slots.indices
            .filter { slots[$0].owner != nil && matches(slots[$0]) }
            .compactMap { release($0) }
        return owners.isEmpty ? .none : .retire(owners)
    }
}

/// Why the kernel did not start the dump that a REAP asked for.
enum ReapRefusal {
    /// Another dump of this netlink socket is running (EBUSY).
    case busy
    /// There was no memory or no room for it (ENOBUFS, ENOMEM, EAGAIN).
    case transient
    /// It will never work: the family is gone, or the right to use it.
    case final
}

extension RequestTable.Action: Equatable where Owner: Equatable {}
