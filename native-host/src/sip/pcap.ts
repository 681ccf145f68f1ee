/**
 * Messages as a capture that Wireshark reads: pcapng with raw IP packets. Whatever carried a message, here it is one UDP
 * datagram, for TLS and WebSocket would hide it; a comment says what it really was.
 */
import { isIPv6 } from "node:net";
import type { Address, Traced } from "./trace.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** LINKTYPE_RAW: the packet begins with its IPv4 or IPv6 header. */
const RAW_IP = 101;

const OPTION_END = 0;
const OPTION_COMMENT = 1;
const OPTION_FLAGS = 2;
const OPTION_APPLICATION = 4;
/** epb_flags: which way the packet went. */
const WAY = { in: 1, out: 2 } as const;

const UDP = 17;
const UDP_HEADER_BYTES = 8;
const HOPS = 64;

/** What a capture file begins with. */
export function captureStart(application: string): Buffer {
  const version = Buffer.alloc(16);
  version.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  version.writeUInt16LE(1, 4);
  version.writeBigInt64LE(-1n, 8);
  const link = Buffer.alloc(8);
  link.writeUInt16LE(RAW_IP, 0);
  const options = [option(OPTION_APPLICATION, Buffer.from(application)), option(OPTION_END)];
  return Buffer.concat([block(SECTION_HEADER, version, ...options), block(INTERFACE_DESCRIPTION, link)]);
}

/** One message as the packet that follows. */
export function capturedPacket(traced: Traced): Buffer {
  const packet = ipPacket(traced);
  const head = Buffer.alloc(20);
  const micros = BigInt(traced.at.getTime()) * 1000n;
  head.writeUInt32LE(Number(micros >> 32n), 4);
  head.writeUInt32LE(Number(micros & 0xffffffffn), 8);
  head.writeUInt32LE(packet.length, 12);
  head.writeUInt32LE(packet.length, 16);
  const way = Buffer.alloc(4);
  way.writeUInt32LE(WAY[traced.direction]);
  const comment = option(OPTION_COMMENT, Buffer.from(`over ${traced.transport}`));
  return block(ENHANCED_PACKET, head, padded(packet), comment, option(OPTION_FLAGS, way), option(OPTION_END));
}

function block(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length + 12;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(length, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(length);
  return Buffer.concat([head, body, tail]);
}

function option(code: number, value: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return padded(Buffer.concat([head, value]));
}

/** Filled up to whole words of 32 bits. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function ipPacket({ direction, local, peer, bytes }: Traced): Buffer {
  const [from, to] = direction === "out" ? [local, peer] : [peer, local];
  const six = isIPv6(from.address) || isIPv6(to.address);
  const [source, target] = [from, to].map(({ address }) => addressBytes(address, six)) as [Buffer, Buffer];
  const datagram = udpDatagram({ from, to, source, target }, bytes);
  return Buffer.concat([ipHeader(source, target, datagram.length), datagram]);
}

interface Way {
  readonly from: Address;
  readonly to: Address;
  readonly source: Buffer;
  readonly target: Buffer;
}

/** RFC 768; its checksum covers the addresses too. */
function udpDatagram({ from, to, source, target }: Way, bytes: Uint8Array): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(UDP_HEADER_BYTES), bytes]);
  datagram.writeUInt16BE(from.port, 0);
  datagram.writeUInt16BE(to.port, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(datagram.length, 0);
  pseudo[7] = UDP;
  const sum = checksum(Buffer.concat([source, target, pseudo, datagram]));
  // Zero would mean that there is none.
  datagram.writeUInt16BE(sum || 0xffff, 6);
  return datagram;
}

/** RFC 791 or RFC 8200, by the length of the addresses. */
function ipHeader(source: Buffer, target: Buffer, length: number): Buffer {
  if (source.length === 16) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(length, 4);
    header[6] = UDP;
    header[7] = HOPS;
    return Buffer.concat([header, source, target]);
  }
  const header = Buffer.concat([Buffer.alloc(12), source, target]);
  header[0] = 0x45;
  header.writeUInt16BE(header.length + length, 2);
  header[8] = HOPS;
  header[9] = UDP;
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A literal address in network order; an IPv4 one among IPv6 ones is mapped (RFC 4291 §2.5.5.2). */
function addressBytes(literal: string, six: boolean): Buffer {
  if (!isIPv6(literal)) {
    const four = Buffer.from(literal.split(".").map(Number));
    return six ? Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), four]) : four;
  }
  const [plain = ""] = literal.split("%");
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const words = dotted ? `${dotted[1]}${hexWords(dotted.slice(2).map(Number))}` : plain;
  const [before = "", after] = words.split("::");
  const head = groups(before);
  const tail = groups(after ?? "");
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  const all = Buffer.alloc(16);
  for (const [at, word] of [...head, ...zeros, ...tail].entries()) all.writeUInt16BE(word, 2 * at);
  return all;
}

function hexWords([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string {
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
}
