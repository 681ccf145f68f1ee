/** Who may have requests forwarded to other domains: the machines beside us, and dialogs we already carry. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** The networks that this address of ours is in, and loopback: whoever is there may call the world through us. */
export function neighbours(address: string): BlockList {
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

export function isNeighbour(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Marks the dialogs that were begun through us, without remembering them: a keyed hash of the Call-ID. */
export class DialogMark {
  readonly #key = randomBytes(16);

  /** The user part of our Record-Route in this dialog. */
  of(callId: string): string {
    return createHmac("sha256", this.#key).update(callId).digest("hex").slice(0, 20);
  }

  /** Whether a Route came from a Record-Route of ours in this dialog. */
  matches(callId: string, mark: string | undefined): boolean {
    const expected = Buffer.from(this.of(callId));
    const given = Buffer.from(mark ?? "");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
