"""What has to hold of the list of components (SBOM) in an image, of which `tree` is the root."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME, VERSION = "(?:[a-z0-9.-]|%2B)+", "(?:[A-Za-z0-9.~-]|%2B|%3A)+"
PURL = re.compile(rf"pkg:deb/debian/{NAME}@{VERSION}\?arch=[a-z0-9]+&distro=debian-\d+&upstream={NAME}%40{VERSION}")
OURS = {"/etc/passwd", "/etc/group"}  # written by collect


def load(tree):
    return json.loads((tree / "usr/share/doc/thumbmill/sbom.cdx.json").read_text(encoding="utf-8"))


def places(component):
    return [place["location"] for place in component.get("evidence", {}).get("occurrences", [])]


def files(tree):
    """All that is somebody's work: not /usr/share/doc, which is about it."""
    found = {f"/{file.relative_to(tree)}" for file in tree.rglob("*") if file.is_file() and not file.is_symlink()}
    return {file for file in found if not file.startswith(("/usr/share/doc/", "/data/"))} - OURS


def faults_of_library(tree, component):
    name = component["name"]
    if not PURL.fullmatch(component["purl"]) or component["bom-ref"] != component["purl"]:
        yield f"{name}: no address of a Debian package: {component['purl']}"
    (licence,) = component["licenses"]
    terms = tree / licence["license"]["url"].removeprefix("file:///")
    if not terms.is_file() or terms.stat().st_size == 0:
        yield f"{name}: {terms} is not there"
    part = {one["name"]: one["value"] for one in component["properties"]}["thumbmill:part"]
    if part != ("files" if places(component) else "compiled in"):
        yield f"{name}: is {part} with {len(places(component))} files"


def faults(tree):
    """What is wrong, in sentences."""
    document = load(tree)
    if (document["bomFormat"], document["specVersion"]) != ("CycloneDX", "1.5"):
        yield f"no CycloneDX 1.5: {document['bomFormat']} {document['specVersion']}"
    application, *libraries = document["components"]
    version = (ROOT / "VERSION").read_text(encoding="ascii").strip()
    for component in (application, document["metadata"]["component"]):
        if (component["name"], component["version"]) != ("thumbmill", version):
            yield f"not ours: {component['name']} {component['version']}"
    references = [component["bom-ref"] for component in document["components"]]
    for twice in {one for one in references if references.count(one) > 1}:
        yield f"{twice} is there more than once"
    for component in libraries:
        yield from faults_of_library(tree, component)
    listed = [place for component in document["components"] for place in places(component)]
    yield from (f"{file} is in the image, and of no component" for file in sorted(files(tree) - set(listed)))
    yield from (f"{file} is not in the image" for file in sorted(set(listed) - files(tree)))
    if len(listed) != len(set(listed)):
        yield "a file is of two components"
