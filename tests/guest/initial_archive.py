"""A cpio archive (newc) as the bundled kernel takes it for its first file system."""


def newc(entries):
    """entries: (path without leading slash, mode, bytes). The same entries give the same bytes."""
    archive = bytearray()
    trailer = ("TRAILER!!!", 0, b"")
    for inode, (path, mode, data) in enumerate([*entries, trailer], start=1):
        name = path.encode() + b"\0"
        links = 2 if mode & 0o170000 == 0o040000 else 1
        fields = [inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name), 0]
        archive += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(data) % 4)
    return bytes(archive)


def program_archive(program_path, program_bytes, arguments):
    """The file system for one program: it, and its arguments (NUL-separated) in /.hartbeat/argv."""
    directory, regular = 0o040755, 0o100000
    argv = b"".join(word.encode() + b"\0" for word in [program_path, *arguments])
    return newc([
        ("bin", directory, b""),
        ("tmp", 0o041777, b""),
        (".hartbeat", directory, b""),
        (program_path.lstrip("/"), regular | 0o755, program_bytes),
        (".hartbeat/argv", regular | 0o644, argv),
    ])
