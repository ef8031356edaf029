"""What people write today to prepare a file of contacts, at its best: the peers of ``benchmarks.prepare``.

Each room has ``prepare(source, folder)``: a CSV becomes request bodies of at most 8,000,000 bytes and
``rejects.csv`` (row, field). None of them looks for duplicates, masks values, makes fingerprints or a
manifest, all of which ours does.
"""
