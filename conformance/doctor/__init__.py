"""What would go wrong in a run, told before it.

From the bottom up::

    finding      one finding, and what all of them together mean
    declared     what the configuration says of the target, judged without asking it
    reach        its name, the connection, the certificate, the clock, and how fast it answers
    access       whether the credentials are accepted, and for how long
    stock        what is on it: other people's resources, and what earlier runs have left
    features     whether the routes are there that the configuration declares
    trial        whether the run may create and delete; the only module that writes, and only when asked to
    examination  all of that in order, until something makes the rest pointless
"""

from __future__ import annotations
