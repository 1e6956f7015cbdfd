"""Contact files as people have them: CSV of any kind, XLSX, vCards, and what address books export.

How it works. A file is first told apart by what it begins with, never by its name: a workbook (`workbooks.py`), vCards
(`cards.py`), or a text whose cells are divided by something (`texts.py`). Each is a table to the rest: rows of cells,
with the number that a spreadsheet shows beside them. What the columns mean is decided once, from the headings and the
first rows (`columns.py`, `headings.py`), and can be said by the caller. Then rows are read one after the other
(`reading.py`): a million of them take no more memory than a hundred.

Numbers stay as they are written; what they mean is for `numbers`, and for whoever knows the region.
"""

from heliograph.contactfiles.columns import Column
from heliograph.contactfiles.reading import LARGEST_FILE, ContactFile, Entry, open_contacts
from heliograph.contactfiles.tables import Format

__all__ = ["LARGEST_FILE", "Column", "ContactFile", "Entry", "Format", "open_contacts"]
