"""Names, sizes and times of every file in a folder, and nothing else: the least that finding edits can cost.

python benchmarks/bare_scan.py FOLDER
"""

import os
import sys


def scan(folder: str) -> list[tuple[str, int, int]]:
    """Path, size and time of every file below a folder."""
    found: list[tuple[str, int, int]] = []
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as listing:
            for entry in listing:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    stat = entry.stat(follow_symlinks=False)
                    found.append((entry.path, stat.st_size, stat.st_mtime_ns))
    return found


if __name__ == "__main__":
    print(len(scan(sys.argv[1])))
