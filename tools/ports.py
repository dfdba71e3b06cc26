# SPDX-License-Identifier: Apache-2.0
"""Ports for the servers of tests, benchmarks and the lab that have to be told one."""

import random
import socket

_random = random.Random()  # its own: callers seed the module's
_claims = []  # what holds this process's ports against others that ask: the kernel lets go of them when it ends


def free_port():
    """One that nobody listens on, and that the kernel gives to no connection: it takes those from 32768 on. Nobody
    else who asks here is given it while this process lives, so that it is still free when the server binds it."""
    while True:
        port = _random.randrange(16384, 32768)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tenfold-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
