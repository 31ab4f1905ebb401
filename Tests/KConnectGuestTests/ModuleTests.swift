// SPDX-License-Identifier: Apache-2.0

import KConnect
import Testing

extension GuestTests {
    ///
    @Suite struct ModuleTests {
        @Test func `a provider reports the module's version`() throws {
            let provider = try Provider()
            defer { provider.close() }
            let status = try provider.statistics()
            #expect(!status.version.isEmpty)
            #expect(status.protocolVersion == 1)
            #expect(status.sessions <= status.submitted + 1)
        }
    }
}
