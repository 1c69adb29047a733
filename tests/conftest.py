"""What every test relies on, wherever the tests are started."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it runs in the background like this, and processes that the tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
