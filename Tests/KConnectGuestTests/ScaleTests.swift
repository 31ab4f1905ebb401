// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import KConnect
import Testing

extension GuestTests {
    /// Many connections through one provider.
    @Suite struct ScaleTests {
        @Test func `10,000 connections in batches of 64, each answered exactly once`() async throws {
            let count = 10_000
            let batchSize = 64
            let listener = try Listener()
            async let served: Int = serve(count, at: listener)
            let provider = try Provider()
            var cookies: Set<UInt64> = []
            for start in stride(from: 0, to: count, by: batchSize) {
                let size = min(batchSize, count - start)
                let submission = provider.socketConnect(to: repeatElement(listener.address, count: size), sending: [1])
                var indices: [Int] = []
                var statuses: Set<NTStatus> = []
                for await completion in submission.completions {
                    statuses.insert(completion.information == 1 ? completion.status : .unsuccessful)
                    indices.append(completion.index)
                    cookies.insert(completion.cookie)
                }
                #expect(statuses == [.success])
                #expect(indices.sorted() == Array(0..<size))
                let closing = provider.submit { batch in
                    for irp in submission.irps {
                        if let socket = irp.socket { batch.submit(.close(socket)) }
                    }
                }
                var closed = 0
                for await completion in closing.completions where completion.status == .success { closed += 1 }
                #expect(closed == size)
            }
            #expect(cookies.count == count)
            #expect(try await served == count)
            let status = try provider.statistics()
            #expect(status.sockets == 0)
            #expect(status.outstanding == 0)
            #expect(status.submitted == status.completed)
        }

        /// Accepts so many connections and closes them, on a thread of its own.
        private func serve(_ count: Int, at listener: Listener) async throws -> Int {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        with: Result {
                            for _ in 0..<count { _ = try listener.accept().receive(1) }
                            return count
                        })
                }
            }
        }
    }
}
