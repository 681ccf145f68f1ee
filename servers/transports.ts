/** The transports of a server beside UDP and TCP, and its name servers, from its command line. */

import { isNameServer } from "#sip/resolver/server-address.ts";
import type { StackOptions } from "#sip/stack.ts";
import { readPem } from "#sip/transport/pem.ts";
import { readPort } from "./process.ts";

/** As parseArgs takes them. */
export const TRANSPORT_OPTIONS = {
  certificate: { type: "string" },
  key: { type: "string" },
  ca: { type: "string" },
  "tls-port": { type: "string" },
  "ws-port": { type: "string" },
  "wss-port": { type: "string" },
  origin: { type: "string", multiple: true, default: [] as string[] },
  "name-server": { type: "string", multiple: true, default: [] as string[] },
} as const;

export const TRANSPORT_USAGE = `  --certificate FILE our certificate (PEM, with its chain), and --key FILE its key: then we listen for TLS, too
  --tls-port N       port for TLS (the one after --port)
  --ca FILE          authorities (PEM) trusted beside the system's; phones that show a certificate of theirs are believed
  --ws-port N        takes SIP over WebSocket there
  --wss-port N       takes SIP over secure WebSocket there; needs --certificate
  --origin URL       pages of this origin may speak SIP to us by WebSocket, no others; may be repeated
  --name-server IP   who is asked where a domain is, IP or IP:PORT, in place of the system's; may be repeated
`;

interface Values {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
  readonly "tls-port"?: string | undefined;
  readonly "ws-port"?: string | undefined;
  readonly "wss-port"?: string | undefined;
  readonly origin: readonly string[];
  readonly "name-server"?: readonly string[] | undefined;
}

type Transports = Pick<StackOptions, "tls" | "ca" | "ws" | "wss" | "origins" | "dns">;

/** Throws an Error whose message is one sentence about what is wrong with the words. */
export function readTransports(values: Values, sipPort: number): Transports {
  const { certificate, key, origin, "name-server": servers = [] } = values;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new Error("--certificate and --key belong together.");
  }
  for (const name of ["tls-port", "wss-port"] as const) {
    if (values[name] !== undefined && certificate === undefined) {
      throw new Error(`--${name} needs --certificate and --key.`);
    }
  }
  for (const one of origin) checkOrigin(one);
  const { pair, ca } = readPem(values);
  return {
    ...(pair && { tls: { ...pair, port: portOf(values, "tls-port") ?? nextPort(sipPort) } }),
    ...(ca !== undefined && { ca }),
    ...listener("ws", portOf(values, "ws-port")),
    ...listener("wss", portOf(values, "wss-port")),
    ...(origin.length > 0 && { origins: origin }),
    ...readNameServers(servers),
  };
}

function portOf(values: Values, name: "tls-port" | "ws-port" | "wss-port"): number | undefined {
  const text = values[name];
  return text === undefined ? undefined : readPort(text, name);
}

function nextPort(sipPort: number): number {
  return sipPort === 0 || sipPort === 65_535 ? 0 : sipPort + 1;
}

function listener(name: "ws" | "wss", port: number | undefined): Transports {
  return port === undefined ? {} : { [name]: { port } };
}

function readNameServers(servers: readonly string[]): Pick<StackOptions, "dns"> {
  const odd = servers.find((one) => !isNameServer(one));
  if (odd !== undefined) throw new Error(`--name-server ${odd} is not an address.`);
  return servers.length > 0 ? { dns: { servers } } : {};
}

function checkOrigin(text: string): void {
  if (URL.parse(text)?.origin !== text)
    throw new Error(`--origin ${text} is not an origin such as https://example.com.`);
}
