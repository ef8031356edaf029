"""Cells as files have them: usual ones, and every kind of odd one that was thought of.

Knows kinds of values; which of the cells are good is not said here, the evaluators are asked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from random import Random

# fmt: off
BLANKS = (
    "", " ", "\t", "\u00a0", "\u0085", "\u1680", "\u2003", "\u2028", "\u202f", "\u205f", "\u3000", "\x1c",
)
NAMES = ("Zoë", "Jürgen", "Ann", "李小龍", "Ólafur", "Łukasz", "محمد", "O'Neil", "Anna Lena", "😀 Mia")
LABELS = ("DE", "FR", "GB")
INTERESTS = ("books", "music")

TEXTS = (
    "'t Hooft", "'01234", "'=1+1", '="01"', "\\N", "NULL", "null", "N/A", "-", "1001.0", "12E4",
    "0.0", "100000000000000.0", "1000000000000000.0", "1.00", "-5.0", "+5.0", "12.10", "A.0", "00.0",
    "#REF!", "#¡NUM!", "<NA>", "########", "NA", "NaT", "NAT", "[NULL]", ".", "?", "(blank)",
    "00000000-0000-0000-0000-000000000000", "1.0000001E7", "1.234567890123E12", "1,5E-7", "1.5e-07", "1.5E3x",
    "\u200bZoë", "Zoë\u2060", "\u00adZoë\ufeff", "12345678901234567.0", "007.0", "7.01235E+12",
    *NAMES, *(unicodedata.normalize("NFD", name) for name in NAMES), "", " ", "\u00a0", "\u3000\u2028",
    "Zo\x1a", "\x01\x1a", "7\x1a", "NULL\x1a",
    "\x1c", "\x1f\x85", "\u200b", "\ufeff", "\u0130stanbul", "a\u00a0b", "a\u2028b", "a\u0085b", "a\x7fb",
    "a\x1cb", "a\tb", "a\nb", "a\r\nb", "a\rb", "a\0b", "\0", 'say "hi"', '"', '""', "back\\slash", "\\",
    "\\u0000", "\\n", "a;b", ";", "a,b", "{}", "[1]", "null", "true", "NaN", "-0", "=1+1", "</script>",
    "👩‍👩‍👧‍👦", "\U0010ffff", "\ud7ff\ue000\ufffd\uffff", "x" * 200, "x" * 201, "é" * 200, "é" * 201,
    "👍" * 201, "x" * 100_000, "é;" * 50_000,
)
EMAILS = (
    "Anna@Example.COM", "jane..doe@example.com", ".jane@example.com", "jane.@example.com", "jane@example",
    "jane@@example.com", "jane@-example.com", "jane@example-.com", "jane@ex--ample.com",
    "jane@example..com", "jane@example.c", "jane@example.c1", "jane@example.xn--p1ai",
    "jane@xn--bcher-kva.example", "jane@b\u00fccher.example", "\u212aelvin@example.com",
    "jane@\u212aelvin.example", "jane@example.\u212aom", "d\u0131tless@example.com",
    "D\u0130TTED@example.com", "jane\u00a0@example.com", "jane@example.com\n",
    "jane@example.com\nx@example.com", "jane@example.com.", "jane doe@example.com",
    '"jane doe"@example.com', "jane\\@example.com", "o'neil@example.com", "a+b_c-d@example.com",
    "!#$%&'*+/=?^_`{|}~-@example.com", "jane\0@example.com", "jane\x7f@example.com",
    "a" * 64 + "@example.com", "a" * 65 + "@example.com", "a@" + "b" * 59 + ".de", "a@" + "b" * 60 + ".de",
    "a@" + "b" * 63 + ".de", "a@" + "b" * 64 + ".de", "a@" + "b." * 125 + "de", "a@" + "b." * 130 + "de",
    "a@example." + "c" * 53, "a@example." + "c" * 54, "a@example." + "c" * 64, "1@1.example.museum",
    "mailto:jane@example.com", "MAILTO:Jane@Example.com", "mailto:", "mailto:jane@example",
    "mailto:o'neil@example.com", "'ada@example.com", "''Ada@example.com", "' ada@example.com", "'",
    "'mailto:ada@example.com", "mailto:'ada@example.com", "mailto:' ada@example.com", "'ada@example",
    "jane@example.com;john@example.com", "'jane@example.com", "'+jane@example",
    '="jane@example.com"', '="jane@example"', "n/a", "None", "JANE", "jane@example\u200b.com", "jane\u2060",
    "jane@" + "example-" * 4, "jane@" + "example" * 40,
)
NUMBERS = (
    "0", "7", "-7", "12", "12.50", "5.0", "0.0", "-0.5", "100", "1200.00", "0.10", "-12.340", "10.000000",
    "-0", "-0.0", "-0.00", "+1", "007", "1_000", "1,000", "1.000,5", "1 000", "0x10", "1e5", "1E-7",
    "1e400", "0.00001", "0.000010", "0.0001", "0.00010", "-0.0001", ".5", "-.50", "+.5", ",5",
    "\u22125", "\u2212.5", "5.", "1.", "-", "--1", "1.2.3",
    "1\u00a0000", "NaN", "nan", "inf", "-inf", "Infinity", "١٢", "１２", "²", "1%", "1\n", "12\0", "1\n2",
    '"1"', "9007199254740991", "9007199254740992", "-9007199254740992", "999999999999999",
    "1000000000000000", "123456789.123456", "123456789.1234567", "1234567890.123456",
    "0.1234567890123456789", "9" * 18, "9" * 19, "9" * 400, "0." + "3" * 400, "0.30000000000000004",
    "1.7976931348623157e308", "4.9e-324", "0e0", "1e-0", "0.000001", "0.0000012",
)
DATES = (
    "2024-02-29", "2023-02-29", "2023-02-30", "2100-02-29", "2000-02-29", "1900-02-29", "1990-1-5",
    "1990-13-01", "0000-01-01", "0000-02-29", "0001-01-01", "9999-12-31", "10000-01-01", "-001-01-01",
    "1990-00-10", "1990-04-31", "1990-01-05T10:00:00Z", "1990-01-05 10:00", "1990-01-05T23:59:60",
    "1990-01-05T24:00", "1990-01-05T10:00+02:00", "1990-01-05T10:00:00.123456+0200", "1990-01-05t10:00",
    "1990-02-30T10:00:00Z", "0000-01-01T00:00", "1990-01-05T", "1990-01-05T10:00:00,5z",
    "1990-01-05T10:00+2", "1990-01-05\n", "1990-01-05x", "1990/01/05", "05.01.1990", "5.1.1990",
    "31.02.2020", "29.02.2024", "01.01.0000", "01.01.0001", "05.01.90", "19900105", "today", "１990-01-05",
    "2024/1/5", "2024-1-5", "2024.1.5", "2024/1/32", "2024/1-5", "20240111T120000Z", "2024-01-11 12:00 CET",
    "2024-01-11 12:00:00.000 America/New_York", "2024-01-11T12:00Z[UTC]", "0000-00-00", "2024-2-30",
    "2024/01/11", "2024/13/11", "2024/01-11", "20240111", "20241301", "2024-01-11 12:00:00.123+00",
    "2024-01-11 12:00 UTC", "2024-01-11 3:04 PM", "31/12/1985", "12/31/1985", "1/5/1990", "30/02/1985",
    "45302", "45302.75", "60", "61", "2958466", "12.31.1985 24:00", "11 Jan 2024", "11 Foo 2024",
    "31/12/1985 10:00",
    "1990\u201301\u201305", "1990-01-05\0", "1990-01-0\u0665", "05.01.1990 10:00",
)
BOOLEANS = (
    "Yes", "no", "TRUE", "False", "1", "0", "y", "N", "on", "perhaps", "2", "-1", "1.0", "true\0", "ja",
    "Nein", "JA", "ﬀ", "yes no", "ye\u017f", "tru\u0435", "TR\u00dcE", '"yes"', "yes\n", "0.0",
    "7", "7.0", "7.00", "7.5",
)
CATEGORIES = (
    "x" * 201,
    "DE", "de", "De", "fr", "GB", "D E", "\uff24\uff25", "DEU", "XX", "DE,FR", "DE;FR", '"DE"', "DE\0",
    "D\u0415", "Deutschland", "DEUTSCHLAND", "Vereinigtes Königreich", "vereinigtes ko\u0308nigreich", "1",
    "Straße", "STRASSE",
)
CHOICES = (
    '["books","music"]', "{books,music}", '{"books",MUSIC}', "{books", '["books"', "{books,NULL}", "{}", "[]",
    "books", "books|music", "music|books|music", "Books | MUSIC", "books||music", "|", " | ", "||books",
    "|books|", "chess", "books|chess", "books,music", "books;music", "books\u00a0|\u3000music", "boo ks",
    "books|\0", "books\n|music", "\uff42ooks", "|".join(["books"] * 100), "books|" * 100, '"books"|music',
)
PHONES = (
    "+44 7700 900123", "+447700900123", "00447700900123", "447700900123", "0151 23456789", "015123456789",
    "+49 (0)151 23456789", "+49 151 2345 6789", "+49-151/2345.6789", "(+49) 151 23456789", "+4915123456789",
    "+491512345678901234", "+49151", "+1 202 555 0143", "+12025550143", "+1202555014", "+120255501433",
    "+1 555 0143", "+39 06 6982", "+390669821234", "+7 912 3456789", "87912345678", "+79123456789",
    "+800 12345678", "+80012345678", "+999123456789", "+0123456789", "++491512345678", "+", "+49", "12",
    "123456", "1234567890123456", "+1" * 10, "+49151\u00a02345\u202f6789", "+49 151 2345 6789 ext. 5",
    "tel:+4915123456789", "tel:0151 23456789", "p:+4915123456789", "+49\u201115123456789",
    "+49151234567é", "＋4915123456789", "+٤٩15123456789", "+4915123456789\n",
    "4915123456789.0", "+33612345678.0", "0612345678.0", "06 12 34 56 78", "0612345678", "(202) 555-0101",
    "202-555-0101", "33612345678", "00 33 6 12 34 56 78", "3.36123E+10", "'+447700900123", "0039612345678",
    "+49151\n23456789", "+4915123456789\0", "0049", "000491512345678", "-4915123456789",
    "493012345678", "49151234567", "+55987654321", "987654321", "030 12345678/79", "+49 30/1234567/8",
    "06/12/34/56/78", "0471/12.34.56", "'0151 23456789", "'06 12 34 56 78", "'+49 151 2345 6789 ", "'12",
    "''+447700900123", "'=+447700900123", "'-447700900123", "'(202) 555-0101", "'+33600000000", "'0600000000",
    "+33600000000", "+5511987654321", "+559033997614", "+8613912345678", "+86125608307615", "+541187654321",
    "+5422841568784", "+61412345678", "+611831410015", "+819012345678", "+3758218438603", "+352151261656",
)
# fmt: on
ODD: dict[str, Sequence[str]] = {
    "email": EMAILS,
    "ext_id": TEXTS,
    "text": TEXTS,
    "value": (*TEXTS, *NUMBERS, *BOOLEANS),
    "number": NUMBERS,
    "date": DATES,
    "boolean": BOOLEANS,
    "category": CATEGORIES,
    "multiple_choice": CHOICES,
    "phone": PHONES,
}
_OTHERS = tuple(cell for cells in ODD.values() for cell in cells if len(cell) < 300)


def odd_cells(kind: str, random: Random, count: int) -> list[str]:
    """Give odd cells of a kind: the known ones, some of other kinds, with blanks around, with a slip more."""
    cells = [*ODD[kind], *random.choices(_OTHERS, k=count // 4)]
    while len(cells) < count:
        cell = random.choice(ODD[kind])
        if len(cell) < 300:
            cells.append(_padded(cell, random) if random.random() < 0.5 else _mistyped(cell, random))
    return cells


def usual_cells(kind: str, random: Random, count: int) -> list[str]:
    """Give cells most of which are good."""
    make = _USUAL[kind]
    return [make(random) for _ in range(count)]


def _padded(cell: str, random: Random) -> str:
    return random.choice(BLANKS) + random.choice(BLANKS) + cell + random.choice(BLANKS)


def _mistyped(cell: str, random: Random) -> str:
    place = random.randrange(len(cell) + 1)
    slip: str = random.choice((*BLANKS, *'";\\.-@|0+\n\0é', "\u0301", "\u212a"))
    return cell[:place] + slip + cell[place + random.randrange(2) :]


def _digits(random: Random, most: int) -> str:
    return str(random.randrange(10 ** random.randint(1, most)))


def _email(random: Random) -> str:
    name, domain = random.choice(("anna", "Bob.b", "c-d", "e_f")), random.choice(("Example.com", "x-y.org"))
    return f"{name}{_digits(random, 5)}@{domain}"


def _text(random: Random) -> str:
    return f"{random.choice(NAMES)} {_digits(random, 4)}"


def _number(random: Random) -> str:
    sign = random.choice(("", "", "-"))
    whole = random.randrange(1, 10 ** random.randint(1, 12))
    return f"{sign}{whole}" if random.random() < 0.5 else f"{sign}{whole % 10**8}.{random.randrange(10**6)}"


def _date(random: Random) -> str:
    day = f"{random.randint(1900, 2030)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    return day if random.random() < 0.8 else f"{day}T{random.randrange(24):02}:30:00Z"


def _phone(random: Random) -> str:
    code, length = random.choice(
        (("+49151", 8), ("+447700", 6), ("+1202555", 4), ("+33612", 6), ("+8190", 8))
    )
    return code + "".join(random.choices("0123456789", k=length))


_USUAL: dict[str, Callable[[Random], str]] = {
    "email": _email,
    "ext_id": lambda random: f"C-{_digits(random, 6)}",
    "text": _text,
    "value": _text,
    "number": _number,
    "date": _date,
    "boolean": lambda random: random.choice(("yes", "No", "1", "0", "TRUE", "false")),
    "category": lambda random: random.choice((*LABELS, "de", "Fr")),
    "multiple_choice": lambda random: "|".join(random.choices((*INTERESTS, "Books"), k=random.randint(1, 3))),
    "phone": _phone,
}
