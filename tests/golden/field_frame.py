#!/usr/bin/env python3
"""The example frames of src/wire/FRAME.md, made from the page's words alone.

Standard library only and no code shared with the decoder, so that page, decoder and encoder can each be held
against it. Prints `name hex` lines: what stands between two delimiters on the wire.
"""
import binascii
import struct


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n):
    return varint(2 * n if n >= 0 else -2 * n - 1)


def option(value, encode):
    return b"\x00" if value is None else b"\x01" + encode(value)


def cobs(plain):
    out = bytearray()
    block = bytearray()
    for byte in plain:
        if byte == 0:
            out.append(len(block) + 1)
            out += block
            block.clear()
            continue
        block.append(byte)
        if len(block) == 254:
            out.append(255)
            out += block
            block.clear()
    out.append(len(block) + 1)
    out += block
    return bytes(out)


def frame(scan):
    return cobs(scan + struct.pack("<I", binascii.crc32(scan)))


def polar(range_cm, azimuth_mdeg, range_sigma_cm, azimuth_sigma_mdeg, elevation_mdeg, range_rate):
    rate = option(range_rate, lambda r: zigzag(r[0]) + varint(r[1]))
    return (b"\x00" + varint(range_cm) + varint(azimuth_mdeg) + varint(range_sigma_cm)
            + varint(azimuth_sigma_mdeg) + option(elevation_mdeg, zigzag) + rate)


def bearing(azimuth_mdeg, azimuth_sigma_mdeg):
    return b"\x01" + varint(azimuth_mdeg) + varint(azimuth_sigma_mdeg)


def position(lat_e7, lon_e7, altitude_dm, sigma_dm):
    return b"\x02" + zigzag(lat_e7) + zigzag(lon_e7) + option(altitude_dm, zigzag) + varint(sigma_dm)


def detection(offset_ms, snr_cdb, classes, measurement):
    said = option(classes, lambda c: bytes(c))
    return zigzag(offset_ms) + option(snr_cdb, zigzag) + said + measurement


def scan(boot, seq, time_us, pose, look, detections):
    return (b"\x01" + varint(boot) + varint(seq) + varint(time_us) + pose + look
            + varint(len(detections)) + b"".join(detections))


EXAMPLES = {
    "full": scan(
        3, 812, 1_767_225_600_100_000, b"\x00",
        b"\x01" + varint(80_000) + varint(140_000) + varint(0) + varint(150_000),
        [
            detection(400, 1275, (0, 80), polar(123_456, 111_100, 50, 300, -1_500, (-310, 25))),
            detection(-20, None, None, bearing(24_130, 200)),
            detection(0, None, (8, 90), position(-491_234_567, 691_234_567, 2_105, 60)),
        ]),
    "empty": scan(3, 813, 1_767_225_601_100_000, b"\x00", b"\x00", []),
    "mobile": scan(
        1, 7, 1_767_225_602_000_000,
        b"\x01" + zigzag(-491_000_000) + zigzag(692_000_000) + zigzag(40) + option(90_000, varint)
        + varint(15) + varint(500),
        b"\x02", [detection(0, None, None, polar(50_000, 359_999, 0, 0, None, None))]),
}

if __name__ == "__main__":
    for name, content in EXAMPLES.items():
        print(name, frame(content).hex())
