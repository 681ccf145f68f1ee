/** Addresses of this machine and of peers, as SIP says them. */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** Whether a socket bound to `host` takes packets to any address of this machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

const MAPPED = "::ffff:";

/** An IPv4 peer of an IPv6 socket by its own address (RFC 4291 §2.5.5.2). */
export function unmapped(address: string): string {
  return address.startsWith(MAPPED) && address.includes(".") ? address.slice(MAPPED.length) : address;
}

/** The same peer as an IPv6 socket knows it. */
export function mapped(address: string): string {
  return isIPv6(address) ? address : MAPPED + address;
}

/** An address of this machine that others can reach, of the family of `like`; loopback when there is no other. */
export function ownAddress(like: string): string {
  const family = isIPv6(like) ? "IPv6" : "IPv4";
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.find(
    (one) => one.family === family && !one.internal && !one.address.startsWith("fe80"),
  );
  return outside?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1");
}
