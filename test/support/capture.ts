/** Reads a pcapng capture of raw IP packets as Wireshark does, checksums and all. */
import assert from "node:assert/strict";

export interface CapturedPacket {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly comment: string;
  /** Lengths and checksums are right. */
  readonly sound: boolean;
}

/** Every packet of the file; throws when a block is not whole. */
export function readCapture(file: Buffer): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  for (let at = 0; at < file.length; ) {
    const [type, length] = [file.readUInt32LE(at), file.readUInt32LE(at + 4)];
    assert.equal(file.readUInt32LE(at + length - 4), length, "a block is as long at its end as at its begin");
    if (at === 0) assert.deepEqual([type, file.readUInt32LE(8)], [0x0a0d0d0a, 0x1a2b3c4d]);
    if (type === 1) assert.equal(file.readUInt16LE(at + 8), 101, "packets begin with their IP header");
    if (type === 6) packets.push(readPacket(file.subarray(at + 8, at + length - 4)));
    at += length;
  }
  return packets;
}

function readPacket(body: Buffer): CapturedPacket {
  const length = body.readUInt32LE(12);
  const ip = body.subarray(20, 20 + length);
  const six = (ip[0] ?? 0) >> 4 === 6;
  const addresses = six ? ip.subarray(8, 40) : ip.subarray(12, 20);
  const udp = ip.subarray(six ? 40 : 20);
  const pseudo = Buffer.concat([addresses, Buffer.from([0, 0, 0, 17]), Buffer.alloc(4), udp]);
  pseudo.writeUInt32BE(udp.length, addresses.length + 4);
  const lengths = udp.readUInt16BE(4) === udp.length && (six || ip.readUInt16BE(2) === ip.length);
  const half = addresses.length / 2;
  return {
    from: `${written(addresses.subarray(0, half))}:${udp.readUInt16BE(0)}`,
    to: `${written(addresses.subarray(half))}:${udp.readUInt16BE(2)}`,
    text: udp.subarray(8).toString("utf8"),
    comment: commentOf(body.subarray(20 + Math.ceil(length / 4) * 4)),
    sound: lengths && sum(pseudo) === 0xffff && (six || sum(ip.subarray(0, 20)) === 0xffff),
  };
}

/** A sum with its own checksum in it is all ones. */
function sum(bytes: Buffer): number {
  let total = 0;
  for (const [at, byte] of bytes.entries()) total += at % 2 ? byte : byte << 8;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

function written(address: Buffer): string {
  if (address.length === 4) return address.join(".");
  return `[${address.toString("hex").replace(/(.{4})(?!$)/g, "$1:")}]`;
}

function commentOf(options: Buffer): string {
  return options.readUInt16LE(0) === 1 ? options.subarray(4, 4 + options.readUInt16LE(2)).toString() : "";
}
