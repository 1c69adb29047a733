"""A complete CMF 2.0 server in memory: the second reading of the contract.

It imports nothing from the rest of the harness.  Layers, imports downwards only::

    __main__                    the command; launch starts it as a process of its own
    faults, variations          replace one behaviour of a server that was built
    asgi                        bytes from and to the wire
    server                      puts the parts together: route, negotiate, handle, render
    resources/*                 one module a kind of resource: what its operations do
    lifecycle, store            what exists, and how it changes in time
    paging, conditional, media, names, shapes, routes     rules without state
    clock, values               what everything else is about
"""
