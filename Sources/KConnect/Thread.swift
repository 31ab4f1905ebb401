// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A thread could not be started.
struct ThreadError: Error {
    let errno: Int32
}

/// Runs `body` on a thread of its own, which ends with it. The program's signals are for its other threads.
func startThread(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let failure = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            var signals = sigset_t()
            sigfillset(&signals)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, start.toOpaque())
    if failure != 0 {
        start.release()
        throw ThreadError(errno: failure)
    }
}
