"""Where rows come from: files of every kind and database queries, each giving the same rows.

Knows how rows are read; neither what columns mean nor what is done with rows.
"""
