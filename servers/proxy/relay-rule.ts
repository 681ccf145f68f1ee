/** Who may have requests forwarded to other domains: the machines beside us, and dialogs we already carry. */

import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Hop, Transport } from "#sip/message.ts";
import { remembering } from "#sip/remember.ts";

/** Whether an address is in a network that this one of ours is in, or loopback: whoever is there may call the world through us. */
export function neighbourhood(own: string): (address: string) => boolean {
  const list = neighbours(own);
  const look = remembering((address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4"));
  return (address) => look(address) === true;
}

function neighbours(address: string): BlockList {
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addAddress("::1", "ipv6");
  const all = address === "0.0.0.0" || address === "::";
  for (const own of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])) {
    const prefix = Number(own.cidr?.split("/")[1]);
    const family = own.family === "IPv6" ? "ipv6" : "ipv4";
    if ((all || own.address === address) && Number.isInteger(prefix))
      list.addSubnet(own.address, prefix, family);
  }
  return list;
}

/** What a Route of ours says: that the dialog is ours, and over which flow one of its ends is reached. */
export interface Marked {
  readonly flow?: Hop;
  /** It is of a Path: a phone that registered elsewhere through us is to be reached over its flow, and nobody else. */
  readonly registered?: boolean;
}

/** In place of a Call-ID, which never has a line end. */
const PATH = "\n";

/** Bytes of the keyed hash, in hexadecimal digits. */
const HASH_DIGITS = 20;
const TRANSPORTS: readonly Transport[] = ["UDP", "TCP", "TLS", "WS", "WSS"];

/**
 * Marks the dialogs that were begun through us, and the flows of their ends, without remembering them: a keyed hash of
 * the Call-ID and the flow token of RFC 5626 §5.2.
 */
export class DialogMark {
  readonly #key = randomBytes(16).toString("hex");

  /** The user part of our Record-Route in this dialog, on the side of the end that is reached over `flow`. */
  of(callId: string, flow?: Hop): string {
    const token = flow ? Buffer.from(JSON.stringify(flow)).toString("base64url") : "";
    return this.#hash(callId, token) + token;
  }

  /** The user part of our Path for a phone that registers elsewhere over this flow (RFC 5626 §5.1). */
  ofPath(flow: Hop): string {
    return this.of(PATH, flow);
  }

  /** What a Route says that came from a Record-Route of ours in this dialog, or a Path of ours; undefined when it did not. */
  read(callId: string, mark: string | undefined): Marked | undefined {
    if (mark === undefined || mark.length < HASH_DIGITS) return undefined;
    const inDialog = this.#read(callId, mark);
    const inPath = inDialog ? undefined : this.#read(PATH, mark);
    return inPath ? { ...inPath, registered: true } : inDialog;
  }

  #read(callId: string, mark: string): Marked | undefined {
    const token = mark.slice(HASH_DIGITS);
    const expected = Buffer.from(this.#hash(callId, token));
    const given = Buffer.from(mark.slice(0, HASH_DIGITS));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const flow = readFlow(token);
    return flow ? { flow } : {};
  }

  /** Cut short, so that nobody can go on from it to the hash of a longer text. */
  #hash(callId: string, token: string): string {
    return hash("sha256", `${this.#key}\n${callId}\n${token}`).slice(0, HASH_DIGITS);
  }
}

function readFlow(token: string): Hop | undefined {
  if (token === "") return undefined;
  try {
    const flow: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return isHop(flow) ? flow : undefined;
  } catch {
    return undefined;
  }
}

function isHop(value: unknown): value is Hop {
  if (typeof value !== "object" || value === null) return false;
  const { protocol, address, port } = value as Partial<Record<keyof Hop, unknown>>;
  const known = TRANSPORTS.some((one) => one === protocol);
  return known && typeof address === "string" && typeof port === "number";
}
