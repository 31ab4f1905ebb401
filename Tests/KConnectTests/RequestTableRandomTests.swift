// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KConnect

/// Any interleaving of submitting, sending, cancelling, completing, losing, refusing and ending gives exactly one end to
/// each request, and no CANCEL reaches the kernel before its SUBMIT.
@Suite struct RequestTableRandomTests {
    /// A kernel that keeps its promises, and chooses their moment at random.
    private struct Kernel {
        var pending: Set<UInt64> = []
        var ready: [UInt64] = []
        var isReapWanted = false
    }

    private struct World {
        var random: SeededGenerator
        var table = RequestTable<Int>()
        var kernel = Kernel()
        var owners = 0
        var ends: [Int: Int] = [:]
        var cookies: [UInt64] = []
        var messages: [UInt32: [UInt64]] = [:]
        var sending: UInt32?
        var nextSequence: UInt32 = 1

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func perform(_ action: RequestTable<Int>.Action) {
            switch action {
            case .none: break
            case .retire(let owners): for owner in owners { ends[owner, default: 0] += 1 }
            case .cancel(let cookies):
                for cookie in cookies {
                    if Int.random(in: 0..<8, using: &random) == 0 { table.cancelFailed(cookie) } else { end(cookie) }
                }
            case .cancelAll:
                if Bool.random(using: &random) { table.cancelAllFailed() } else { kernel.pending.forEach { end($0) } }
            case .reap: kernel.isReapWanted = true
            case .reapLater: perform(.reap)
            case .end: perform(table.end())
            }
        }

        private mutating func end(_ cookie: UInt64) {
            if kernel.pending.remove(cookie) != nil { kernel.ready.append(cookie) }
        }

        mutating func deliver(_ cookie: UInt64) {
            if let owner = table.completed(cookie) { ends[owner, default: 0] += 1 }
        }

        mutating func step() {
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: fill()
            case 2: send()
            case 3: finishSending()
            case 4, 5: cookies.randomElement(using: &random).map { perform(table.cancel($0)) }
            case 6: kernel.pending.randomElement(using: &random).map { end($0) }
            case 7: if !kernel.ready.isEmpty { deliver(kernel.ready.removeFirst()) }
            case 8: cookies.randomElement(using: &random).map { stray($0) }
            case 9: lose()
            case 10: perform(table.drained())
            default: if Int.random(in: 0..<20, using: &random) == 0 { perform(table.cancelAll()) }
            }
        }

        private mutating func fill() {
            let sequence = nextSequence
            nextSequence += 1
            table.open(sequence)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                guard let cookie = table.submit(owners, in: sequence) else { continue }
                owners += 1
                cookies.append(cookie)
                messages[sequence, default: []].append(cookie)
            }
        }

        /// One message is sent at a time; the kernel has it at once, whenever the system call may return.
        private mutating func send() {
            guard sending == nil, let sequence = messages.keys.min() else { return }
            table.sending(sequence)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                messages[sequence] = nil
                perform(table.sendFailed(sequence))
            case 1:
                messages[sequence] = nil
                perform(table.refused(sequence))
                sending = sequence
            default:
                messages[sequence]?.forEach { kernel.pending.insert($0) }
                messages[sequence] = nil
                sending = sequence
            }
        }

        private mutating func finishSending() {
            guard let sequence = sending.take() else { return }
            perform(table.sent(sequence))
        }

        /// A cookie that has completed before comes again.
        private mutating func stray(_ cookie: UInt64) {
            let isKnown = kernel.pending.contains(cookie) || kernel.ready.contains(cookie)
            if !isKnown, !messages.values.contains(where: { $0.contains(cookie) }) {
                let before = ends
                deliver(cookie)
                #expect(ends == before)
            }
        }

        /// The receive buffer overruns: what is ready comes only with a reap.
        private mutating func lose() {
            if kernel.isReapWanted {
                kernel.isReapWanted = false
                let isComplete = Bool.random(using: &random)
                let count = isComplete ? kernel.ready.count : kernel.ready.count / 2
                let taken = kernel.ready.prefix(count)
                kernel.ready.removeFirst(count)
                taken.forEach { deliver($0) }
                perform(table.reaped(complete: isComplete))
            } else {
                table.overrun()
            }
        }

        /// Everything comes to its end: by the kernel, or with the session.
        mutating func settle(ending: Bool) {
            finishSending()
            while !messages.isEmpty {
                send()
                finishSending()
            }
            if ending { perform(table.end()) }
            kernel.pending.forEach { end($0) }
            while !kernel.ready.isEmpty { deliver(kernel.ready.removeFirst()) }
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `exactly one end for each request`(seed: UInt64) {
        var world = World(seed: seed)
        for _ in 0..<Int.random(in: 10...600, using: &world.random) { world.step() }
        world.settle(ending: seed.isMultiple(of: 3))
        #expect(world.ends.count == world.owners)
        #expect(world.ends.values.allSatisfy { $0 == 1 })
        #expect(world.table.outstanding == 0)
    }
}
