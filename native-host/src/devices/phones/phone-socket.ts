/** A connection to a phone's web server: TCP, or TLS with the phone's own certificate pinned or signed by a known authority. */

import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { ServiceError } from "../../errors.ts";
import { bareHost } from "../../sip/uri.ts";

const CONNECT_MS = 3000;

export interface PhoneAddress {
  readonly id: string;
  /** `http:` or `https:`, host and port. */
  readonly url: URL;
  /** PEM of the authority that signed the phone's certificate; the system's when missing. */
  readonly ca?: string;
  /** SHA-256 of the phone's certificate, hex with or without colons: trusted whatever else it says. */
  readonly fingerprint?: string;
  readonly connectMs?: number;
  /** Nothing will be said: whoever it is may answer. */
  readonly trusted?: boolean;
}

/** Resolves when a request may be written. Throws ServiceError `device-offline`, `device-refused` or `cancelled`. */
export async function openPhoneSocket(phone: PhoneAddress, signal: AbortSignal): Promise<Socket> {
  const secure = phone.url.protocol === "https:";
  const socket = secure ? tlsSocket(phone) : connect(placeOf(phone.url));
  // Whoever waits hears of it too; without this it would end the process.
  socket.on("error", () => undefined);
  try {
    await connected(socket, { event: secure ? "secureConnect" : "connect", phone, signal });
    if (secure && !phone.trusted) checkCertificate(socket as TLSSocket, phone);
    return socket;
  } catch (cause) {
    socket.destroy();
    throw cause;
  }
}

function placeOf({ hostname, port, protocol }: URL): { host: string; port: number } {
  return { host: bareHost(hostname), port: Number(port) || (protocol === "https:" ? 443 : 80) };
}

/** Judged by us when it is connected: the fingerprint of a stranger is worth telling. */
function tlsSocket({ url, ca }: PhoneAddress): TLSSocket {
  const { host, port } = placeOf(url);
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...name, ...(ca !== undefined && { ca }), rejectUnauthorized: false });
}

interface Awaited {
  readonly event: string;
  readonly phone: PhoneAddress;
  readonly signal: AbortSignal;
}

async function connected(socket: Socket, { event, phone, signal }: Awaited): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const offline = (cause?: unknown) => reject(failure(phone.id, cause));
  const cancelled = () => reject(new ServiceError("cancelled", []));
  const clock = setTimeout(offline, phone.connectMs ?? CONNECT_MS);
  socket.once(event, resolve);
  socket.once("error", offline);
  socket.once("close", () => offline());
  signal.addEventListener("abort", cancelled, { once: true });
  if (signal.aborted) cancelled();
  try {
    await promise;
  } finally {
    clearTimeout(clock);
    signal.removeEventListener("abort", cancelled);
  }
}

/** Somebody is there, but no TLS of today: many phones stop at 1.0, or have it switched off. */
function failure(id: string, cause: unknown): ServiceError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (!/^(EPROTO|ERR_SSL_|ERR_TLS_)/.test(code)) return new ServiceError("device-offline", [id], { cause });
  const why = 'it does not speak https of today there; update its firmware, or use http in "url"';
  return new ServiceError("device-refused", [id, why], { cause });
}

function checkCertificate(socket: TLSSocket, { id, fingerprint }: PhoneAddress): void {
  const seen = socket.getPeerCertificate().fingerprint256;
  if (fingerprint === undefined ? socket.authorized : bare(seen) === bare(fingerprint)) return;
  const why =
    fingerprint === undefined
      ? `its certificate is its own; if the phone shows the fingerprint ${seen}, write that into "fingerprint"`
      : `its certificate is not the one of "fingerprint" but ${seen}; somebody else may answer in its place`;
  throw new ServiceError("device-refused", [id, why], { cause: socket.authorizationError });
}

function bare(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}
