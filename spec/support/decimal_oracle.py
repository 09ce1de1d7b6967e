# Exact arithmetic by Python's decimal module. Reads lines "operator a b" from the file that is named, and prints for
# each the result, or "digits", "range" or "zero" when DynamoDB's numbers cannot hold it.

import sys
from decimal import Context, Decimal, Inexact
from fractions import Fraction

EXACT = Context(prec=38, Emin=-999999, Emax=999999, traps=[Inexact])


def modulo(a, b):
    a, b = Fraction(a), Fraction(b)
    rest = a - (a // b) * b
    return EXACT.divide(Decimal(rest.numerator), Decimal(rest.denominator))


OPERATORS = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply, "/": EXACT.divide, "%": modulo}


def result(operator, a, b):
    if operator in "/%" and b == 0:
        return "zero"
    try:
        found = OPERATORS[operator](a, b)
    except Inexact:
        return "digits"
    if found != 0 and not -130 <= found.adjusted() <= 125:
        return "range"
    return str(found)


if __name__ == "__main__":
    with open(sys.argv[1]) as lines:
        for line in lines:
            operator, a, b = line.split()
            print(result(operator, Decimal(a), Decimal(b)))
