// SPDX-License-Identifier: Apache-2.0

import Testing

/// Against the loaded module, so in a guest only. One after the other, for they count what is in the whole namespace.
@Suite(.serialized) struct GuestTests {}
