"""A complete CMF 2.0 server in memory: the second reading of the contract.

It imports nothing from the rest of the harness.  Layers, imports downwards only::

    __main__                    the command; launch starts it as a process of its own
    faults/*, variations/*      one violation each, and one liberty each
    replacing                   how they replace one behaviour of a server that was built
    asgi                        bytes from and to the wire
    server                      puts the parts together: route, negotiate, handle, render
    resources/*                 one module a kind of resource: what its operations do
    lifecycle, store            what exists, and how it changes in time
    paging, conditional, media, yaml_text, names, shapes, routes, sql     rules without state
    clock, wire, values         what everything else is about
"""
