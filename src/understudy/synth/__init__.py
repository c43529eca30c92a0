"""Synthesizers: rows that behave like a table's without being any of its rows.

``encode`` turns columns into what a network learns, ``model`` is the network, ``train`` its one loop, ``sample`` draws
rows, under any conditions; ``artifact`` is what stays of a fit.
"""
