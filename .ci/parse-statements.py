"""Parses golden SQL files by sqlfluff's grammar of Amazon Redshift, statement by statement.

Usage: parse-statements.py FOLDER. Fails on a statement that does not parse and is not listed in
FOLDER/not-parsed-by-sqlfluff.md for this version of sqlfluff, and on a listed one that parses.
"""

import concurrent.futures
import pathlib
import re
import sys
import time

import sqlfluff
from sqlfluff.core import FluffConfig, Linter

# Which Redshift lacks: a parser that lets one of them through is no witness.
KNOWN_BAD = (
    "insert into users (user_id) values ($1) on conflict do nothing",
    "insert into users (user_id) values ($1) returning user_id",
    "create table numbers (number serial)",
    "select extra::jsonb from staging.events",
    "create table numbers (number integer) diststyle scattered",
)
CONFIG = {"dialect": "redshift", "templater": "raw", "large_file_skip_byte_limit": 0}


def unparsed(statement):
    """What does not parse in a statement, as messages."""
    # A parameter stands where a value does, and sqlfluff knows of values only.
    valued = re.sub(r"\$(\d+)", r"\1", statement)
    linter = Linter(config=FluffConfig(configs={"core": CONFIG}))
    return [error.desc() for error in linter.parse_string(f"{valued};\n").violations]


def statements_of(text):
    """The statements of a golden file, each with its first line."""
    line = 1
    for piece in re.split(r"(?<=;)\n\n|(?<=;)\n$", text):
        statement = re.sub(r"\A(--.*\n+)+", "", piece) if line == 1 else piece
        if statement.strip():
            yield line + piece[: len(piece) - len(statement)].count("\n"), statement.rstrip().removesuffix(";")
        line += piece.count("\n") + 2


def gaps_of(text):
    """The fragments that this version of sqlfluff is known not to parse."""
    for section in re.split(r"^## sqlfluff ", text, flags=re.M)[1:]:
        version, rest = section.split("\n", 1)
        if version.strip() == sqlfluff.__version__:
            return re.findall(r"```sql\n(.*?)\n```", rest, re.S)
    return []


def main(folder):
    for statement in KNOWN_BAD:
        if not unparsed(statement):
            sys.exit(f"sqlfluff lets through what it must refuse: {statement}")
    listed = folder / "not-parsed-by-sqlfluff.md"
    expected = gaps_of(listed.read_text())
    found = [(path.name, *one) for path in sorted(folder.glob("*.sql")) for one in statements_of(path.read_text())]
    if not found:
        sys.exit(f"{folder} holds no statements.")
    began = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        results = list(pool.map(unparsed, [statement for _, _, statement in found]))
    faults = 0
    for (name, line, statement), messages in zip(found, results):
        is_listed = any(gap in statement for gap in expected)
        if bool(messages) == is_listed:
            continue
        faults += 1
        print(f"{name}:{line}: {'; '.join(messages) or 'is listed as not parsed, but parses'}\n{statement[:300]}\n")
    unused = [gap for gap in expected if not any(gap in statement for _, _, statement in found)]
    for gap in unused:
        print(f"{listed.name} lists what is in no statement: {gap}")
    print(
        f"sqlfluff {sqlfluff.__version__}, its grammar of Redshift: {sum(not messages for messages in results)} of {len(found)} statements parse, "
        f"{len(expected)} gaps are listed, {faults} statements are not as expected; {time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if faults or unused else 0)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
