"""Images whose headers lie, and forms that ask for more than anybody needs."""

import json
import struct
import time
import zlib

from target import chunk, png

REFUSED = {"too_large", "corrupt_input", "unsupported"}
MOST_GROWTH_KB = 300_000  # of all processes together, for one image


def lying_images():
    """Each says that it is small, and holds 20,000 x 20,000 pixels, or the other way round."""
    huge = 20_000
    rows = zlib.compress(bytes(100_000), 9)
    yield "PNG, data for one row of 20,000", png(huge, huge, rows)
    yield "PNG bomb", png(huge, huge, zlib.compress(bytes((1 + huge) * 2000), 9))
    inner = png(huge, huge, rows)
    yield "ICO of 16 x 16 around that PNG", (struct.pack("<HHH", 0, 1, 1)
                                             + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner)
    lzw = b"\x02\x16" + bytes(22) + b"\x00;"
    yield "GIF of 64 x 64, a frame of 20,000 x 20,000", gif(64, huge, lzw)
    yield "GIF of 65,535 x 65,535", gif(65535, 1, b"\x02\x02\x44\x01\x00;")
    info = struct.pack("<IiiHHIIiiII", 40, huge, huge, 1, 24, 0, 0, 0, 0, 0, 0)
    yield "BMP, 40 bytes for 20,000 x 20,000", b"BM" + struct.pack("<IHHI", 94, 0, 0, 54) + info + bytes(40)
    yield "PNM, 10 bytes for 20,000 x 20,000", b"P6 20000 20000 255\n" + bytes(10)
    tga = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60000, 60000, 24, 0)
    yield "TGA, 10 bytes for 60,000 x 60,000", tga + bytes(10)
    yield "PSD, 10 bytes for 20,000 x 20,000", (b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, huge, huge, 8, 3) + bytes(12)
                                                + struct.pack(">H", 0) + bytes(10))
    tags = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1),
            (322, 4, 1, 65536), (323, 4, 1, 65536), (324, 4, 1, 8), (325, 4, 1, 100)]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    yield "TIFF of 64 x 64 in one tile of 65,536 x 65,536", b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4)
    frame = b"VP8L" + struct.pack("<I", 6) + b"/" + struct.pack("<I", 16383 | 16383 << 14) + b"\0"
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([0, 0, 0, 0]) + (63).to_bytes(3, "little") * 2 + frame
    yield "WebP of 64 x 64, a frame of 16,384 x 16,384", b"RIFF" + struct.pack("<I", len(body)) + body
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(64)
    yield "JPEG with two sizes", b"\xff\xd8" + frame_header(64) + frame_header(65500) + scan + b"\xff\xd9"
    yield "PNG, a profile of 50 MB", (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
                                      + chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(50_000_000), 9))
                                      + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


def gif(screen, frame, codes):
    return (b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + bytes(6) + b","
            + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + codes)


def frame_header(side):
    return b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, side, side, 1) + b"\x01\x11\x00"


def images_that_lie(target):
    """Small files whose declared size is not the coded one: each ends in time, and none in gigabytes."""
    target.start("--workers", "1")
    assert target.outcome(png()) == "done", "a good image failed"
    before, most, ends = target.resident_kb(), 0, []
    for name, image in lying_images():
        began = time.monotonic()
        with target.peak_kb() as peak:
            end = target.outcome(image)
        assert end in REFUSED | {"done"}, f"{name}: {end}"
        grown = peak.kb - before
        assert grown < MOST_GROWTH_KB, f"{name}: {grown} kB more"
        most = max(most, grown)
        ends.append(end)
        assert time.monotonic() - began < 20, f"{name}: took {time.monotonic() - began:.0f} s"
    counts = ", ".join(f"{ends.count(end)} {end}" for end in sorted(set(ends)))
    return f"{len(ends)} images: {counts}; at most {most} kB more resident"


def avif_that_lies(target):
    """An AVIF of 2,048 x 2,048 whose boxes say 64 x 64, where 1,000,000 pixels are allowed."""
    side = 2048
    target.start("--workers", "1")
    _, _, answer = target.ask("POST", f"/v1/images?wait=30&size={side}x{side}&enlarge=true&format=avif", png())
    honest = target.ask("GET", json.loads(answer)["renditions"][0]["url"])[2]
    target.service.stop()
    says = b"ispe" + bytes(4)
    lying = honest.replace(says + struct.pack(">II", side, side), says + struct.pack(">II", 64, 64))
    assert lying != honest, "the AVIF has no size to change"
    target.service.options = (*target.service.options, "--max-pixels", "1000000")
    target.service.start()
    for name, image in ("honest", honest), ("lying", lying):
        end = target.outcome(image)
        assert end == "too_large", f"the {name} one: {end}"
    return f"{len(lying)} bytes: too_large"


def post_form(target, files, query):
    """Status and body of the answer to a form of so many small files."""
    boundary = "b"
    part = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n").encode()
    form = b"".join(part + png() + b"\r\n" for _ in range(files)) + f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    status, _, answer = target.ask("POST", f"/v1/images{query}", form, Content_Type=kind)
    return status, answer


def one_form_for_all_workers(target):
    """32 small files in a form, each to be enlarged to 8,192 x 8,192 at the best quality: others' images are not held up."""
    target.start("--workers", "2")
    status, answer = post_form(target, 32, "?size=8192x8192&enlarge=true&fit=fill&format=webp&quality=100")
    began = time.monotonic()
    assert target.outcome(png()) == "done", "another caller's image failed"
    seconds = time.monotonic() - began
    assert seconds < 10, f"another caller's image took {seconds:.0f} s"
    code = json.loads(answer).get("code") if status >= 400 and answer.startswith(b"{") else status
    return f"the form: {code}; another caller's image took {seconds:.2f} s"


def expect_turn(target, files, query, most_before):
    """Another address's image waits for no more than so many files of a form of this one's."""
    status, answer = post_form(target, files, query)
    assert status == 202, answer
    assert target.outcome(png(), source="127.0.0.2") == "done", "another caller's image failed"
    images = [json.loads(target.ask("GET", f"/v1/images/{entry['id']}")[2]) for entry in json.loads(answer)]
    ended = sum(image["status"] in ("done", "failed") for image in images)
    assert ended <= most_before, f"{ended} of {files} files were done before another caller's image"
    return f"{ended} of {files} files were done before another caller's image"


def many_files_of_one_caller(target):
    """16 small files in a form, each enlarged as far as is allowed: the image of another address does not wait for them."""
    target.start("--workers", "2")
    return expect_turn(target, 16, "?size=4096x4096&enlarge=true&fit=fill&format=webp&quality=100", 8)


def memory_of_one_caller(target):
    """24 small files in a form, of which each takes nearly all memory to decode in: the image of another address does not wait
    for them."""
    target.start("--workers", "8", "--decoder-memory-budget", "1500MiB")
    return expect_turn(target, 24, "?size=3072x3072&enlarge=true&fit=fill&format=jxl", 8)


CASES = [images_that_lie, avif_that_lies, one_form_for_all_workers, many_files_of_one_caller, memory_of_one_caller]
