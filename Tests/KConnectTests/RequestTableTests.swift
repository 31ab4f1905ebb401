// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KConnect

/// Event by event: what the table says is to be done.
@Suite struct RequestTableTests {
    private typealias Table = RequestTable<String>

    private var table = Table()

    private mutating func submit(_ owner: String, in sequence: UInt32) throws -> UInt64 {
        let cookie = table.submit(owner, in: sequence)
        return try #require(cookie)
    }

    /// Puts requests into message 1; it is not sent yet.
    private mutating func queue(_ owners: String...) throws -> [UInt64] {
        table.open(1)
        return try owners.map { try submit($0, in: 1) }
    }

    /// Puts requests into message 1, and sends it.
    private mutating func send(_ owners: String...) throws -> [UInt64] {
        table.open(1)
        let cookies = try owners.map { try submit($0, in: 1) }
        table.sending(1)
        #expect(table.sent(1) == .none)
        return cookies
    }

    // MARK: Completion

    @Test mutating func `a completion retires its request, once`() throws {
        let cookies = try send("a", "b")
        #expect(table.outstanding == 2)
        #expect(table.completed(cookies[1]) == "b")
        #expect(table.completed(cookies[0]) == "a")
        #expect(table.outstanding == 0)
        #expect(table.completed(cookies[0]) == nil, "a second completion does no harm")
        #expect(table.strays == 1)
    }

    @Test mutating func `a completion of an unknown cookie is counted and ignored`() throws {
        _ = try send("a")
        for stray: UInt64 in [0, 7, .max, 1 << 32 | 1, 2 << 32] {
            #expect(table.completed(stray) == nil)
        }
        #expect(table.strays == 5)
        #expect(table.outstanding == 1)
    }

    @Test mutating func `a completion may come while its message is still being sent`() throws {
        let cookies = try queue("a", "b")
        table.sending(1)
        #expect(table.completed(cookies[0]) == "a")
        #expect(table.sent(1) == .none)
        #expect(table.completed(cookies[1]) == "b")
    }

    @Test mutating func `the kernel can't complete what it was not sent`() throws {
        let cookies = try queue("a")
        #expect(table.completed(cookies[0]) == nil)
        #expect(table.strays == 1)
        #expect(table.outstanding == 1)
    }

    @Test mutating func `a cookie is not used again when its place is`() throws {
        let first = try send("a")[0]
        #expect(table.completed(first) == "a")
        let second = try send("b")[0]
        #expect(first != second)
        #expect(table.completed(first) == nil)
        #expect(table.completed(second) == "b")
    }

    @Test mutating func `a request that did not fit is in no message`() throws {
        let cookies = try queue("a", "b")
        table.withdraw(cookies[1])
        #expect(table.outstanding == 1)
        table.sending(1)
        #expect(table.sent(1) == .none)
        #expect(table.completed(cookies[1]) == nil)
        #expect(table.completed(cookies[0]) == "a")
    }

    // MARK: Cancelling

    @Test mutating func `a cancel after sending goes to the kernel, and retires nothing`() throws {
        let cookies = try send("a")
        #expect(table.cancel(cookies[0]) == .cancel(cookies))
        #expect(table.outstanding == 1)
        #expect(table.completed(cookies[0]) == "a")
    }

    @Test mutating func `a second cancel needs nothing`() throws {
        let cookies = try send("a")
        #expect(table.cancel(cookies[0]) == .cancel(cookies))
        #expect(table.cancel(cookies[0]) == .none)
    }

    @Test mutating func `a cancel before sending waits, and goes behind the message`() throws {
        let cookies = try queue("a", "b", "c")
        #expect(table.cancel(cookies[2]) == .none)
        #expect(table.cancel(cookies[0]) == .none)
        #expect(table.cancel(cookies[0]) == .none)
        table.sending(1)
        #expect(table.sent(1) == .cancel([cookies[2], cookies[0]]))
        #expect(table.outstanding == 3)
    }

    @Test mutating func `a cancel during sending goes behind the message`() throws {
        let cookies = try queue("a")
        table.sending(1)
        #expect(table.cancel(cookies[0]) == .none)
        #expect(table.sent(1) == .cancel(cookies))
    }

    @Test mutating func `a cancel of what completed during sending needs nothing`() throws {
        let cookies = try queue("a")
        table.sending(1)
        #expect(table.cancel(cookies[0]) == .none)
        #expect(table.completed(cookies[0]) == "a")
        #expect(table.sent(1) == .none)
        #expect(table.cancel(cookies[0]) == .none)
    }

    @Test mutating func `the kernel's ENOENT to a cancel is normal`() throws {
        let cookies = try send("a")
        #expect(table.cancel(cookies[0]) == .cancel(cookies))
        #expect(table.refused(2) == .none, "a message without requests")
        #expect(table.completed(cookies[0]) == "a")
    }

    @Test mutating func `a cancel that could not be sent is tried again`() throws {
        let cookies = try send("a", "b")
        #expect(!table.waitsForDrain)
        table.cancelFailed(cookies[0])
        table.cancelFailed(cookies[1])
        #expect(table.waitsForDrain)
        #expect(table.completed(cookies[1]) == "b")
        #expect(table.drained() == .cancel([cookies[0]]))
        #expect(!table.waitsForDrain)
        #expect(table.drained() == .none)
    }

    @Test mutating func `cancelling all covers what was sent and what is on its way`() throws {
        _ = try send("a", "b")
        table.open(2)
        let late = try submit("c", in: 2)
        #expect(table.cancelAll() == .cancelAll)
        #expect(table.cancelAll() == .none)
        table.sending(2)
        #expect(table.sent(2) == .cancel([late]))
        #expect(table.outstanding == 3)
    }

    @Test mutating func `cancelling all of nothing is nothing`() {
        #expect(table.cancelAll() == .none)
    }

    @Test mutating func `a failed cancel of all is tried again`() throws {
        _ = try send("a")
        #expect(table.cancelAll() == .cancelAll)
        table.cancelAllFailed()
        #expect(table.waitsForDrain)
        #expect(table.drained() == .cancelAll)
        #expect(!table.waitsForDrain)
    }

    // MARK: Refusal

    @Test mutating func `a message that could not be sent retires its requests`() throws {
        let cookies = try queue("a", "b")
        #expect(table.cancel(cookies[0]) == .none)
        table.sending(1)
        #expect(table.sendFailed(1) == .retire(["a", "b"]))
        #expect(table.outstanding == 0)
        #expect(table.completed(cookies[0]) == nil)
    }

    @Test mutating func `a refused message retires its requests, and no others`() throws {
        _ = try send("a", "b")
        table.open(2)
        let other = try submit("c", in: 2)
        table.sending(2)
        #expect(table.sent(2) == .none)
        #expect(table.refused(1) == .retire(["a", "b"]))
        #expect(table.refused(1) == .none)
        #expect(table.completed(other) == "c")
    }

    @Test mutating func `a refusal may come before sending has returned`() throws {
        let cookies = try queue("a")
        table.sending(1)
        #expect(table.cancel(cookies[0]) == .none)
        #expect(table.refused(1) == .retire(["a"]))
        #expect(table.sent(1) == .none)
    }

    // MARK: Lost completions

    @Test mutating func `an overrun is reaped when the buffer is empty`() throws {
        let cookies = try send("a")
        table.overrun()
        #expect(table.waitsForDrain)
        #expect(table.drained() == .reap)
        #expect(!table.waitsForDrain)
        #expect(table.completed(cookies[0]) == "a")
        #expect(table.reaped(complete: true) == .none)
    }

    @Test mutating func `two overruns before the reap are one`() {
        table.overrun()
        table.overrun()
        #expect(table.drained() == .reap)
        #expect(table.reaped(complete: true) == .none)
    }

    @Test mutating func `an overrun during a reap asks for another`() {
        table.overrun()
        #expect(table.drained() == .reap)
        table.overrun()
        #expect(table.drained() == .none, "one dump at a time")
        #expect(table.reaped(complete: true) == .reap)
        #expect(table.reaped(complete: true) == .none)
    }

    @Test mutating func `an interrupted reap is repeated until it is complete`() {
        table.overrun()
        #expect(table.drained() == .reap)
        #expect(table.reaped(complete: false) == .reap)
        #expect(table.reaped(complete: false) == .reap)
        #expect(table.reaped(complete: true) == .none)
    }

    @Test mutating func `a refused reap waits for the running one, for memory, or is the end`() {
        table.overrun()
        #expect(table.drained() == .reap)
        #expect(table.reapRefused(.transient) == .reapLater)
        #expect(table.reapRefused(.busy) == .none)
        #expect(table.reaped(complete: true) == .reap)
        #expect(table.reapRefused(.final) == .end)
    }

    @Test mutating func `the end of a dump that nobody asked for is nothing`() {
        #expect(table.reaped(complete: true) == .none)
        #expect(table.reapRefused(.transient) == .none)
    }

    // MARK: The end

    @Test mutating func `the end retires everything, once, and takes nothing more`() throws {
        let cookies = try send("a", "b")
        table.open(2)
        _ = table.submit("c", in: 2)
        #expect(table.end() == .retire(["a", "b", "c"]))
        #expect(table.end() == .none)
        #expect(table.hasEnded)
        #expect(table.submit("d", in: 2) == nil)
        #expect(table.completed(cookies[0]) == nil)
        #expect(table.cancel(cookies[0]) == .none)
        #expect(table.sendFailed(2) == .none)
        #expect(table.outstanding == 0)
    }
}
