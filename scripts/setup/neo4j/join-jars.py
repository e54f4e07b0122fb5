#!/usr/bin/env python3
"""join-jars.py <directory of jars> <joined jar> <jar>: all jars of a directory as one, with the versions that <jar> names.

Neo4j has more than two hundred jars, and looks for a service in each of them some hundred times while it starts: with one
jar it starts in two thirds of the time. Classes stay as they are. What stands in several jars is joined where it lists
something (services, plugins of Log4j) and taken from the first otherwise, as the class loader would.
"""
import struct
import sys
import zipfile
from io import BytesIO
from pathlib import Path

MANIFEST = "META-INF/MANIFEST.MF"
SERVICES = "META-INF/services/"
VERSIONS = "META-INF/versions/"
PLUGINS = "META-INF/org/apache/logging/log4j/core/config/plugins/Log4j2Plugins.dat"


def main_attributes(jar):
    """Of the manifest, by name; long lines go on in the next one after a blank."""
    if MANIFEST not in jar.namelist():
        return {}
    lines = jar.read(MANIFEST).decode().replace("\r\n", "\n").replace("\n ", "").split("\n\n")[0].split("\n")
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def is_left_out(name, several_releases):
    """Directories, descriptions of modules, signatures of the single jars, classes that no Java would look at."""
    if name.endswith(("/", "module-info.class", ".SF", ".RSA", ".DSA")) or name in (MANIFEST, "META-INF/INDEX.LIST"):
        return True
    return name.startswith(VERSIONS) and not several_releases


def read_plugins(content, plugins):
    """Adds what Log4j's PluginCache wrote: categories, each with its plugins, texts as DataOutputStream writes them."""
    stream = BytesIO(content)
    number = lambda: struct.unpack(">i", stream.read(4))[0]
    text = lambda: stream.read(struct.unpack(">H", stream.read(2))[0])
    for _ in range(number()):
        category = plugins.setdefault(text(), [])
        for _ in range(number()):
            category.append((text(), text(), text(), stream.read(2)))


def write_plugins(plugins):
    text = lambda value: struct.pack(">H", len(value)) + value
    content = struct.pack(">i", len(plugins))
    for category, members in plugins.items():
        content += text(category) + struct.pack(">i", len(members))
        content += b"".join(text(key) + text(kind) + text(name) + flags for key, kind, name, flags in members)
    return content


def join(directory, joined, versions_of):
    written, services, plugins = set(), {}, {}

    def write(name, content):
        entry = zipfile.ZipInfo(name)  # of no time: the same jars give the same bytes
        entry.compress_type = zipfile.ZIP_DEFLATED
        joined.writestr(entry, content)
        written.add(name)

    with zipfile.ZipFile(directory / versions_of) as jar:
        named = {name: value for name, value in main_attributes(jar).items() if name.startswith(("Implementation-", "Specification-"))}
    attributes = {"Manifest-Version": "1.0", "Multi-Release": "true", **named}
    write(MANIFEST, "".join(f"{name}: {value}\r\n" for name, value in attributes.items()) + "\r\n")
    for path in sorted(directory.glob("*.jar")):
        with zipfile.ZipFile(path) as jar:
            several_releases = main_attributes(jar).get("Multi-Release", "").strip().lower() == "true"
            for name in jar.namelist():
                if is_left_out(name, several_releases) or name in written:
                    continue
                if name.startswith(SERVICES):
                    services.setdefault(name, []).append(jar.read(name))
                elif name == PLUGINS:
                    read_plugins(jar.read(name), plugins)
                else:
                    write(name, jar.read(name))
    for name, parts in services.items():
        write(name, b"\n".join(parts) + b"\n")
    write(PLUGINS, write_plugins(plugins))


if __name__ == "__main__":
    with zipfile.ZipFile(sys.argv[2], "x") as output:
        join(Path(sys.argv[1]), output, sys.argv[3])
