/** The address of a name server, as it stands in a configuration or on a command line. */
import { isIPv4, isIPv6 } from "node:net";
import { bareHost, parseHostPort } from "../uri.ts";

/** Whether `text` is `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. */
export function isNameServer(text: string): boolean {
  if (isIPv4(text) || isIPv6(text)) return true;
  const host = bareHost(parseHostPort(text)?.host ?? "");
  return isIPv4(host) || isIPv6(host);
}
