"""A contacts file of any length, the same one each time: invented people at example.com."""

from __future__ import annotations

from pathlib import Path

COUNTRIES = ("DE", "FR", "GB", "IN", "US", "ES", "IT", "NL")
INTERESTS = ("books", "music|sports", "travel", "food|books|travel", "")
FIRST = ("Ada", "Björn", "Chloé", "Dmitri", "Élise", "Farid", "Gül", "Hana", "Ines", "Jürgen")
LAST = ("Novák", "Müller", "O'Neill", "de la Cruz", "Smith, Jr.", "Okafor", "Sørensen", "Tanaka")


def write_contacts(path: Path, rows: int) -> None:
    """Write a CSV of the sandbox's default attributes; one row in a hundred is bad, one in 200 comes twice.

    :param rows: data rows to write.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("email,ext_id,firstname,lastname,country,birthday,points,newsletter,interests\n")
        for number in range(rows):
            # The later of the two rows wins, and the same person keeps the same id of ours.
            person = number - 1 if number % 200 == 199 else number
            bad = number % 100 == 50
            file.write(
                f"{'no address' if bad else f'person.{person}@example.com'},C-{person:08},"
                f'{FIRST[number % 10]},"{LAST[number % 8]}",{COUNTRIES[number % 8]},'
                f"{1950 + number % 50}-{1 + number % 12:02}-{1 + number % 28:02},{number % 1000}.5,"
                f"{'yes' if number % 3 else 'no'},{INTERESTS[number % 5]}\n"
            )
