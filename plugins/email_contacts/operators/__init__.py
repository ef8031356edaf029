"""Operators, one module per thing they act on; import them from there.

Each renders its arguments, makes one call, and returns something small. No row of anybody's data passes
through XCom: rows travel by reference.
"""
