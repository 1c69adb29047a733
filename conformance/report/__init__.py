"""From what a run found to what its readers need: ``report.json`` and its renderings.

``document`` alone reads and writes ``report.json``; every other module turns the value it gives into text
for one kind of reader and decides nothing.  Whatever came from the target is hostile text until ``clean``
has made it harmless.
"""
